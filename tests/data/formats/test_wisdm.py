from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmodels.data.dataset import Archive
from harmodels.data.formats.wisdm import (
    EMPTY,
    NO_TIME,
    NOT_A_NUMBER,
    REASONS,
    UNKNOWN_ACTIVITY,
    WRONG_COUNT,
    parse_records,
    read,
)
from harmodels.errors import DataError
from harmodels.files import sha256

CLASSES = ("jogging", "walking")
TICK = 50_000_000


def _line(user=1, activity="Walking", tick=1, x=0.5):
    return f"{user},{activity},{tick * TICK},{x},9.8,-1.5;"


def _dropped(text):
    return {k: n for k, n in parse_records(text, CLASSES).dropped.items() if n}


def test_a_plain_record_is_read_and_its_class_found_in_any_case():
    text = "33,jOGGING,49105962326000,-0.69,12.68,0.50395286;\n"
    records = parse_records(text, ("Walking", "Jogging"))
    assert records.users.tolist() == [33]
    assert records.labels.tolist() == [1]
    assert records.times.tolist() == [49105962326000]
    np.testing.assert_allclose(records.values, [[-0.69, 12.68, 0.50395286]], rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "1,Walking,5,1,2,3;1,Walking,6,1,2,3;\n",
        "1,Walking,5,1,2,3,;\n1,Walking,6,1,2,3,;\n",
        "1,Walking,5,1,2,3\n1,Walking,6,1,2,3\n",
        "1,Walking,5,1,2,3;\r\n\r\n ;1, walking ,6,1,2,3;;\r\n",
    ],
    ids=["two on a line", "trailing commas", "no semicolons", "CRLF, blanks, letter case"],
)
def test_every_way_of_writing_two_records_is_read(text):
    records = parse_records(text, CLASSES)
    assert records.times.tolist() == [5, 6]
    assert sum(records.dropped.values()) == 0


@pytest.mark.parametrize(
    ("reason", "records"),
    [
        (WRONG_COUNT, ["1,Walking,5,1,2", "1,Walking,5,1,2,3,4", "1,Walking,5,1,2,3,,"]),
        (EMPTY, ["1,Walking,5,1,2,", "1,Walking,5,,2,3", ",Walking,5,1,2,3"]),
        (
            NOT_A_NUMBER,
            [f"1,Walking,5,1,{x},3" for x in ("nan", "three", "1_0", "٣", "inf", "1e99")],
        ),
        (NOT_A_NUMBER, ["1.5,Walking,5,1,2,3", "1,Walking,99999999999999999999999,1,2,3"]),
        (UNKNOWN_ACTIVITY, ["1,Flying,5,1,2,3"]),
        (NO_TIME, ["1,Walking,0,1,2,3"]),
    ],
)
def test_a_broken_record_is_counted_by_its_reason(reason, records):
    for record in records:
        assert _dropped(f"{_line()}\n{record};\n{_line(tick=2)}") == {reason: 1}, record


def test_a_zero_timestamp_still_counts_as_a_record_of_its_class():
    records = parse_records("1,Walking,0,1,2,3;" + _line(), CLASSES)
    assert records.well_formed == {"jogging": 0, "walking": 2}
    assert len(parse_records("\n;\n", CLASSES).users) == 0


@pytest.fixture
def small(registry, window):
    return replace(registry["wisdm"], classes=CLASSES, window=window)


@pytest.fixture
def read_lines(small, tmp_path):
    def write_and_read(lines):
        (tmp_path / "raw.txt").write_text("\n".join(lines), encoding="utf-8")
        return read(small, tmp_path / "raw.txt")

    return write_and_read


