import re

import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.inputs import Inputs
from harmodels.pipeline.targets import Targets, pattern_of, run_folders


@pytest.fixture
def targets(pipeline):
    return Targets(pipeline)


def test_every_product_of_the_configuration_is_a_target_in_every_form(targets, pipeline):
    products = targets.tables() + targets.figures()
    for dataset in ("simulated", "wisdm"):
        folder = f"results/rnn_tbptt/{dataset}/tables"
        assert {f"{folder}/table1.{ending}" for ending in ("csv", "md", "tex")} <= {*products}
    assert not [path for path in products if "/readings" in path or "dropout" in path]
    assert len(targets.cards()) == 3
    assert len(targets.previews()) == 6
    folders = run_folders(pipeline, "rnn_tbptt", "wisdm", ["part_b"])
    assert {f"{folder}/run.json" for folder in folders} <= set(targets.run_records())
    # in the order of the grid
    names = list(pipeline.experiment("rnn_tbptt", "part_b").configurations)
    assert [folder.rpartition("/")[2] for folder in folders] == names


def test_a_ledger_is_a_target_only_where_a_claim_can_be_judged(load):
    plan = {"rnn_tbptt": {"datasets": ["simulated"], "experiments": ["part_b"]}}
    claims = Targets(load(reports=plan)).claims()
    assert claims == [f"results/rnn_tbptt/simulated/claims.{e}" for e in ("csv", "md")]


def test_features_are_compared_where_an_archive_ships_some_and_a_network_reads_some(targets):
    assert targets.compared_datasets() == ["uci-har"]
    assert "results/datasets/uci-har/features/correlation.svg" in targets.comparisons()


def test_the_tables_of_a_data_set_are_those_that_runs_or_comparisons_read(targets):
    assert targets.tables_of_dataset("wisdm") == ["sequences.parquet"]
    assert targets.tables_of_dataset("uci-har") == [
        "computed_features.parquet",
        "sequences.parquet",
        "shipped_features.parquet",
    ]
    assert "results/rnn_tbptt/wisdm/splits/report.parquet" in targets.data_tables()


def test_a_pattern_matches_just_its_names():
    pattern = pattern_of(["a.b", "c"])
    assert re.fullmatch(pattern, "a.b")
    assert not re.fullmatch(pattern, "axb")
    assert not re.fullmatch(pattern_of([]), "")
    assert not re.fullmatch(pattern_of([]), "a")


@pytest.fixture
def transfer(load):
    """A report with experiments on recordings of their own beside those of its data set."""
    names = ["regime", "regime_in_g", "regime_transfer", "regime_transfer_in_g"]
    return load(reports={"rnn_tbptt": {"datasets": ["simulated"], "experiments": names}})


def test_an_experiment_on_other_recordings_has_its_runs_and_splits_under_them(transfer):
    targets = Targets(transfer)
    homes = {record.split("/")[4]: record.split("/")[2] for record in targets.run_records()}
    assert homes == {
        **dict.fromkeys(("regime", "regime_in_g"), "simulated"),
        **dict.fromkeys(("regime_transfer", "regime_transfer_in_g"), "uci-har"),
    }
    splits = targets.splits("rnn_tbptt", "simulated")
    assert {folder.split("/")[2] for folder in splits} == {"simulated", "uci-har"}
    assert all(folder.split("/")[2] == file.split("/")[2] for folder, file in splits.items())
    assert targets.tables_of_dataset("uci-har") == ["sequences.parquet"]
    # products are those of the data set that the report is built on
    assert all(table.startswith("results/rnn_tbptt/simulated/") for table in targets.tables())


def test_a_table_of_several_recordings_knows_the_people_of_all(transfer, wildcards):
    found = Inputs(transfer).sequences_of_subjects("tables")(wildcards(name="regime"))
    assert found == [
        f"results/datasets/{name}/sequences.parquet" for name in ("simulated", "uci-har")
    ]


def test_a_job_reads_accelerations_in_the_unit_of_its_experiment(transfer, wildcards):
    inputs = Inputs(transfer)
    units = {
        name: inputs.job(wildcards(experiment=name, configuration="update=window+clip=0.5"))["unit"]
        for name in ("regime", "regime_in_g")
    }
    assert units == {"regime": "m/s²", "regime_in_g": "g"}


def test_a_model_of_other_recordings_is_refused(load):
    names = ["regime", "regime_transfer"]
    reports = {"rnn_tbptt": {"datasets": ["simulated"], "experiments": names}}
    model = {"report": "rnn_tbptt", "dataset": "simulated", "experiment": "regime_transfer"}
    with pytest.raises(ConfigurationError, match="regime_transfer is always trained on uci-har"):
        load(reports=reports, models={"m": model})
