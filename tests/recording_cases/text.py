"""Files that differ in how their text is written, packed and encoded."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd

from harmodels.data.reading.meaning import Given
from tests.recording_cases import Case, samples

TIMES, VALUES = samples()
NAMES = ("t", "ax", "ay", "az")


def cells(mark=".", factor=1.0):
    """Return rows of cells: time with two digits, accelerations with six."""
    rows = zip(TIMES, VALUES * factor, strict=True)
    return [
        [cell.replace(".", mark) for cell in (f"{time:.2f}", *(f"{v:.6f}" for v in row))]
        for time, row in rows
    ]


def table(separator=",", mark=".", names=NAMES, end="\n", tail=""):
    """Return a table as text: a line of names where there are any, and the rows."""
    lines = [separator.join(row) + tail for row in cells(mark)]
    return end.join([*([separator.join(names)] if names else []), *lines, ""])


def lines_with(changes, text=None):
    """Return the lines of a table, some of them (from 0) changed by a function."""
    lines = (text or table()).split("\n")
    for number, change in changes.items():
        lines[number] = change(lines[number])
    return "\n".join(lines)


def case(text, columns=NAMES, keep=slice(None), name="walk.csv", units=None, **more):
    """Return a case of a file whose samples are those of `samples()`."""
    data = text if isinstance(text, bytes) else text.encode()
    named = dict(zip(("time", "acc_x", "acc_y", "acc_z"), columns, strict=True))
    if "error" not in more:
        more |= {"times": TIMES[keep] - TIMES[keep][0], "values": VALUES[keep]}
    return Case({name: data}, given=Given(named, units or {}), **more)


def in_zip(*names):
    """Return a zip of the same table by several names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, table())
    return packed.getvalue()


def parquet(**more):
    """Return a table as Parquet with the time as its index."""
    frame = pd.DataFrame(VALUES, columns=list(NAMES[1:]), index=pd.Index(TIMES, name="t"))
    return frame.to_parquet(**more)


def grouped():
    """Return milli-g with marks of thousands: `1.024,125`."""
    lines = [";".join(NAMES)]
    for time, row in zip(TIMES, VALUES * 1000, strict=True):
        shown = [f"{value:,.3f}" for value in row]
        turned = [s.translate(str.maketrans(",.", ".,")) for s in (f"{time:.2f}", *shown)]
        lines.append(";".join(turned))
    return "\n".join([*lines, ""])


ALL_QUOTED = "\n".join(
    ",".join(f'"{cell}"' for cell in row) for row in [NAMES, *cells(","), []] if row
)
PREAMBLE = "".join(f"Line {number}: of a program, v{number}.0\n" for number in range(10))
KEYS = "".join(f"Key {number},{number * 7}\n" + "\n" * (number % 9 == 0) for number in range(100))
NUMBERS = ("1", "2", "3", "4")
SQUARE = tuple(name if name == "t" else f"{name} (m/s²)" for name in NAMES)
NOTED = "\n".join(
    [
        "note,t,ax,ay,az",
        *(
            ",".join(['"a ""note"" of\ntwo lines, with a comma"' if k % 9 == 0 else "-", *row])
            for k, row in enumerate(cells())
        ),
        "",
    ]
)
FIRST_LOST = slice(1, None)
LAST_LOST = slice(None, -1)

