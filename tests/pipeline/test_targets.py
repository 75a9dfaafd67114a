import re

import pytest

from harmodels.pipeline.targets import Targets, pattern_of, run_folders


@pytest.fixture
def targets(pipeline):
    return Targets(pipeline)


def test_every_table_is_built_in_every_form_and_on_every_data_set(targets):
    tables = targets.tables()
    for dataset in ("simulated", "wisdm"):
        for ending in ("csv", "md", "tex"):
            assert f"results/rnn_tbptt/{dataset}/tables/table1.{ending}" in tables


def test_no_product_of_an_experiment_left_out_is_a_target(targets):
    products = targets.tables() + targets.figures()
    assert products
    assert not [path for path in products if "/readings" in path or "dropout" in path]


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


def test_every_data_set_has_a_card_and_a_preview(targets):
    assert len(targets.cards()) == 3
    assert len(targets.previews()) == 6


def test_every_run_has_a_record(targets, pipeline):
    folders = run_folders(pipeline, "rnn_tbptt", "wisdm", ["part_b"])
    assert {f"{folder}/run.json" for folder in folders} <= set(targets.run_records())


def test_the_folders_of_runs_are_in_the_order_of_the_grid(pipeline):
    folders = run_folders(pipeline, "rnn_tbptt", "simulated", ["part_b"])
    configurations = pipeline.experiment("rnn_tbptt", "part_b").configurations
    assert [folder.rpartition("/")[2] for folder in folders] == list(configurations)


def test_a_pattern_matches_just_its_names():
    pattern = pattern_of(["a.b", "c"])
    assert re.fullmatch(pattern, "a.b")
    assert not re.fullmatch(pattern, "axb")
    assert not re.fullmatch(pattern_of([]), "")
    assert not re.fullmatch(pattern_of([]), "a")
