"""run.json and card.json as types: what is written is read back, and whatever is wrong is named."""

import pytest

from harmodels.errors import ResultsError
from harmodels.files import write_json
from harmodels.records.card import DatasetCard
from harmodels.records.run import RunRecord
from tests.run_files import RUN


def read(tmp_path, content):
    write_json(tmp_path / "run.json", content)
    return RunRecord.read_file(tmp_path / "run.json")


def test_a_record_is_written_with_the_bytes_it_was_read_from(tmp_path):
    record = read(tmp_path, RUN)
    write_json(tmp_path / "again.json", record.model_dump())
    again = RunRecord.read_file(tmp_path / "again.json")
    assert again == record
    write_json(tmp_path / "once more.json", again.model_dump())
    assert (tmp_path / "once more.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_the_configuration_has_the_order_of_the_grid_which_json_loses(tmp_path):
    values = {"hidden": 50, "learning_rate": 0.1, "batch_size": 10}
    record = read(tmp_path, RUN | {"configuration": values, "grid": list(values)})
    assert list(record.configuration) == ["hidden", "learning_rate", "batch_size"]


def test_keys_that_older_versions_lack_and_newer_ones_have_are_no_mistakes(tmp_path):
    assert set(RUN) == {
        name for name, field in RunRecord.model_fields.items() if field.is_required()
    }
    assert read(tmp_path, RUN | {"of a newer version": 1}).files == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (None, "run.json: None should be a mapping"),
        ([], "run.json: [] should be a mapping"),
        ({"engine": ...}, "the key 'engine' is missing"),
        ({"classes": 5}, "classes: 5 should be a list"),
        ({"configuration": []}, "configuration: [] should be a mapping"),
        ({"name": 3}, "name: 3 should be text"),
        ({"seed": "1"}, "seed: '1' should be a whole number; take its quotes away"),
        ({"validation": 1}, "validation: 1 should be true or false"),
        ({"wall_time_s": -1.0}, "wall_time_s: -1.0 should be at least 0"),
        ({"grid": ["hidden", "clip"]}, "configuration: has the keys hidden, but grid names hidden"),
        ({"replicates": []}, "replicates: [] should have at least one item"),
        ({"replicates": [3]}, "replicates.0: 3 should be a mapping"),
        ({"replicates": [{}]}, "replicates.0: the key 'best_epoch' is missing"),
        (
            {"replicates": [{**RUN["replicates"][0], "best_epoch": "2"}]},
            "replicates.0.best_epoch: '2' should be a number; take its quotes away",
        ),
        (
            {"replicates": [{**RUN["replicates"][0], "epochs": 1.5}]},
            "replicates: 1.5 should be a whole number of epochs",
        ),
        ({"replicates": [{**RUN["replicates"][0], "epochs": 2**40}]}, "should be at most"),
    ],
)
def test_a_mistake_is_named_with_its_file_key_and_remedy(tmp_path, change, says):
    content = change
    if isinstance(change, dict):
        content = {key: value for key, value in (RUN | change).items() if value is not ...}
    with pytest.raises(ResultsError, match=r"run\.json") as caught:
        read(tmp_path, content)
    assert says in str(caught.value)
    assert "Delete it and run snakemake again." in str(caught.value)


def test_a_card_that_lacks_a_key_is_named_with_it(tmp_path):
    write_json(tmp_path / "card.json", {"simulated": True, "sources": {}, "classes": ["a"]})
    with pytest.raises(ResultsError, match=r"card\.json: the key 'sequences' is missing"):
        DatasetCard.read_file(tmp_path / "card.json")
