"""Columns of tables: numbers, text, line numbers, and what is left out."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmodels.data.reading import table as module
from harmodels.data.reading.faults import Faults
from harmodels.data.reading.source import tables_in
from harmodels.data.reading.table import Table
from harmodels.errors import DataError
from tests.recording_cases import text as cases


def write(folder, text, name="walk.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path, columns):
    """Return a table, and its rows (lines and numbers of each column)."""
    table = Table(path)
    parts = [(b.lines, *(b.numbers(name) for name in columns)) for b in table.batches(columns)]
    return table, [np.concatenate(part) for part in zip(*parts, strict=True)]


def read_text(path, *columns):
    """Return the cells of columns as lists of text."""
    return [
        [cell for batch in Table(path).batches(columns) for cell in batch.text(name)]
        for name in columns
    ]


def check_samples(case, folder):
    """Read a case through a table, and compare it with the samples that it holds."""
    ((file, data),) = case.files.items()
    path = write(folder, data, file)
    columns = list(case.given.columns.values())
    if case.error:
        with pytest.raises(DataError, match=case.error):
            read(path, columns)
        return
    table, (_, times, *values) = read(path, columns)
    values = np.column_stack(values) / (1000 if "mg" in case.given.units.values() else 1)
    kept = np.isfinite(np.column_stack([times, values])).all(axis=1)
    np.testing.assert_allclose(times[kept] - times[kept][0], case.times, atol=1e-9)
    np.testing.assert_allclose(values[kept], case.values, atol=1e-9)
    left_out = table.faults.missing + table.faults.unreadable
    assert table.faults.rows == len(case.times) + left_out == len(cases.TIMES)
    for pattern in case.says:
        assert any(re.search(pattern, line) for line in table.faults.lines())


@pytest.mark.parametrize("name", cases.CASES)
def test_a_case_holds_its_samples(name, tmp_path):
    check_samples(cases.CASES[name], tmp_path)


@pytest.mark.parametrize("name", cases.CASES)
def test_a_case_is_the_same_in_blocks_of_few_rows(name, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(module, "BATCH_ROWS", 7)
    check_samples(cases.CASES[name], tmp_path)


@pytest.mark.parametrize("name", cases.CASES)
def test_a_case_is_the_same_row_by_row(name, tmp_path, monkeypatch):
    monkeypatch.setattr(Table, "_plain", lambda *_: None)
    check_samples(cases.CASES[name], tmp_path)


def test_lines_are_those_of_the_file(tmp_path):
    text = 'of a program\n\nt,note\n0,a\n\n# pause\n1,"b\nc"\n2,d,e\n3,f\n'
    table, (lines, times) = read(write(tmp_path, text), ["t"])
    assert dict(zip(times, lines, strict=True)) == {0: 4, 1: 7, 3: 10}
    assert table.faults.first == [(9, "3 cells, not 2")]


def test_a_column_of_whole_numbers_may_hold_a_fraction_at_its_end(tmp_path):
    count = 4 * module.BLOCK_BYTES // len("1000000,1\n")
    rows = "".join(f"{1_000_000 + 20 * k},1\n" for k in range(count))
    _, (_, times) = read(write(tmp_path, f"ms,ax\n{rows}{10**8}.5,1\n"), ["ms"])
    assert len(times) == count + 1
    assert times[-1] == 10**8 + 0.5


@pytest.mark.parametrize("mark", ["4.5", "4,5"])
def test_whole_numbers_between_semicolons_may_have_either_mark_later(mark, tmp_path):
    text = "t;ax\n" + "".join(f"{k};{k % 3}\n" for k in range(400)) + f"400;{mark}\n"
    _, (_, _, values) = read(write(tmp_path, text), ["t", "ax"])
    assert values[-1] == 4.5


def test_nanoseconds_since_1970_keep_their_digits_as_text(tmp_path):
    stamps = [str(1_714_557_600_000_000_001 + 20_000_000 * k) for k in range(5)]
    path = write(tmp_path, "time,x\n" + "".join(f"{stamp},1\n" for stamp in stamps))
    assert read_text(path, "time") == [stamps]


@pytest.mark.parametrize("how", ["csv", "parquet"])
def test_text_stays_as_it_is_written(how, tmp_path):
    people = ["NA", "None", "007", "1.0", "1", "nan", "", "è"]
    frame = pd.DataFrame({"t": np.arange(8) / 50, "person": people})
    path = tmp_path / f"walk.{how}"
    getattr(frame, f"to_{how}")(path, index=False)
    assert read_text(path, "person") == [people]


def test_a_byte_that_is_no_utf_8_changes_no_other_cell(tmp_path):
    rows = b"t,class\n" + "".join(f"{k},gehen für\n" for k in range(300)).encode()
    path = write(tmp_path, rows + b"300,gehen f\xfcr\n")
    assert set(read_text(path, "class")[0]) == {"gehen für"}


@pytest.mark.parametrize(
    "cell",
    ["", " ", "NaN", "nan", "NA", "N/A", "null", "None", "-", "inf", "-Infinity", "1e999", "1e30"],
)
def test_a_cell_without_value_is_missing(cell, tmp_path):
    table, (_, values) = read(write(tmp_path, f"t,ax\n0,1\n1,{cell}\n2,3\n"), ["ax"])
    np.testing.assert_array_equal(values, [1, np.nan, 3])
    assert (table.faults.missing, table.faults.unreadable) == (1, 0)
    assert table.faults.lines() == [
        "1 row that lacks a value left out: line 3: no value in column 'ax'"
    ]


@pytest.mark.parametrize("cell", ["x", "1.2.3", "0x10", "1_0", "12:30", "1,5", "1 5", "\u0661"])
def test_a_cell_that_is_no_number_is_unreadable(cell, tmp_path):
    table, (_, values) = read(write(tmp_path, f't,ax\n0,1.5\n1,"{cell}"\n2,3\n'), ["ax"])
    np.testing.assert_array_equal(values, [1.5, np.nan, 3])
    assert (table.faults.missing, table.faults.unreadable) == (0, 1)
    assert table.faults.lines() == [
        f"1 row that cannot be read left out: line 3: {cell!r} in column 'ax' is no number with a "
        "decimal point"
    ]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("+1.5", 1.5),
        (" 1.5 ", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5e-3", 0.0015),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567.0),
        ("\u22121.5", -1.5),
    ],
)
def test_a_number_may_be_written_in_many_ways(cell, number, tmp_path):
    _, (_, values) = read(write(tmp_path, f't,ax\n0,1.5\n1,"{cell}"\n2,x\n'), ["ax"])
    assert values[1] == number


def test_what_may_be_a_thousand_or_a_fraction_is_not_guessed(tmp_path):
    rows = "".join(f'{k},"{1000 + k:,}"\n' for k in range(9))
    with pytest.raises(DataError, match="9 of 9 rows.*'1,000' in column 'steps' is no number"):
        read(write(tmp_path, f"t,steps\n{rows}"), ["steps"])


def test_a_row_of_two_bad_cells_counts_once(tmp_path):
    table, _ = read(write(tmp_path, "t,ax\n0,1\n,x\n2,3\n"), ["t", "ax"])
    assert (table.faults.missing, table.faults.unreadable) == (0, 1)


def test_rows_that_a_caller_cannot_read_count_as_unreadable(tmp_path):
    table = Table(write(tmp_path, "t,ax\nnoon,1\n12:01:00,2\n12:02:00,2\n"))
    for batch in table.batches(["t"]):
        batch.leave_out("t", batch.text("t") == "noon", "time")
    assert table.faults.first == [(2, "'noon' in column 't' is no time")]


@pytest.mark.parametrize(
    ("rows", "unreadable", "refused"), [(50, 1, False), (300, 3, False), (300, 4, True)]
)
def test_more_than_one_per_cent_of_unreadable_rows_is_refused(rows, unreadable, refused, tmp_path):
    faults = Faults(rows, 0, unreadable, [(7, "2 cells, not 4")])
    if refused:
        with pytest.raises(DataError, match="4 of 300 rows.*line 7: 2 cells, not 4; and 3 more"):
            faults.check(tmp_path)
    else:
        faults.check(tmp_path)


def test_faults_begin_anew_with_each_reading(tmp_path):
    table = Table(write(tmp_path, "t,ax\n0,1\n1,x\n2,3\n"))
    for _ in range(2):
        for batch in table.batches(["ax"]):
            batch.numbers("ax")
        assert (table.faults.rows, table.faults.unreadable) == (3, 1)


def test_what_has_been_read_grows_to_the_size(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 1000)
    for name in ("plain", "zip", "time_is_the_index"):
        ((file, data),) = cases.CASES[name].files.items()
        table = Table(write(tmp_path, data, file))
        done = [batch.done for batch in table.batches(["ax"])]
        assert done == sorted(done)
        assert done[-1] == table.size


def test_a_cell_too_many_never_shifts_a_row(tmp_path):
    text = "t,ax,ay\n" + "0,1,2,\n" * 99 + "0,1,5,2\n"
    table, (lines, values) = read(write(tmp_path, text), ["ay"])
    assert set(values) == {2}
    assert len(lines) == 99
    assert table.faults.first == [(101, "4 cells, not 3")]


def test_quotes_that_are_no_pair_cost_their_rows_alone(tmp_path):
    lines = cases.ALL_QUOTED.split("\n")
    for line in (50, 60):
        lines[line] = f'"{lines[line]}'
    table, (numbers, _) = read(write(tmp_path, "\n".join(lines)), ["t"])
    assert table.faults.unreadable == 2
    assert sorted(set(range(2, 302)) - set(numbers)) == [51, 61]


def test_zeros_within_a_row_cost_that_row(tmp_path):
    text = cases.table().replace("0.40,", "0.4" + 3000 * "\0" + "0,")
    table, (lines, _) = read(write(tmp_path, text), ["t"])
    assert (len(lines), table.faults.unreadable) == (len(cases.TIMES), 1)


def test_tables_of_a_zip_are_read_by_their_paths(tmp_path):
    path = write(tmp_path, cases.in_zip("a/x.csv", "a/y.csv", "a/._y.csv", "a/note.md"), "w.zip")
    tables = tables_in(path)
    assert [table.relative_to(path).as_posix() for table in tables] == ["a/x.csv", "a/y.csv"]
    for table in tables:
        np.testing.assert_allclose(read(table, ["t"])[1][1], cases.TIMES)


def test_dates_and_durations_of_parquet_are_exact_and_in_seconds(tmp_path):
    times = pd.date_range("2024-05-01 10:00", periods=3, freq="20ms", tz="Europe/Berlin", unit="ns")
    frame = pd.DataFrame({"time": times, "passed": times - times[0], "ax": [1, 2, 3]})
    frame.to_parquet(tmp_path / "walk.parquet")
    (cells,) = read_text(tmp_path / "walk.parquet", "time")
    assert [pd.Timestamp(cell) for cell in cells] == list(times)
    _, (_, passed) = read(tmp_path / "walk.parquet", ["passed"])
    np.testing.assert_allclose(passed, [0, 0.02, 0.04])


def test_an_even_index_of_parquet_is_a_column(tmp_path):
    frame = pd.DataFrame({"ax": [1.0, 2.0, 3.0]}, index=pd.RangeIndex(40, 100, 20, name="ms"))
    frame.to_parquet(tmp_path / "walk.parquet")
    _, (_, stamps, values) = read(tmp_path / "walk.parquet", ["ms", "ax"])
    assert (stamps.tolist(), values.tolist()) == ([40, 60, 80], [1, 2, 3])


def test_a_column_of_parquet_whose_name_is_no_text_refuses_the_file(tmp_path):
    path = tmp_path / "walk.parquet"
    pq.write_table(pa.table({"axis": [1.0, 2.0]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"axis", b"axi\xf4"))
    with pytest.raises(DataError, match=r"walk\.parquet: .*whole copy"):
        read(path, ["ax"])


@pytest.mark.parametrize(
    "noted", [b"\xff", b"{,", b"[]", b'{"index_columns": [{"name": "t", "start": 0, "step": "a"}]}']
)
def test_what_pandas_noted_wrongly_refuses_the_file(noted, tmp_path):
    path = tmp_path / "walk.parquet"
    pq.write_table(pa.table({"ax": [1.0, 2.0]}).replace_schema_metadata({b"pandas": noted}), path)
    with pytest.raises(DataError, match=r"walk\.parquet: pandas' description.*whole copy"):
        read(path, ["ax"])
