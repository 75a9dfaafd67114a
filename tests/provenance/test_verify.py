import shutil

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from harmodels.files import read_json, sha256, write_json
from harmodels.provenance.verification import report_lines, verify_folder

PLACE = "toy_report/toy"
RUN = f"{PLACE}/runs/plain/learning_rate=0.1"
OTHER = f"{PLACE}/runs/plain/learning_rate=0.2"
MADE_OF_RUN = ("table table1", "figure figure1", "claims claims", "toy.html")


def found(results):
    """Return file → problems."""
    problems: dict[str, list[str]] = {}
    for finding in verify_folder(results).findings:
        problems.setdefault(finding.file, []).append(finding.problem)
    return problems


def test_what_was_built_follows(made):
    checks = verify_folder(made)
    assert checks.findings == []
    assert checks.recomputed == 2 * 3 + 2  # two tables in three forms, a ledger in two
    assert report_lines(checks)[-1].endswith("all consistent")


def problems_of(results, *files):
    """Return the problems of one file, after checking that no other file has any."""
    problems = found(results)
    assert set(problems) == set(files)
    return problems[files[0]]


def test_a_changed_digit_in_a_table_is_named_with_its_cell(results):
    path = results / PLACE / "tables" / "table1.csv"
    frame = pd.read_csv(path)
    frame.loc[0, "value"] += 0.01
    frame.to_csv(path, index=False, lineterminator="\n")
    (problem,) = problems_of(results, f"{PLACE}/tables/table1.csv")
    assert "does not follow from predictions and histories of plain" in problem
    assert "cell value of learning_rate 0.1, measure top_1" in problem
    assert repr(str(frame.loc[0, "value"])) in problem


@pytest.mark.parametrize("file", ["tables/table1.md", "tables/people.tex", "claims.md"])
def test_a_changed_text_is_named_with_its_line(results, file):
    path = results / PLACE / file
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[1] = "nothing of this was measured"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "line 2 is 'nothing of this" in problems_of(results, f"{PLACE}/{file}")[0]


def test_a_line_that_is_no_csv_is_named(results):
    path = results / PLACE / "claims.csv"
    path.write_bytes(path.read_bytes().replace(b"zeta,", b"zeta\r\x00,"))
    (problem,) = found(results)[f"{PLACE}/claims.csv"]
    assert "line 2 is 'zeta\\r\\x00," in problem


def test_claims_are_recomputed_in_the_order_of_the_report(results):
    record = read_json(results / "toy.provenance.json")
    (ledger,) = [p for p in record["reports"][0]["products"] if p["kind"] == "claims"]
    assert list(ledger["spec"]) == ["zeta", "alpha"]
    assert pd.read_csv(results / PLACE / "claims.csv")["id"].tolist() == ["zeta", "alpha"]
    assert found(results) == {}


def test_changed_scores_are_named_with_all_that_depends_on_them(results, edit_table):
    file = f"{RUN}/predictions.parquet"

    def perfect(frame):
        last = frame["checkpoint"] == "last"
        right = {f"score_{c}": np.float32(frame["label"] == c) for c in range(3)}
        return frame.where(~last, frame.assign(**right))

    edit_table(results / file, perfect)
    findings = verify_folder(results).findings
    (first,) = [finding for finding in findings if finding.file == file]
    assert "was changed after its run" in first.problem
    assert first.dependents == tuple(
        part if part == "toy.html" else f"{PLACE}: {part}" for part in MADE_OF_RUN
    )
    followers = {finding.file for finding in findings} - {file}
    names = ("tables/table1.csv", "tables/table1.md", "tables/table1.tex", "claims.csv")
    assert followers == {f"{PLACE}/{name}" for name in (*names, "claims.md")}


@pytest.mark.parametrize(
    ("file", "column"),
    [(f"{PLACE}/splits/report.parquet", "split"), ("datasets/toy/sequences.parquet", "label")],
)
def test_other_inputs_are_named_once_with_the_runs_made_from_them(
    results, edit_table, file, column
):
    edit_table(results / file, lambda f: f.assign(**{column: f[column].to_numpy()[::-1]}))
    (finding,) = verify_folder(results).findings
    assert finding.file == file
    assert "is not what 3 runs read" in finding.problem
    assert f"{PLACE}: table people" in finding.dependents


