"""Which files hold the recordings of a user's own, and what their paths or a list say of them."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harmodels.data.dataset import FILE_KINDS
from harmodels.data.own_files import visible_files
from harmodels.data.reading.folder import is_zip
from harmodels.data.reading.source import tables_in
from harmodels.data.reading.table import Table
from harmodels.data.table_layout import TableLayout
from harmodels.errors import DataError
from harmodels.files import sha256
from harmodels.messages import listed, shown, unknown

FILE = "file"  # column of a list of recordings
ENDINGS = tuple(ending for ending in FILE_KINDS["table"] if not ending.startswith(".txt"))


@dataclass(frozen=True)
class Source:
    """A file of recordings."""

    path: Path
    name: str  # of the recording, within its folder and without ending; empty for a single file
    given: Mapping[str, str] = field(default_factory=dict)  # text by column, for all rows


@dataclass(frozen=True)
class Sources:
    """The files that are read, and why others are not."""

    read: list[Source]
    lists: list[Path]  # of labels or intervals
    unread: dict[str, str]  # why, by path within the folder
    same: dict[str, str]  # path → another of the same content, which is read


def find_sources(path: Path, layout: TableLayout, classes: Sequence[str]) -> Sources:
    """Return what is read of a file or folder.

    Raises DataError naming the file where a list or pattern fits no file, or two files of the same
    content have different labels.
    """
    folder = path if path.is_dir() else path.parent
    lists = {name: folder / name for name in (layout.label_file, layout.intervals) if name}
    for name, file in lists.items():
        if not file.is_file():
            raise DataError(f"{file} does not exist; {name} is named in `table` of the registry")
    unread: dict[str, str] = {}
    files = [file for file in visible_files(path) if file not in lists.values()]
    if path.is_file():
        read = [Source(path, "")]
    elif layout.files:
        read = list(_matching(files, path, layout.files, layout.label, classes, unread))
    elif layout.label_file:
        read = list(_listed(files, path, lists[layout.label_file], layout, unread))
    else:
        read = list(_tables(files, path, unread))
    if not read:
        raise DataError(
            f"{path} holds no file that is read: "
            + listed([f"{name} ({why})" for name, why in unread.items()], 3)
        )
    read, same = _once(read, path)
    return Sources(read, list(lists.values()), unread, same)


def pattern_of(files: str, label: str, classes: Iterable[str] = ()) -> re.Pattern[str]:
    """Return the regular expression of a pattern of paths, whose fields are its groups by number.

    A field takes as little as it can, but the name of a class as a whole; `*` is any text without
    a `/`, `**` any text, `?` a letter, and case does not matter.

    >>> pattern_of("{person}/{activity}-*.csv", "activity", ["up-stairs"]).fullmatch(
    ...     "Ann/Up-stairs-01.CSV").groups()
    ('Ann', 'Up-stairs')
    """
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    names = sorted((re.split(r"[\s_-]+", name) for name in classes), key=len, reverse=True)
    known = [r"[\s_-]+".join(map(re.escape, parts)) for parts in names]
    text = ""
    for part in re.split(r"(\{[^{}]*\}|\*\*/|\*\*|\*|\?)", files):
        if part.startswith("{"):
            own = known if part[1:-1] == label else []
            text += f"({'|'.join([*own, '[^/]+?'])})"
        else:
            text += forms.get(part, re.escape(part))
    return re.compile(text, re.IGNORECASE)


def fields_of(files: str) -> list[str]:
    """Return the names of the fields of a pattern of paths."""
    return re.findall(r"\{([^{}]*)\}", files)


def _plain_path(file: Path, folder: Path) -> str:
    return unicodedata.normalize("NFC", file.relative_to(folder).as_posix())


def _name(file: Path, folder: Path) -> str:
    name = file.relative_to(folder)
    while name.suffix.lower() in (".csv", ".tsv", ".txt", ".parquet", ".gz", ".bz2", ".xz", ".zip"):
        name = name.with_suffix("")
    return name.as_posix()


def _matching(
    files: list[Path],
    folder: Path,
    pattern: str,
    label: str,
    classes: Sequence[str],
    unread: dict[str, str],
) -> Iterator[Source]:
    form, fields = pattern_of(pattern, label, classes), fields_of(pattern)
    for file in _recordings(files, folder, lambda path: bool(form.fullmatch(path))):
        match = form.fullmatch(_plain_path(file, folder))
        if match is None:
            unread[_plain_path(file, folder)] = f"does not fit the pattern {pattern}"
            continue
        given = dict(zip(fields, (text.strip() for text in match.groups()), strict=True))
        yield Source(file, _name(file, folder), given)


def _recordings(files: list[Path], folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Return the files, and in the place of all that is in a folder that is wanted, the folder.

    That is the folder of an app, whose files are one recording.
    """
    found: dict[Path, None] = {}
    for file in files:
        above = [f for f in file.parents if f != folder and f.is_relative_to(folder)]
        found[next((f for f in above if wanted(_plain_path(f, folder))), file)] = None
    return list(found)


