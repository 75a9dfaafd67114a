import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.labels import Labels


@pytest.fixture
def labels(pipeline):
    return Labels(pipeline)


def test_results_are_listed_by_the_titles_of_report_and_data_set(labels, wildcards):
    category = labels.category(wildcards())
    assert category == "Elman network, truncated BPTT (Simulated recordings, waist, 50 Hz)"


def test_a_table_has_its_number_and_title(labels, wildcards):
    label = labels.entry("tables")(wildcards(name="table2"))
    assert label["table"] == "Table 2"
    assert label["title"].startswith("Top-k accuracy")


def test_a_data_set_is_named_by_its_title(labels, wildcards):
    assert labels.data("Preview")(wildcards(dataset="uci-har")) == {
        "data set": "UCI HAR",
        "title": "Preview",
    }


def test_a_figure_that_the_report_lacks_is_named(labels, wildcards):
    with pytest.raises(ConfigurationError, match="figure99"):
        labels.entry("figures")(wildcards(name="figure99"))
