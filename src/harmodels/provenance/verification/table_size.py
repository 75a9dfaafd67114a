"""Bounds on the memory of a parquet file that somebody sent, before it is read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harmodels.errors import ResultsError
from harmodels.records.base import AGAIN

_TEXT_BYTES = 48  # that a text takes beside its characters once it is a Python object


def refuse_large_table(path: str | Path, most_bytes: int, columns: list[str] | None = None) -> None:
    """Refuse a parquet file that is damaged or whose columns take more than `most_bytes` of memory.

    Some kilobytes can hold millions of equal rows. The footer tells how many rows there are;
    texts and lists, whose lengths it does not tell, are counted in small batches.
    """
    try:
        with Path(path).open("rb") as stream:
            size = _least_size(pq.ParquetFile(stream), most_bytes, columns)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise ResultsError(f"cannot read {path}: {error}. {AGAIN}") from error
    if size > most_bytes:
        raise ResultsError(
            f"{path} takes at least {size / 2**20:,.0f} MiB of memory to read; "
            f"the most that one file may take here is {most_bytes / 2**20:,.0f} MiB"
        )


def _least_size(file: pq.ParquetFile, most_bytes: int, columns: list[str] | None) -> int:
    """Return the bytes of the columns in memory; once over `most_bytes`, a lower bound of them."""
    # nothing of a column's own metadata: Arrow ends the process where they are damaged
    footer = file.metadata
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    fields = [f for f in file.schema_arrow if columns is None or f.name in columns]
    texts = [f.name for f in fields if not pa.types.is_primitive(f.type)]
    widths = [_TEXT_BYTES if f.name in texts else f.type.bit_width // 8 for f in fields]
    size = sum(max(group.num_rows, 0) for group in groups) * sum(widths)
    if size > most_bytes or not groups or not texts:
        return size
    # no text is longer than all the file, so no batch takes more than `most_bytes`
    rows = most_bytes // max(1, *(group.total_byte_size for group in groups))
    for batch in file.iter_batches(batch_size=min(max(rows, 1), 1 << 16), columns=texts):
        size += batch.nbytes
        if size > most_bytes:
            break
    return size
