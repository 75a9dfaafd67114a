"""Files that differ in the form of their times, and in what their clock does."""

import numpy as np
import pandas as pd

from harmodels.data.reading.meaning import Given
from tests.recording_cases import Case, samples

TIMES, VALUES = samples(600)
COUNT = len(TIMES)
ROWS = np.arange(COUNT)
START = pd.Timestamp("2024-05-01 10:00:00")
STEPS_NS = (ROWS * 20_000_000).tolist()


def stamps(pattern, start=START):
    """Return times as dates that a pattern of strftime writes."""
    return [(start + pd.Timedelta(step)).strftime(pattern) for step in STEPS_NS]


def numbers(times, digits=None):
    """Return times as numbers, with all their digits or some."""
    return [repr(float(time)) if digits is None else f"{time:.{digits}f}" for time in times]


def case(cells, times=TIMES, values=VALUES, kept=slice(None), name="time", unit=None, **more):
    """Return a case of a file with these times; its samples are those that are kept."""
    rows = [
        f"{cell};{row[0]:.6f};{row[1]:.6f};{row[2]:.6f}"
        for cell, row in zip(cells, values, strict=True)
    ]
    columns = {"time": name, "acc_x": "ax", "acc_y": "ay", "acc_z": "az"}
    text = "\n".join([";".join(columns.values()), *rows, ""])
    if "error" not in more:
        more |= {"times": times, "values": values[kept]}
    return Case({"walk.csv": text.encode()}, given=Given(columns, {}, unit), **more)