def is_of_app(path: Path) -> bool:
    """Return whether a path is a folder or a zip of several files."""
    return path.is_dir() or (is_zip(path) and len(tables_in(path)) > 1)


def _tables(files: list[Path], folder: Path, unread: dict[str, str]) -> Iterator[Source]:
    for file in files:
        if file.name.lower().endswith(ENDINGS):
            yield Source(file, _name(file, folder))
        else:
            unread[_plain_path(file, folder)] = f"ends in none of {', '.join(ENDINGS)}"


def _listed(
    files: list[Path], folder: Path, listing: Path, layout: TableLayout, unread: dict[str, str]
) -> Iterator[Source]:
    listed = {row[FILE].replace("\\", "/").rstrip("/") for _, row in rows_of(listing, [FILE])}
    files = _recordings(files, folder, lambda path: path in listed)
    by_name = {_name(file, folder): file for file in files}
    by_name |= {_plain_path(file, folder): file for file in files}
    found: dict[Path, Source] = {}
    for line, row in rows_of(listing, [FILE, layout.subject, layout.label]):
        written = row.pop(FILE)
        file = by_name.get(unicodedata.normalize("NFC", written.replace("\\", "/").rstrip("/")))
        if file is None:
            raise DataError(
                f"{listing}, line {line}: "
                + unknown("file", written, [_plain_path(file, folder) for file in files])
            )
        source = found.setdefault(file, Source(file, _name(file, folder), row))
        if source.given != row:
            raise DataError(
                f"{listing}, line {line}: {written} is listed twice, as {_said(source)} and "
                f"{_said(replace(source, given=row))}; keep one"
            )
    for file in files:
        if file not in found:
            unread[_plain_path(file, folder)] = f"is not in {listing.name}"
    yield from found.values()


def rows_of(file: Path, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and cells, as text by column, of a short table."""
    for batch in Table(file).batches(columns):
        cells = [batch.text(column) for column in columns]
        for line, *row in zip(batch.lines, *cells, strict=True):
            yield int(line), {name: str(cell) for name, cell in zip(columns, row, strict=True)}


def _once(sources: list[Source], folder: Path) -> tuple[list[Source], dict[str, str]]:
    """Return the sources without those whose content is that of an earlier one."""
    sizes = [source.path.stat().st_size if source.path.is_file() else -1 for source in sources]
    read: list[Source] = []
    seen: dict[str, Source] = {}
    same: dict[str, str] = {}
    for source, size in zip(sources, sizes, strict=True):
        if size >= 0 and sizes.count(size) > 1:
            other = seen.setdefault(sha256(source.path), source)
            if other.given != source.given:
                raise DataError(
                    f"{source.path} and {other.path} hold the same bytes, but are of "
                    f"{_said(source)} and {_said(other)}; remove one"
                )
            if other is not source:
                same[_plain_path(source.path, folder)] = _plain_path(other.path, folder)
                continue
        read.append(source)
    return read, same


def _said(source: Source) -> str:
    return ", ".join(map(shown, source.given.values()))
