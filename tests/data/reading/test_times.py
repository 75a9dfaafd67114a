"""Forms of the time, and cells as seconds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.reading.clock import Times, ambiguity, time_form
from harmodels.errors import DataError

START = pd.Timestamp("2024-05-01 10:00:00")


def text(*cells):
    return np.array(cells, dtype=object)


@pytest.mark.parametrize(
    ("cells", "name", "form"),
    [
        (["0", "20", "40"], "", "ms"),
        (["0", "0.02", "0.04"], "", "s"),
        (["0,00", "0,02", "0,04"], "", "s"),
        (["12.5", "12.51", "12.52"], "seconds_elapsed", "s"),
        (["0", "1", "2"], "secondsElapsed", "s"),
        (["0", "1", "2"], "Time since start in ms", "ms"),
        (["0", "10000", "20000"], "", "us"),
        (["0", "10000", "20000"], "timestamp [µs]", "us"),
        (["1714557600", "1714557600", "1714557601"], "", "s"),
        (["1714557600.02", "1714557600.04"], "", "s"),
        (["1714557600020", "1714557600040"], "", "ms"),
        (["1714557600020000", "1714557600040000"], "", "us"),
        (["1714557600020000000", "1714557600040000000"], "", "ns"),
        (["1714557600020000000"], "", "ns"),
        (["5000000000", "5020000000", "5040000000"], "", "ns"),
        (["2024-05-01T10:00:00", "2024-05-01T10:00:00.02"], "", "iso"),
        (["2024-05-01 10:00:00.123456789+0200"], "", "iso"),
        (["2024-05-01 10:00:00:500"], "", "%Y-%m-%d %H:%M:%S:%f"),
        (["2024-05-01 10:00:00 +0200"], "", "%Y-%m-%d %H:%M:%S %z"),
        (["1/5/2024 9:05:00.5"], "", "%d/%m/%Y %H:%M:%S.%f"),
        (["1/5/2024 9:05:00.5 PM"], "", "%m/%d/%Y %I:%M:%S.%f %p"),
        (["1/5/2024 9:05:00", "13/5/2024 9:05:00"], "", "%d/%m/%Y %H:%M:%S"),
        (["1/5/2024 9:05:00", "1/13/2024 9:05:00"], "", "%m/%d/%Y %H:%M:%S"),
        (["01-05-24 10:00:00"], "", "%d-%m-%y %H:%M:%S"),
        (["32.05.01 10:00:00"], "", "%y.%m.%d %H:%M:%S"),
        (["1 May 2024 10:00:00"], "", "%d %b %Y %H:%M:%S"),
        (["June 1, 2024 10:00:00"], "", "%B %d, %Y %H:%M:%S"),
        (["Wed May 01 2024 10:00:00 GMT+0200"], "", "%a %b %d %Y %H:%M:%S GMT%z"),
        (["10:00:00.020"], "", "%H:%M:%S.%f"),
        (["10:00 PM"], "", "%I:%M %p"),
        (["59:59.98"], "", "%M:%S.%f"),
        (["5/1/2024, 9:05:00\u202fAM"], "", "%m/%d/%Y, %I:%M:%S %p"),
        (["2024-05-01T10:00:00+02"], "", "iso"),
        (["20240501100000020"], "", "%Y%m%d%H%M%S%f"),
        (["20240501_100000"], "", "%Y%m%d_%H%M%S"),
        (["45413.416666667", "45413.416666898"], "", "days"),
        (["739373.416666667", "739373.416666898"], "", "days"),
        (["", "?", "0.00", "0.02", "0.04"], "", "s"),
    ],
)
def test_the_form_is_read_off_the_first_cells(cells, name, form):
    assert time_form(cells, name) == form
    seconds = Times(form).seconds(text(*cells))
    assert np.isfinite(seconds[-1])
    assert seconds[np.isfinite(seconds)][0] == 0


@pytest.mark.parametrize("cells", [[], ["", " "], ["walking"], ["99/99/2024"], ["12-34"]])
def test_what_is_no_time_is_refused(cells):
    with pytest.raises(DataError, match="no time|no form of the time"):
        time_form(cells, "label")


@pytest.mark.parametrize(("name", "size"), [("Time (min)", 60), ("hours", 3600)])
def test_minutes_and_hours_are_refused_with_the_rate(name, size):
    with pytest.raises(DataError, match=r"--rate 50\)"):
        time_form([f"{time:.9f}" for time in np.arange(200) / 50 / size], name)


def test_a_form_that_nobody_knows_is_refused():
    with pytest.raises(DataError, match="--time-unit minutes: it is one of s, ms, us, ns, iso"):
        Times("minutes")


@pytest.mark.parametrize("kind", ["text", "numbers"])
def test_nanoseconds_keep_all_digits(kind):
    whole = 1_714_557_600_000_000_001 + np.arange(0, 100, 7)
    times = Times("ns")
    cells = text(*map(str, whole)) if kind == "text" else whole
    np.testing.assert_array_equal(times.seconds(cells), np.arange(0, 100, 7) / 1e9)
    assert times.origin == 1_714_557_600.000_000_001


def test_nanoseconds_keep_all_digits_beside_cells_that_are_none():
    cells = text("1714557600000000001", "", "1714557600000000008", "?")
    np.testing.assert_array_equal(Times("ns").seconds(cells), [0, np.nan, 7e-9, np.nan])


@pytest.mark.parametrize("form", ["s", "iso", "%d/%m/%Y %H:%M:%S.%f"])
def test_the_first_time_may_come_later_and_others_be_missing(form):
    start = "0.5" if form == "s" else START.strftime("%Y-%m-%d" if form == "iso" else form)
    times = Times(form)
    assert np.isnan(times.seconds(text("", "?"))).all()
    assert times.origin is None
    np.testing.assert_array_equal(times.seconds(text("", start)), [np.nan, 0.0])
    assert str(times.origin) == ("0.5" if form == "s" else str(pd.Timestamp(times.origin)))


@pytest.mark.parametrize(
    ("cell", "origin"),
    [
        ("2024-05-01T12:00:00", "2024-05-01 12:00:00"),
        ("2024-05-01T12:00:00Z", "2024-05-01 12:00:00+00:00"),
        ("2024-05-01T12:00:00+02:00", "2024-05-01 12:00:00+02:00"),
        ("2024-05-01T12:00:00-0330", "2024-05-01 12:00:00-03:30"),
    ],
)
def test_the_zone_stays_as_it_came(cell, origin):
    times = Times(time_form([cell]))
    times.seconds(text(cell))
    assert str(times.origin) == origin


def test_a_change_of_the_offset_is_no_step():
    cells = text("2024-10-27T02:59:59.98+02:00", "2024-10-27T02:00:00+01:00")
    np.testing.assert_allclose(Times("iso").seconds(cells), [0, 0.02], atol=1e-9)


def test_fractions_may_have_any_length():
    cells = text("01.05.2024 10:00:00", "01.05.2024 10:00:00.5", "01.05.2024 10:00:00.123456789")
    for form in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S.%f"):
        np.testing.assert_array_equal(Times(form).seconds(cells), [0, 0.5, 0.123456789])


@given(st.lists(st.integers(1, 43_000), min_size=1, max_size=8), st.integers(1, 4))
def test_times_of_the_day_rise_past_any_midnight(steps, size):
    seconds = np.cumsum([0, *steps])
    cells = text(*((START + pd.Timedelta(seconds=int(s))).strftime("%H:%M:%S") for s in seconds))
    times = Times("%H:%M:%S")
    parts = [times.seconds(cells[at : at + size]) for at in range(0, len(cells), size)]
    np.testing.assert_array_equal(np.concatenate(parts), seconds)


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S:%f", "%m.%d.%Y (%H-%M-%S)", "%Y%m%d%H%M%S"]
)
def test_dates_of_digits_are_read_as_strptime_reads_them(form):
    random = np.random.default_rng(0).integers(0, 10**18, 200)
    stamps = [pd.Timestamp(int(ns) // 1000 * 1000) for ns in random]
    cells = [stamp.strftime(form) for stamp in stamps]
    expected = pd.to_datetime(cells, format=form).as_unit("ns").asi8
    np.testing.assert_array_equal(Times(form).seconds(text(*cells)), (expected - expected[0]) / 1e9)


def test_days_of_a_spreadsheet_have_their_date():
    times = Times("days")
    np.testing.assert_array_equal(times.seconds(text("45413.5", "45414.5")), [0, 86_400])
    assert str(times.origin) == "2024-05-01 12:00:00"


def test_days_of_matlab_have_their_date():
    times = Times("days")
    times.seconds(text("739373.5"))
    assert str(times.origin) == "2024-05-01 12:00:00"


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%m.%d.%y %I:%M:%S.%f %p"])
def test_a_date_that_may_be_another_is_said_with_a_form_that_reads_the_other(form):
    cell = pd.Timestamp("2024-05-01 10:00").strftime(form)
    said = ambiguity(form, [cell])
    assert f"{cell} is taken as 1 May 2024; if it is 5 January, say" in said
    other = said.split("'")[1]
    times = Times(other)
    times.seconds(text(cell))
    assert str(times.origin) == "2024-01-05 10:00:00"


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("%d/%m/%Y", ["25/05/2024"]),
        ("%d/%m/%Y", ["05/05/2024"]),
        ("%d/%m/%Y", []),
        ("%Y/%m/%d", ["2024/05/01"]),
        ("iso", ["2024-05-01"]),
        ("s", ["1"]),
    ],
)
def test_a_date_that_can_be_no_other_is_not_said(form, cells):
    assert ambiguity(form, cells) == ""
