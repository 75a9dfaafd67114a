"""How tables are written, as it is read off their first rows."""

import io
import zipfile

import pytest

from harmodels.data.reading.form import read_form
from harmodels.errors import DataError
from tests.recording_cases import text as cases


def form_of(folder, text, name="walk.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_form(path)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("plain", {"separator": ",", "decimal": ".", "encoding": "utf-8", "header": True}),
        ("semicolons_and_decimal_commas", {"separator": ";", "decimal": ","}),
        ("decimal_commas_in_quotes", {"separator": ",", "decimal": ","}),
        ("blanks", {"separator": " "}),
        ("utf_16", {"separator": "\t", "encoding": "utf-16"}),
        ("cp1252", {"encoding": "cp1252", "names": cases.SQUARE}),
        ("gzip_without_its_ending", {"compression": "gzip"}),
        ("bz2", {"compression": "bz2"}),
        ("xz", {"compression": "xz"}),
        ("zip", {"compression": "zip"}),
        ("separator_named_first", {"preamble": ("sep=;",), "names": cases.NAMES}),
        ("preamble", {"preamble": tuple(cases.PREAMBLE.splitlines())}),
        ("keys_and_values_without_header", {"header": False, "names": ("1", "2", "3", "4")}),
        ("row_of_units", {"units": ("s", "g", "g", "g"), "preamble": ()}),
        ("separator_after_each_row", {"names": cases.NAMES, "cells": 5}),
        ("row_numbers_without_name", {"names": ("row", *cases.NAMES)}),
        ("names_twice", {"names": ("t", "a", "a.1", "a.2")}),
        ("names_left_out", {"names": ("1", "ax", "3", "az")}),
        ("time_is_the_index", {"names": ("ax", "ay", "az", "t")}),
    ],
)
def test_the_form_is_read_off_the_first_rows(name, facts, tmp_path):
    ((file, data),) = cases.CASES[name].files.items()
    form = form_of(tmp_path, data, file)
    assert {fact: getattr(form, fact) for fact in facts} == facts


def test_the_first_rows_are_kept_as_they_are_written(tmp_path):
    form = form_of(tmp_path, cases.table(";", ","))
    assert form.sample == tuple(map(tuple, cases.cells(",")[:200]))


def test_start_and_rate_above_rows_without_header_are_a_preamble(tmp_path):
    rows = "".join(f"{60 + k % 9},{k % 5},3\n" for k in range(50))
    for width, body in ((3, rows), (1, "".join(line[:2] + "\n" for line in rows.split()))):
        top = [", ".join([cell] * width) for cell in ("1714557600.000000", "32.000000")]
        form = form_of(tmp_path, "\n".join([*top, body]))
        assert form.preamble == tuple(top)
        assert not form.header
        assert form.sample[0][0] == "60"


def test_four_lines_of_names_above_the_rows(tmp_path):
    names = ("Timestamp", "Accelerometer X", "Accelerometer Y")
    top = (("Shimmer",) * 3, names, ("CAL",) * 3, ("mSecs", "m/(sec^2)", "m/(sec^2)"))
    rows = "".join("\t".join(row[:3]) + "\n" for row in cases.cells())
    form = form_of(tmp_path, "".join("\t".join(line) + "\n" for line in top) + rows)
    assert (form.names, form.units) == (names, top[-1])


def test_a_time_may_hold_blanks_or_a_comma(tmp_path):
    for separator, mark in ((",", "."), (";", ","), ("\t", ",")):
        rows = [[f"2024-05-01 10:00:{k / 50:06.3f}", f"{k}.5"] for k in range(99)]
        lines = [separator.join(row).replace(".", mark) for row in rows]
        form = form_of(tmp_path, "\n".join([f"time{separator}ax", *lines]))
        assert (form.separator, form.decimal, form.names) == (separator, mark, ("time", "ax"))


def test_words_and_numbers_without_fraction_are_columns_too(tmp_path):
    form = form_of(tmp_path, "file;person;activity\na, b.csv;p 1;sits down\nc, d.csv;p 2;walks\n")
    assert form.names == ("file", "person", "activity")
    assert form.sample == (("a, b.csv", "p 1", "sits down"), ("c, d.csv", "p 2", "walks"))


def test_rows_that_begin_with_the_mark_of_comments_are_rows(tmp_path):
    form = form_of(tmp_path, "person,t\n" + "".join(f"#{k % 3},{k}\n" for k in range(30)))
    assert form.sample[1] == ("#1", "1")


def test_rows_without_values_at_the_top_are_no_header(tmp_path):
    form = form_of(tmp_path, "t,ax\nNaN,NaN\n,\n" + "".join(f"{k},1.5\n" for k in range(30)))
    assert form.names == ("t", "ax")
    assert form.sample[:2] == (("NaN", "NaN"), ("", ""))


def in_zip(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, bytes(range(256)))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n\n  \n", "is empty"),
        (b"t,ax\n", "no rows below its header"),
        (b'[{"t": 1,\n"x": 2},\n{"t": 2,\n"x": 3}]\n', "JSON"),
        (b"<!DOCTYPE html>\n<p>1,2\n<p>1,2\n", "markup"),
        (b"one\ntwo\nthree\n", "is no table"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "an Excel workbook"),
        (in_zip("[Content_Types].xml"), "workbook"),
        (in_zip("log.bin"), "ActiGraph's own format"),
        (in_zip("a.png"), "is no text"),
        (cases.in_zip("a.csv", "b.csv"), r"one table, not 2 \(a.csv, b.csv\)"),
        (cases.in_zip("a.csv")[:-50], "damaged or cut short"),
        (cases.parquet()[:-50], "whole copy"),
        (b"t ax\n" + b"2024-05-01 10:00:00 1.5\n" * 9, "line 1: names 2 columns.*3 cells"),
    ],
)
def test_what_is_no_table_is_refused_by_name(data, message, tmp_path):
    with pytest.raises(DataError, match=rf"(?s)walk\.csv.*({message})"):
        form_of(tmp_path, data)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        read_form(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_form(tmp_path)
    (tmp_path / "w.zip").write_bytes(cases.in_zip("a.csv"))
    with pytest.raises(DataError, match=r"b\.csv: there is no such file"):
        read_form(tmp_path / "w.zip" / "b.csv")
