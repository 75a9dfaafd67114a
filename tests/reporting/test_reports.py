"""Every table, figure and claim of the configured reports, on small runs."""

import pandas as pd
import pytest

from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import TableSpec
from harmodels.reporting.tables.latex import latex_table
from tests.reporting.entries import build_table, draw_figure, evaluate_claims

CLASSES = ["walking", "walking_upstairs", "walking_downstairs", "sitting", "standing"]
CLASSES += ["jogging", "laying", "upstairs", "downstairs"]


@pytest.fixture(params=["rnn_minibatch", "mlp_features", "hand_actions", "protocols"])
def whole(request, read_report, write_report, tmp_path):
    """Return a report and runs of all of its experiments."""
    report = read_report(request.param)
    splits = ("train", "validation", "test")[report["training"] == "recurrent" :]
    options = {"replicates": 2, "epochs": 3, "each": 3, "splits": splits}
    options |= {"test_every": 2 if report["training"] == "minibatch" else None, "classes": CLASSES}
    return report, load_runs(write_report(tmp_path, report, list(report["experiments"]), **options))


def test_everything_that_the_report_names_is_made(whole, published):
    report, runs = whole
    people = pd.concat([run.predictions[["id"]] for run in runs[next(iter(runs))]])
    people = people.drop_duplicates().assign(subject="1")
    for name, spec in report["tables"].items():
        table = build_table(spec, runs, published, people)
        assert latex_table(table), name
        beside = any("published" in part for part in (spec, spec.get("left", {})))
        assert table.cells["published"].notna().any() == beside, name
    for name, spec in report["figures"].items():
        assert draw_figure(spec, runs).axes, name
    ledger = evaluate_claims(report.get("claims", {}), runs)
    assert ledger["value"].notna().all()


def test_each_of_the_seventeen_published_rows_stands_beside_ours(
    read_report, write_report, published, tmp_path
):
    report = read_report("mlp_features")
    spec = report["tables"]["table1"]
    options = {"replicates": 1, "epochs": 1, "each": 1}
    runs = load_runs(write_report(tmp_path, report, TableSpec.read(spec).needs, **options))
    cells = build_table(spec, runs, published).cells
    found = cells.loc[cells["measure"] == "top_1"]
    table = published["mlp_features_table1.csv"]
    keys = ["batch_size", "hidden2", "learning_rate", "momentum", "dropout"]
    joined = found.dropna(subset="published").astype(dict.fromkeys(keys, float))
    assert len(found) == 20
    assert len(joined) == 17
    merged = joined.merge(table.astype(dict.fromkeys(keys, float)), on=keys, validate="one_to_one")
    assert (merged["published"] == merged["top1"]).all()
