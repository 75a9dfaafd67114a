import json

import pytest

from harmodels.pipeline.sections import page_sections, recorded_datasets, recorded_sections
from harmodels.pipeline.targets import Targets


def test_the_page_has_a_section_for_each_report_on_each_data_set(pipeline):
    sections = page_sections(pipeline)
    assert [section["folder"] for section in sections] == [
        "results/rnn_tbptt/simulated",
        "results/rnn_tbptt/wisdm",
        "results/mlp_features/uci-har",
    ]
    assert "readings" not in sections[0]["spec"]["tables"]
    assert set(sections[0]["spec"]["experiments"]) == {"part_b", "part_c"}
    assert set(map(tuple, sections[0]["protocols"].values())) == {("official", "per_class")}


def test_the_record_knows_which_table_each_experiment_reads(pipeline):
    reads = [section["reads"] for section in recorded_sections(pipeline)]
    table = "datasets/simulated/sequences.parquet"
    assert reads[0] == {"part_b": table, "part_c": table}


def test_the_record_names_archive_and_comparison_where_there_are_any(pipeline):
    data = recorded_datasets(pipeline)
    assert data["simulated"]["archive"] is None
    assert data["wisdm"]["archive"]["path"].startswith("downloads/wisdm/")
    assert "features/correlation.csv" in data["uci-har"]["files"]
    assert "features/correlation.csv" not in data["wisdm"]["files"]


def test_the_record_names_the_map_of_computed_features(pipeline):
    data = recorded_datasets(pipeline)
    found = {name for name, parts in data.items() if "feature_map.parquet" in parts["files"]}
    assert found == {"uci-har"}
    assert "results/datasets/uci-har/feature_map.parquet" in Targets(pipeline).data_tables()


@pytest.mark.parametrize("downloads", ["/data/downloads", "elsewhere"])
def test_an_archive_outside_the_results_is_not_recorded(load, downloads):
    assert recorded_datasets(load(downloads=downloads))["wisdm"]["archive"] is None


def test_what_rules_are_given_can_be_written_down(pipeline):
    json.dumps([page_sections(pipeline), recorded_sections(pipeline), recorded_datasets(pipeline)])
