"""Sequences of equal content are counted, and refused between people and between splits."""

import re
import runpy
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harmodels.data.copies import (
    RUN,
    SharedRows,
    check_copies,
    check_splits,
    equal_sequences,
    recording_of,
)
from harmodels.data.folds import draw_fold_splits
from harmodels.data.sequences import write_sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.errors import DataError
from tests.toys import sequences_of

STEPS = 30
NAMED = re.compile(r"copies: {(\S+): (\S+)}")


@pytest.fixture
def recorded():
    """Return 48 different windows of six people, each of a recording of its own."""
    made = sequences_of(np.random.default_rng(0).normal(size=(48, STEPS, 3)), people=6)
    names = [f"{who}/{row}/1" for row, who in enumerate(made.subjects)]
    labels = (np.arange(48) + np.arange(48) // 6) % len(made.facts.classes)
    return replace(made, ids=np.array(names), labels=labels, official_split=np.full(48, ""))


def with_copy(sequences, row, other, **changes):
    """Let one window have the content of another."""
    values = sequences.values.copy()
    values[row * STEPS : (row + 1) * STEPS] = values[other * STEPS : (other + 1) * STEPS]
    return replace(sequences, values=values, **changes)


def test_different_windows_are_no_copies(recorded):
    assert equal_sequences(recorded).empty
    assert check_copies(recorded, {}) == {}


def test_a_copy_of_the_same_person_is_counted(recorded):
    assert check_copies(with_copy(recorded, 6, 0), {}) == {"p0/6 = p0/0": 1}


def test_the_same_content_of_two_people_is_refused_by_name(recorded):
    says = r"p1/7/1 of p1 and p0/0/1 of p0 are equal, .*1 sequence .*copies: {p1/7: p0/0}"
    with pytest.raises(DataError, match=says):
        check_copies(with_copy(recorded, 7, 0), {})


def test_the_same_content_in_both_official_halves_is_refused(recorded):
    halves = np.array(["train"] * 24 + ["test"] * 24)
    says = "p0/30/1 of p0, in the official test data, and p0/0/1 of p0, in the official train data"
    with pytest.raises(DataError, match=says):
        check_copies(with_copy(recorded, 30, 0, official_split=halves), {})


def test_what_the_remedy_names_is_allowed_and_nothing_else(recorded):
    copied = with_copy(recorded, 7, 0)
    with pytest.raises(DataError) as refused:
        check_copies(copied, {})
    copy, original = NAMED.search(str(refused.value)).groups()
    assert check_copies(copied, {copy: original}) == {"p1/7 = p0/0": 1}
    with pytest.raises(DataError):
        check_copies(copied, {copy: "p0/6"})


@pytest.mark.parametrize(
    "still",
    [
        np.zeros((STEPS, 3)),
        np.ones((STEPS, 3)) * [0, 0, 9.81],
        np.repeat([[0.0, 0, 1], [0, 0, 2]], STEPS // 2, axis=0),  # one step, of a coarse sensor
        np.repeat(np.arange(6.0), 5)[:, None] * [1, 1, 1],
    ],
)
def test_windows_of_a_sensor_that_lies_still_may_be_equal_by_chance(recorded, still):
    values = recorded.values.copy()
    for row in (0, 1, 2):  # of three people
        values[row * STEPS : (row + 1) * STEPS] = still
    assert check_copies(replace(recorded, values=values), {}) == {}


def test_a_large_constant_is_no_number_out_of_range(recorded):
    values = recorded.values.copy()
    values[:, 0] = 3.870968e28  # whose spread is rounding
    assert check_copies(replace(recorded, values=values), {}) == {}


@pytest.mark.parametrize("row", [1, 7])
def test_the_last_digits_and_the_sign_of_zero_make_no_difference(recorded, row):
    copied = with_copy(recorded, row, 0)
    values = copied.values.copy()
    values[0] = 0.0
    values[row * STEPS] = -0.0
    values[row * STEPS + 1] *= 1 + 1e-6
    with pytest.raises(DataError, match="are equal"):
        check_copies(replace(recorded, values=values), {})


def test_windows_of_unequal_length_are_different(recorded):
    offsets = recorded.offsets.copy()
    offsets[1] -= 1  # the first is a step shorter, the second longer
    assert check_copies(replace(with_copy(recorded, 6, 0), offsets=offsets), {}) == {}


def drawn_apart(recorded, draw):
    """Return splits of two replicates, and the windows with two of different splits made equal."""
    splits = draw_splits(recorded, draw, seed=1, replicates=2)
    first = splits[splits["replicate"] == 0].set_index("id")["split"]
    other = "validation" if draw.validation_per_class else "test"
    person = first.index[first == other][0].split("/")[0]
    mine = first[first.index.str.startswith(f"{person}/")]
    names = [mine.index[mine == split][0] for split in ("train", other)]
    rows = sorted(recorded.ids.tolist().index(name) for name in names)
    return splits, with_copy(recorded, rows[1], rows[0]), names


@pytest.mark.parametrize(
    "keys",
    [
        {"protocol": "random", "test_fraction": 0.5},
        {"protocol": "per_class", "test_per_class": 4},
        {"protocol": "subjects", "test_fraction": 0.2, "validation_per_class": 5},
    ],
    ids=str,
)
def test_the_same_content_on_both_sides_of_a_draw_is_refused(recorded, keys):
    splits, copied, names = drawn_apart(recorded, Draw(**keys))
    check_splits(recorded, splits, {})
    with pytest.raises(DataError, match=r"\(train\).*are equal") as refused:
        check_splits(copied, splits, {})
    assert all(name in str(refused.value) for name in names)
    copy, original = NAMED.search(str(refused.value)).groups()
    check_splits(copied, splits, {copy: original})


def test_a_recording_that_repeats_itself_is_kept_apart_by_people(recorded):
    own = replace(recorded, ids=np.array([f"{w}/{i:05d}" for i, w in enumerate(recorded.subjects)]))
    splits, copied, _ = drawn_apart(own, Draw(protocol="random", test_fraction=0.5))
    with pytest.raises(DataError, match=r"repeats itself.*protocol: subjects"):
        check_splits(copied, splits, {})
    check_splits(copied, draw_splits(copied, Draw(protocol="subjects"), seed=1, replicates=2), {})


def test_the_same_content_on_one_side_is_allowed(recorded):
    splits = draw_splits(recorded, Draw(protocol="subjects"), seed=1, replicates=1)
    check_splits(with_copy(recorded, 6, 0), splits, {})


def test_folds_are_looked_at_one_by_one(recorded):
    draw, people = Draw(protocol="leave_one_subject_out"), [f"p{number}" for number in range(6)]
    splits = draw_fold_splits(recorded, draw, people, seed=1, replicates=1)
    check_splits(with_copy(recorded, 6, 0), splits, {})
    with pytest.raises(DataError, match="are equal"):
        check_splits(with_copy(recorded, 7, 0), splits, {})


@pytest.mark.parametrize("known", [False, True])
def test_the_job_that_draws_splits_looks_at_them(recorded, known, script_in, tmp_path, capsys):
    keys = {"protocol": "random", "test_fraction": 0.5}
    _, copied, names = drawn_apart(recorded, Draw(**keys))
    write_sequences(tmp_path / "sequences.parquet", copied)
    copy, original = (recording_of(name) for name in names)
    plan = {"draw": keys, "replicates": 2, "first": 0, "folds": []}
    job = script_in(tmp_path)
    job.input = SimpleNamespace(sequences=tmp_path / "sequences.parquet")
    job.output = SimpleNamespace(splits=tmp_path / "splits.parquet")
    job.wildcards = SimpleNamespace(dataset="toy", draw="report")
    job.params = SimpleNamespace(seed=1, draw=plan | {"copies": {copy: original} if known else {}})
    script = f"{job.scriptdir}/draw_splits.py"
    if known:
        runpy.run_path(script, {"snakemake": job})
    else:
        with pytest.raises(SystemExit):
            runpy.run_path(script, {"snakemake": job})
        assert "are equal" in capsys.readouterr().err
    assert (tmp_path / "splits.parquet").exists() is known


def test_many_equal_windows_take_no_quadratic_time(recorded):
    count = 20_000
    many = sequences_of(np.broadcast_to(recorded[0], (count, STEPS, 3)), people=1)
    many = replace(many, ids=np.array([f"p0/{row}/1" for row in range(count)]))
    splits = draw_splits(many, Draw(protocol="random"), seed=1, replicates=1)
    began = time.perf_counter()
    with pytest.raises(DataError, match="are equal"):
        check_splits(many, splits, {})
    assert time.perf_counter() - began < 20


ROWS, OTHER = np.random.default_rng(1).normal(size=(2, 300, 3))


def shared(*recordings):
    """Return the rows of recordings, each with its person."""
    rows = SharedRows()
    for whose, person, values in recordings:
        rows.add(whose, person, values)
    return rows


@pytest.mark.parametrize(
    ("copy", "common"),
    [
        (ROWS[1:], 299),
        (ROWS[:-7], 293),
        (ROWS[100 : 100 + RUN], RUN),
        (np.concatenate([OTHER, ROWS[50:200], OTHER]), 150),
    ],
    ids=["first row", "last rows", "short", "within"],
)
def test_a_copy_that_begins_or_ends_elsewhere_is_refused_and_the_remedy_leads_on(copy, common):
    left = ("a", "ann", ROWS), ("c", "ann", ROWS[::-1])
    says = f"^b and a have {common} rows in common, as recordings of bea and ann: .*; remove one"
    with pytest.raises(DataError, match=says):
        shared(*left, ("b", "bea", copy)).check()
    shared(*left).check()


@pytest.mark.parametrize(
    ("person", "values", "copy"),
    [
        ("ann", ROWS, ROWS[1:]),
        ("bea", ROWS, ROWS[: RUN - 1]),
        ("bea", ROWS, ROWS[::-1]),
        ("bea", ROWS, ROWS[[0, 2, 1, *range(3, RUN)]]),
        ("bea", ROWS, ROWS[:, [1, 0, 2]]),
        ("bea", np.ones((300, 3)), np.ones((300, 3))),
        ("bea", np.repeat(ROWS, 4, axis=0), np.repeat(ROWS, 4, axis=0)),
        ("bea", np.tile(ROWS[:50], (6, 1)), np.tile(ROWS[:50], (6, 1))),
    ],
    ids=["one person", "fewer", "backwards", "order", "channels", "still", "slow", "periodic"],
)
def test_rows_in_common_that_say_nothing_are_passed_over(person, values, copy):
    shared(("a", "ann", values), ("b", person, copy)).check()


def test_no_recording_and_one_without_rows_share_nothing():
    shared().check()
    shared(("a", "ann", ROWS[:0]), ("b", "bea", ROWS[:0])).check()