@pytest.mark.parametrize(
    "second",
    [
        [_line(user=2, tick=t) for t in (4, 5)],
        [_line(activity="Jogging", tick=t) for t in (4, 5)],
        [_line(tick=t) for t in (40, 41)],
        [_line(tick=t) for t in (1, 2)],
        ["1,Walking,5,1,2,;", *(_line(tick=t) for t in (4, 5))],
    ],
    ids=["user", "activity", "pause", "step back in time", "dropped record"],
)
def test_no_window_crosses_a_break(second, read_lines):
    first = [_line(tick=t, x=t) for t in (1, 2, 3)]
    last = [_line(user=3, tick=t) for t in range(3)]
    sequences, notes, _ = read_lines([*first, *second, *last[1:]])
    assert sequences.ids.tolist() == ["1/walking/00001"]
    assert sequences[0][:, 0].tolist() == [1.0, 2.0, 3.0]
    assert notes["dropped"]["records too few for a window"] == 4


def test_a_lost_record_or_two_is_no_pause(read_lines):
    assert len(read_lines([_line(tick=t) for t in (1, 3, 6)]).sequences) == 1


def test_windows_are_named_by_user_and_activity(read_lines):
    lines = [_line(tick=t) for t in range(1, 8)]
    lines += [_line(user=2, activity="Jogging", tick=t) for t in range(9, 12)]
    sequences = read_lines(lines).sequences
    assert sequences.ids.tolist() == ["1/walking/00001", "1/walking/00002", "2/jogging/00001"]
    assert sequences.subjects.tolist() == ["1", "1", "2"]
    assert sequences.labels.tolist() == [1, 1, 0]
    assert set(sequences.official_split) == {""}


def test_a_file_without_a_window_and_a_missing_one_are_refused(read_lines, small, tmp_path):
    with pytest.raises(DataError, match=r"no window of 3 .* 2 usable and 1 dropped"):
        read_lines([_line(tick=1), _line(tick=2), "1,Walking,5;"])
    with pytest.raises(DataError, match=r"cannot read .*none\.txt"):
        read(small, tmp_path / "none.txt")


@pytest.mark.parametrize(("walking", "agree"), [(3, True), (4, False)])
def test_the_totals_of_the_official_file_alone_are_compared(walking, agree, small, tmp_path):
    path = tmp_path / "raw.txt"
    path.write_text("\n".join(_line(tick=t) for t in (1, 2, 3)), encoding="utf-8")
    known = Archive(file="a", largest_bytes=1, checksums={"raw.txt": sha256(path)})
    official = {"jogging": 0, "walking": walking}
    notes = read(replace(small, archive=known, official_records=official), path).notes
    assert notes["official_records"]["agree"] is agree
    assert "official_records" not in read(replace(small, official_records=official), path).notes


FIELD = st.one_of(
    st.sampled_from(["", "0", "1", "7", "Walking", "jogging", "x", "-1.5", " 2 ", "nan", "1e5"]),
    st.integers(-9, 9).map(str),
)
RECORD = st.lists(FIELD, max_size=8).map(",".join)
TEXT = st.lists(st.tuples(RECORD, st.sampled_from([";", ";\n", "\n", ",;\n", ";;"])), max_size=20)


@settings(deadline=None, max_examples=200)
@given(TEXT)
def test_every_record_is_used_or_counted(parts):
    text = "".join(record + end for record, end in parts)
    records = parse_records(text, CLASSES)
    written = [p for line in text.split("\n") for p in line.split(";") if p.strip()]
    assert set(records.dropped) == set(REASONS)
    assert len(records.users) + sum(records.dropped.values()) == len(written)
    assert np.isfinite(records.values).all()
    assert (records.times != 0).all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(CLASSES), st.integers(1, 10**15)),
        min_size=1,
        max_size=20,
    )
)
def test_whole_records_come_back_as_written(rows):
    text = "".join(f"{user},{activity},{time},1,2,3;\n" for user, activity, time in rows)
    records = parse_records(text, CLASSES)
    labels = [CLASSES[label] for label in records.labels]
    assert list(zip(records.users, labels, records.times, strict=True)) == rows