def test_the_run_json_of_another_run_is_named(results):
    shutil.copy2(results / OTHER / "run.json", results / RUN / "run.json")
    problems = found(results)
    assert problems[f"{RUN}/run.json"] == ["is of another run: its name is 'learning_rate=0.2'"]
    assert not any(file.endswith((".parquet", ".safetensors")) for file in problems)


def test_a_changed_fact_in_run_json_is_named(results, edit_json):
    edit_json(results / RUN / "run.json", {"commit": "f" * 40})
    problems = found(results)
    assert set(problems) == {f"{RUN}/run.json", "provenance.md"}  # the page shows the commit
    (problem,) = problems[f"{RUN}/run.json"]
    assert problem.startswith("was edited after the record was written")
    assert "does not follow from the record and its runs" in problems["provenance.md"][0]


def test_a_run_made_again_after_the_record_is_told_from_a_changed_one(results, edit_table):
    edit_table(results / RUN / "history.parquet", lambda f: f.assign(value=f["value"] / 2))
    facts = read_json(results / RUN / "run.json")
    facts["files"]["history.parquet"] = sha256(results / RUN / "history.parquet")
    write_json(results / RUN / "run.json", facts)
    (problem,) = problems_of(results, f"{RUN}/run.json")
    assert "is of a run made after the record was" in problem


@pytest.mark.parametrize(
    "file",
    [
        *(f"{RUN}/{name}.parquet" for name in ("predictions", "history")),
        *(f"{RUN}/{name}" for name in ("run.json", "weights.safetensors")),
        *(f"{PLACE}/{name}" for name in ("splits/report.parquet", "tables/table1.csv")),
        *(f"{PLACE}/figures/figure1.svg", "datasets/toy/card.json", "toy.html", "provenance.md"),
    ],
)
def test_a_removed_file_is_named(results, file):
    (results / file).unlink()
    assert "is missing" in found(results)[file]


@pytest.mark.parametrize("file", ["downloads/toy/toy.zip", "datasets/toy/sequences.parquet"])
def test_what_may_be_absent_is_said_and_no_failure(results, file):
    (results / file).unlink()
    checks = verify_folder(results)
    assert checks.findings == []
    assert any(file in note for note in checks.notes)


def test_another_archive_is_named(results):
    (results / "downloads/toy/toy.zip").write_text("another archive", encoding="utf-8")
    assert "is another archive" in found(results)["downloads/toy/toy.zip"][0]