CASES = {
    "cells of the time that say there is none": case(
        lines_with({6: lambda line: "None" + line[4:], 50: lambda line: line[4:]}),
        keep=np.delete(np.arange(len(TIMES)), [5, 49]),
        says=("2 rows that lack a value left out: line 7: no value in column 't'",),
    ),
    "plain": case(table()),
    "semicolons": case(table(";")),
    "tabs": case(table("\t")),
    "bars": case(table("|")),
    "comma_and_blank": case(table(", ")),
    "blanks": case("\n".join("  ".join(f"{c:>9}" for c in row) for row in [NAMES, *cells()])),
    "one_blank": case(table(" ")),
    "semicolons_and_decimal_commas": case(table(";", ",")),
    "tabs_and_decimal_commas": case(table("\t", ",")),
    "blanks_and_decimal_commas": case(table(" ", ",")),
    "decimal_commas_in_quotes": case(ALL_QUOTED),
    "thousands": case(grouped(), units={"acc": "mg"}),
    "decimal_commas_between_commas": case(table(",", ","), error=r"(?s)line 1.*semicolons"),
    "byte_order_mark": case(b"\xef\xbb\xbf" + table().encode()),
    "utf_16": case(table("\t").encode("utf-16")),
    "utf_16_without_mark": case(table("\t").encode("utf-16-le")),
    "cp1252": case(table(";", names=SQUARE).encode("cp1252"), SQUARE, units={"acc": "g"}),
    "carriage_returns_and_line_feeds": case(table(end="\r\n")),
    "carriage_returns": case(table(end="\r")),
    "blank_lines_between": case(table(end="\n\n")),
    "no_line_end_at_the_end": case(table().rstrip("\n")),
    "zeros_at_the_end": case(table().encode() + bytes(5000)),
    "gzip": case(gzip.compress(table().encode()), name="walk.csv.gz"),
    "gzip_without_its_ending": case(gzip.compress(table().encode())),
    "bz2": case(bz2.compress(table().encode()), name="walk.csv.bz2", no_page="bzip2"),
    "xz": case(lzma.compress(table().encode()), name="walk.csv.xz", no_page="xz"),
    "zip": case(in_zip("export/walk.csv", "__MACOSX/export/._walk.csv"), name="walk.zip"),
    "cut_gzip": case(gzip.compress(table().encode())[:-900], error="walk.csv.*cut short"),
    "preamble": case(PREAMBLE + table()),
    "preamble_with_a_quote": case('Strap 5" wide\n' + PREAMBLE + table()),
    "keys_and_values_without_header": case(KEYS + table(names=()), NUMBERS),
    "separator_named_first": case("sep=;\n" + table(";")),
    "comments_first": case("# rate = 50 Hz\n# a, b, c, d\n\n" + table()),
    "header_in_a_comment": case("# walk\n# " + table()),
    "comments_between": case(lines_with({9: lambda line: "# pause, of, no, rows\n" + line})),
    "comment_last": case(table() + "# stopped\n"),
    "row_of_units": case(lines_with({0: lambda line: line + "\ns,g,g,g"})),
    "row_of_units_in_brackets": case(lines_with({0: lambda line: line + "\n(s),(g),(g),(g)"})),
    "header_again": case(lines_with(dict.fromkeys((40, 90), lambda line: "t,ax,ay,az\n" + line))),
    "commas_in_names": case(
        lines_with({0: lambda _: '"t","Acc, x","Acc, y","Acc,\nz"'}),
        ("t", "Acc, x", "Acc, y", "Acc, z"),
    ),
    "names_twice": case(table(names=("t", "a", "a", "a")), ("t", "a", "a.1", "a.2")),
    "names_left_out": case(table(names=("", "ax", "", "az")), ("1", "ax", "3", "az")),
    "no_header": case(table(names=()), NUMBERS),
    "numbers_for_names": case(table(names=("0", "1", "2", "3")), ("0", "1", "2", "3")),
    "row_numbers_without_name": case(
        " ".join(f'"{name}"' for name in NAMES)
        + "".join(f'\n"{k + 1}" ' + " ".join(row) for k, row in enumerate(cells()))
    ),
    "separator_after_each_row": case(table(tail=",")),
    "separator_after_each_line": case(table(names=(*NAMES, ""), tail=",")),
    "separator_after_the_header": case(table(names=(*NAMES, ""))),
    "line_breaks_in_quotes": case(NOTED),
    "last_row_cut": case(table()[:-25], keep=LAST_LOST, says=("line 301",)),
    "a_word_in_a_row": case(
        lines_with({1: lambda line: line.replace("0.00", "start", 1)}),
        keep=FIRST_LOST,
        says=("line 2.*start",),
    ),
    "a_row_without_value": case(
        lines_with({300: lambda line: ",".join([*line.split(",")[:-1], "NaN"])}),
        keep=LAST_LOST,
        says=("line 301",),
    ),
    "five_words": case(
        lines_with(dict.fromkeys((50, 60, 70, 80, 90), lambda line: line + "x")),
        error=r"5 of 300 rows.*line 51.*line 61.*line 71",
    ),
    "names_and_rows_of_other_lengths": case(table(names=NAMES[:3]), error="line 1.*3.*4 cells"),
    "no_such_column": case(table(), ("t", "ax", "ay", "acc z"), error="acc z.*t, ax, ay, az"),
    "empty": case("", error="walk.csv is empty"),
    "only_a_header": case("t,ax,ay,az\n", error="walk.csv.*no rows"),
    "no_table": case(bytes(range(256)) * 9, error="walk.csv is no text"),
    "time_is_the_index": case(parquet(), name="walk.parquet", no_page="Parquet"),
}