def epoch(zeros):
    """Return whole numbers since 1970 with as many digits behind the seconds."""
    first = START.value // 10 ** (9 - zeros)
    return [str(first + step // 10 ** (9 - zeros)) for step in STEPS_NS]


def forms():
    """Return cases of times as programs write them; all hold the same seconds."""
    noon = pd.Timestamp("2024-10-27 02:59:54")
    berlin = [
        (noon.tz_localize("Europe/Berlin", ambiguous=True) + pd.Timedelta(step)).isoformat()
        for step in STEPS_NS
    ]
    days = (START - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1) + TIMES / 86_400
    naive = {"origin": "2024-05-01 10:00:00"}
    return {
        "seconds": case(numbers(TIMES), name="t"),
        "milliseconds": case(numbers(TIMES * 1000, 0), name="t"),
        "microseconds": case(numbers(TIMES * 1e6, 0), name="t"),
        "nanoseconds": case(numbers(TIMES * 1e9, 0), name="t"),
        "milliseconds of uptime": case(numbers(TIMES * 1000 + 86_400_321, 0), name="timestamp_ms"),
        "seconds by name": case(numbers(TIMES), name="Time (s)"),
        "epoch s": case([f"{s}.{ns:09d}" for s, ns in map(divmod_s, STEPS_NS)], tolerance=1e-6),
        "epoch ms": case(epoch(3)),
        "epoch us": case(epoch(6)),
        "epoch ns": case(epoch(9)),
        "iso": case(stamps("%Y-%m-%dT%H:%M:%S.%f"), **naive),
        "iso with a blank": case(stamps("%Y-%m-%d %H:%M:%S.%f"), **naive),
        "iso without zeros": case(
            [str(START + pd.Timedelta(step)) for step in STEPS_NS], **naive
        ),  # whole seconds have no fraction
        "iso UTC": case(stamps("%Y-%m-%dT%H:%M:%S.%fZ"), origin="2024-05-01 10:00:00+00:00"),
        "iso with an offset": case(
            stamps("%Y-%m-%dT%H:%M:%S.%f+02:00"), origin="2024-05-01 10:00:00+02:00"
        ),
        "iso as summer time ends": case(berlin, origin="2024-10-27 02:59:54+02:00"),
        "colon before the fraction": case(stamps("%Y-%m-%d %H:%M:%S:%f"), **naive),
        "comma before the fraction": case(stamps("%Y-%m-%d %H:%M:%S,%f"), **naive),
        "slashes, year first": case(stamps("%Y/%m/%d %H:%M:%S.%f"), **naive),
        "day first": case(
            stamps("%d/%m/%Y %H:%M:%S.%f"), says=("01/05/2024 .* is taken as 1 May 2024",), **naive
        ),
        "day first, with points": case(stamps("%d.%m.%Y %H:%M:%S.%f"), **naive),
        "a day above 12 first": case(
            stamps("%d/%m/%Y %H:%M:%S.%f", pd.Timestamp("2024-05-25 10:00:00")),
            origin="2024-05-25 10:00:00",
        ),
        "a day above 12 second": case(
            stamps("%m/%d/%Y %H:%M:%S.%f", pd.Timestamp("2024-05-25 10:00:00")),
            origin="2024-05-25 10:00:00",
        ),
        "month first, AM": case(stamps("%m/%d/%Y %I:%M:%S.%f %p"), **naive),
        "from AM to PM": case(
            stamps("%m/%d/%Y %I:%M:%S.%f %p", pd.Timestamp("2024-05-01 11:59:55")),
            origin="2024-05-01 11:59:55",
        ),
        "month as a word": case(stamps("%d-%b-%Y %H:%M:%S.%f"), **naive),
        "month as a long word": case(stamps("%B %d, %Y %H:%M:%S.%f"), **naive),
        "year of two digits": case(stamps("%d.%m.%y %H:%M:%S.%f"), **naive),
        "no separators": case(stamps("%Y%m%dT%H%M%S.%f"), **naive),
        "days of a spreadsheet": case(numbers(days, 12), tolerance=2e-6),
        "time of the day": case(stamps("%H:%M:%S.%f"), origin="36000.0"),
        "time of the day past midnight": case(
            stamps("%H:%M:%S.%f", pd.Timestamp("2024-05-01 23:59:55")), origin="86395.0"
        ),
        "minutes and seconds": case(
            stamps("%M:%S.%f", pd.Timestamp("2024-05-01 10:59:55")), origin="3595.0"
        ),
        "a pattern as it is given": case(
            stamps("%S.%f|%M|%H %d/%m %Y"), unit="%S.%f|%M|%H %d/%m %Y", **naive
        ),
    }


def divmod_s(step):
    """Return whole seconds since 1970 and nanoseconds."""
    return divmod(START.value + step, 10**9)


def clocks():
    """Return cases of clocks that do not simply go on."""
    late = np.argsort(ROWS + np.random.default_rng(0).uniform(0, 4, COUNT))
    twice = np.repeat(ROWS, 2)
    stray = TIMES.copy()
    stray[[200, 400]] = [5000.0, 0.0]
    kept = np.delete(ROWS, [200, 400])
    shared = TIMES.copy()
    shared[301] = shared[300]
    eighty = numbers(ROWS / 80, 3)
    begun = np.floor(TIMES + 0.54)
    return {
        "restart": case(numbers(TIMES % 6), sessions=2, says=("back by 6.0 s at 0:06",)),
        "summer time ends": case(
            [
                *stamps("%Y-%m-%d %H:%M:%S.%f")[:300],
                *stamps("%Y-%m-%d %H:%M:%S.%f", START - pd.Timedelta(hours=1))[300:],
            ],
            sessions=2,
            says=("back by 60.0 min at 0:06",),
        ),
        "set back by 0.5 s": case(
            numbers(np.where(ROWS < 300, TIMES, TIMES - 0.5), 2),
            sessions=2,
            says=("back by 500 ms at 0:06",),
        ),
        "counter of 32 bits": case(
            [str((4_294_964_000 + 20 * row) % 2**32) for row in range(COUNT)],
            sessions=2,
            name="ms",
            says=("back by 49.7 days at 0:03",),
        ),
        "set in the middle": case(
            numbers(np.where(ROWS < 300, TIMES, TIMES + 1.7e9)),
            sessions=2,
            name="t",
            says=("ahead by 19675.9 days",),
        ),
        "packets of three": case(
            numbers(ROWS // 3 * 0.06), says=("samples come 3 at once, every 60 ms",)
        ),
        "bursts of five": case(
            numbers(ROWS // 5 * 0.1 + ROWS % 5 * 0.001),
            says=("samples come 5 at once, every 100 ms",),
        ),
        "bursts of twenty-five": case(
            numbers(ROWS // 25 * 0.5 + ROWS % 25 * 0.001),
            tolerance=2e-3,
            says=("samples come 25 at once",),
        ),
        "whole seconds": case(
            stamps("%Y-%m-%d %H:%M:%S"), says=("samples come 50 at once, every 1.0 s",)
        ),
        "whole seconds, begun within one": case(
            numbers(begun), times=TIMES + 0.54, says=("samples come 50 at once",)
        ),
        "80 Hz in whole milliseconds": case(eighty, times=np.array(eighty, dtype=float)),
        "late by a few rows": case(
            numbers(TIMES[late] - TIMES[late[0]]),
            times=TIMES - TIMES[late[0]],
            values=VALUES[late],
            kept=np.argsort(late),
            says=("came late, by up to 3 rows",),
        ),
        "every row twice": case(
            numbers(TIMES[twice]),
            values=VALUES[twice],
            kept=slice(None, None, 2),
            says=("600 rows with time and values of another",),
        ),
        "strays": case(
            numbers(stray),
            times=TIMES[kept],
            kept=kept,
            says=("2 samples with a time far from those around, first at 0:03",),
        ),
        "two samples with one stamp": case(
            numbers(shared), says=("1 sample had the time of the one before",)
        ),
        "no order": case(
            numbers(np.random.default_rng(0).permutation(5 * TIMES)[:COUNT]),
            error="in no order of time",
        ),
        "newest first": case(numbers(TIMES[::-1]), error="newest row comes first"),
        "one time": case(numbers(TIMES * 0), error="all rows have the same time"),
        "milliseconds that are said to be seconds": case(
            numbers(TIMES * 1000, 0), unit="s", error="0.05 samples a second.*--time-unit ms"
        ),
        "seconds that are said to be milliseconds": case(
            numbers(TIMES), unit="ms", error="50,000 samples a second.*--time-unit s"
        ),
        "no time": case(["?"] * COUNT, error="no form of the time|no time"),
    }


CASES = forms() | clocks()