def test_a_flipped_byte_of_weights_is_named_and_nothing_depends_on_it(results):
    path = results / RUN / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    (finding,) = verify_folder(results).findings
    assert finding.file == f"{RUN}/weights.safetensors"
    assert "was changed after its run" in finding.problem
    assert finding.dependents == ()


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000])
def test_a_cut_file_and_a_file_of_anything_else_is_named_without_a_crash(results, content):
    files = [path for path in results.rglob("*") if path.is_file()]
    files.remove(results / "toy.provenance.json")
    for path in files:
        before = path.read_bytes()
        path.write_bytes(before[: len(before) // 2] if content is None else content)
    problems = set(found(results))
    assert {path.relative_to(results).as_posix() for path in files} <= problems
    if content is not None:
        (results / "toy.provenance.json").write_bytes(content)
        assert set(found(results)) == {"toy.provenance.json"}


PREDICTIONS, HISTORY, SPLITS = (
    *(f"{RUN}/{name}.parquet" for name in ("predictions", "history")),
    f"{PLACE}/splits/report.parquet",
)
MEASURED = f"{PLACE}/runs/other/learning_rate=0.1/history.parquet"
LOSS = "train binary_cross_entropy of replicate"


def put(row, column, value):
    """Return a change of one cell."""

    def change(frame):
        frame.loc[row, column] = value
        return frame

    return change


def twice(row, **other):
    """Return a frame with one of its rows once more."""
    return lambda f: pd.concat([f, f.iloc[[row]].assign(**other)], ignore_index=True)


def without(query):
    return lambda f: f.query(f"not ({query})")


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        (
            PREDICTIONS,
            lambda f: put(7, "label", (f.loc[7, "label"] + 1) % 3)(f),
            "holds 1 label that the sequences do not have: all/007 is standing",
        ),
        (
            PREDICTIONS,
            without("id == 'all/031' and replicate == 1"),
            "lacks 1 sequence of the splits, first all/031, of replicate 1, last weights",
        ),
        (PREDICTIONS, twice(3), "holds all/003 twice of replicate 0, last weights"),
        (
            PREDICTIONS,
            put(3, "id", "all/999"),
            "holds 1 prediction of sequences that the data set lacks, first all/999",
        ),
        (
            PREDICTIONS,
            without("replicate == 1 and checkpoint == 'best'"),
            "lacks the predictions of replicate 1, best weights",
        ),
        (SPLITS, twice(35, split="train"), "holds sequence all/035 twice in replicate 0"),
        (HISTORY, twice(0), f"holds {LOSS} 0 in epoch 1 twice (1 such row)"),
        (
            HISTORY,
            without("epoch == 2 and split == 'train' and replicate == 1"),
            f"lacks {LOSS} 1 in epoch 2 (1 such epoch)",
        ),
        (HISTORY, without("replicate != 0"), f"lacks {LOSS} 1 in epoch 1 (4 such epochs)"),
        (
            HISTORY,
            without("split != 'train'"),
            "lacks validation binary_cross_entropy of replicate 0 in epoch 1 (4 such epochs)",
        ),
        (
            HISTORY,
            lambda f: f.assign(epoch=f["epoch"] + (f["split"] == "validation")),
            "holds unexpected validation accuracy of replicate 0 in epoch 5 (1 such epoch)",
        ),
        (
            HISTORY,
            without("replicate != 0 and metric == 'accuracy'"),
            "lacks validation accuracy of replicate 1 in epoch 1 (4 such epochs)",
        ),
        (
            MEASURED,
            without("epoch == 0"),
            "lacks norms of gradients of replicate 0 in epoch 0 (1 such epoch)",
        ),
        (
            MEASURED,
            lambda f: f.assign(epoch=f["epoch"].where(f["epoch"] > 0, 2)),
            "holds unexpected norms of gradients of replicate 0 in epoch 2 (1 such epoch)",
        ),
    ],
)
def test_what_does_not_fit_together_shows_though_every_hash_was_rewritten(
    results, edit_table, record_again, file, change, says
):
    edit_table(results / file, change)
    record_again(results)
    assert any(problem.startswith(says) for problem in found(results)[file])


def test_a_test_sequence_that_was_trained_on_is_named(results, edit_table, record_again):
    edit_table(results / SPLITS, put(30, "split", "train"))
    record_again(results)
    problems = found(results)
    for run in (RUN, OTHER):
        says = "all/030 is listed under test, its split is train"
        assert says in problems[f"{run}/predictions.parquet"][0]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("best_epoch", 9, "in 9"),
        ("epochs", 2**31 - 1, f"lacks {LOSS} 0 in epoch 5 (2,147,483,643 such epochs)"),
        ("epochs", 3, f"holds unexpected {LOSS} 0 in epoch 4 (1 such epoch)"),
    ],
)
def test_outcomes_that_the_history_contradicts_are_named(results, record_again, key, value, says):
    path = results / RUN / "run.json"
    facts = read_json(path)
    facts["replicates"][0][key] = value
    write_json(path, facts)
    record_again(results)
    assert any(says in problem for problem in found(results)[HISTORY])


def test_weights_of_other_replicates_are_named(results, record_again):
    tensors = {f"{kind}.weight": np.zeros((3, 2), np.float32) for kind in ("last", "best")}
    save_file(tensors, results / RUN / "weights.safetensors")
    record_again(results)
    problems = found(results)[f"{RUN}/weights.safetensors"]
    assert "of shape (3, 2), but 2 replicates were trained" in problems[0]
