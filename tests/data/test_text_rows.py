import pytest

from harmodels.data.text_rows import read_columns, read_rows
from harmodels.errors import DataError

ROWS = {
    "short": (b"1;2\n1;\n", "line 2: 1 numbers, not 2 \\(left and right\\)"),
    "long": (b"1;2;3\n", "line 1: 3 numbers, not 2"),
    "another separator": (b"1,2\n", "line 1: 1 numbers, not 2"),
    "word": (b"1;2\n1;two\n", "line 2: 'two' in column 2 is not a finite number"),
    "comma": (b"1;2,5\n", "line 1: '2,5' in column 2"),
    "nothing": (b"1;;\n", "line 1: '' in column 2"),
    "NaN": (b"1;NaN\n", "line 1: 'NaN' in column 2"),
    "infinite": (b"-inf;1\n", "line 1: '-inf' in column 1"),
    "too large": (b"1e31;1\n", "line 1: '1e31' in column 1 is not a finite number below 1e\\+30"),
    "underscore": (b"1;1_0\n", "line 1: '1_0' in column 2"),
    "digits of another script": ("1;١٢\n".encode(), "line 1: '١٢' in column 2"),
    "empty": (b"\n \n", "line 1: the file is empty; bring a whole copy"),
}
COLUMNS = {
    "no column": (b"a,c\n1,2\n", "line 1: no column 'b'"),
    "misspelt": (b"a,bb\n1,2\n", "line 1: no column 'b'; did you mean 'bb'"),
    "twice": (b"a,b,a\n1,2,3\n", "line 1: there are two columns 'a'"),
    "no line": (b"a,b\n", "line 1: the file is cut short; bring a whole copy"),
    "cut within a number": (b"a,b\n1,2\n1,2.", "line 3: the file is cut short"),
    "cut within a line": (b"a,b\n1\n", "line 2: 1 numbers, not 2 \\(as many as line 1 has names"),
}


@pytest.mark.parametrize("case", [*ROWS, *COLUMNS])
def test_what_is_no_table_of_numbers_is_named_with_file_and_line(case, tmp_path):
    content, message = (ROWS | COLUMNS)[case]
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.txt, {message}"):
        if case in ROWS:
            read_rows(tmp_path / "x.txt", 2, "left and right", ";")
        else:
            read_columns(tmp_path / "x.txt", ["a", "b"])


@pytest.mark.parametrize(
    ("content", "message"), [(None, r"cannot read .*x\.txt: No such"), (b"\xff\xfe\x00", "no text")]
)
def test_what_is_no_text_is_named(content, message, tmp_path):
    if content is not None:
        (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path / "x.txt", 2, "left and right")


def test_line_ends_marks_and_separators_at_the_end_do_not_matter(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbf1;2e1;\r\n 3;-4\r\n\r\n")
    assert read_rows(tmp_path / "x.txt", 2, "", ";").tolist() == [[1, 20], [3, -4]]


def test_columns_come_in_the_order_of_the_file_with_their_names(tmp_path):
    (tmp_path / "x.txt").write_text(", b,a\n0,2,1\n", encoding="utf-8")
    table, header = read_columns(tmp_path / "x.txt", ["a", "b"])
    assert (table.tolist(), header) == ([[0, 2, 1]], ["", "b", "a"])
