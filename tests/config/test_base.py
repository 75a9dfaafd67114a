"""The base of all records, seen through the options and the project."""

import subprocess
import sys

import pytest

from harmodels.config.options import OPTIONS, Baseline, Perceptron, TruncatedBptt
from harmodels.config.project import ProjectFile
from harmodels.config.report_file import ExperimentEntry
from harmodels.errors import ConfigurationError

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("record", OPTIONS.values())
def test_every_option_has_a_default_that_it_may_hold_and_a_meaning(record):
    assert record(**record().model_dump()) == record()
    assert all(field.description.endswith(".") for field in record.model_fields.values())


def test_every_mistake_is_named_at_once_with_a_remedy():
    given = {"hidden": 0, "clip": "1e3", "window": "5", "wndow": 3, "monitor": "loss", 7: 1}
    with pytest.raises(ConfigurationError) as raised:
        TruncatedBptt.read(given, "mine.yaml: a")
    known = ", ".join(TruncatedBptt.model_fields)
    *lines, seven = str(raised.value).splitlines()
    assert [line.removeprefix("mine.yaml: a: ") for line in lines] == [
        "hidden: 0 should be at least 1",
        "window: '5' should be a whole number; take its quotes away",
        "clip: '1e3' should be a number; YAML reads it as text, write 1.0e+3",
        "monitor: 'loss' should be one of 'binary_cross_entropy', 'negative_log_likelihood'",
        f"unknown key 'wndow' (did you mean 'window'?); known are {known}",
    ]
    assert "unknown key 7;" in seven


def test_a_list_whose_items_are_wrong_is_not_called_empty_too() -> None:
    plan = {"reports": {"a": {"datasets": ["x"], "draw": {"protocol": ["subjcts"]}}}}
    with pytest.raises(
        ConfigurationError, match=r"^c: reports.a.draw.protocol.0: 'subjcts'.*'\?\)$"
    ):
        ProjectFile.read(plan, "c")


@pytest.mark.parametrize(
    "given", [{}, {"grid": {"hidden": [1]}, "configurations": [{"hidden": 1}]}]
)
def test_an_experiment_has_a_grid_or_a_list_of_configurations(given: dict) -> None:
    with pytest.raises(ConfigurationError, match="x: give either grid or configurations"):
        ExperimentEntry.read({"title": "t", **given}, "x")


def test_a_long_list_of_mistakes_is_cut():
    with pytest.raises(ConfigurationError, match="and 15 more"):
        TruncatedBptt(**{f"x{i}": 1 for i in range(25)})


@pytest.mark.parametrize("value", [5.0, NAN, INFINITY, True, "5", None, [5], {}])
def test_only_a_whole_number_counts(value):
    plan = {"reports": {"rnn_tbptt": {"datasets": ["simulated"]}}, "replicates": value}
    with pytest.raises(ConfigurationError, match="mine: replicates: .* should be a whole number"):
        ProjectFile.read(plan, "mine")


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY, True, "0.1", [], 1e39])
def test_a_learning_rate_is_a_finite_number(value):
    with pytest.raises(ConfigurationError, match="learning_rate: .* should be "):
        TruncatedBptt(learning_rate=value)


def test_a_changed_copy_is_checked_and_a_number_stays_as_it_is_written():
    with pytest.raises(ConfigurationError, match="momentum: 1 should be below 1"):
        Perceptron(momentum=1)
    with pytest.raises(ConfigurationError, match="clip: 0 should be above 0"):
        TruncatedBptt().replaced(clip=0)
    assert type(TruncatedBptt(clip=1).model_dump()["clip"]) is int


def test_a_file_has_to_state_what_python_has_a_default_for():
    assert Baseline().model == "majority"
    with pytest.raises(ConfigurationError, match="the key 'model' is missing"):
        Baseline.read({})


def test_options_are_imported_without_the_libraries_of_other_rooms():
    code = (
        "import sys, harmodels.config.options;"
        "print({'pandas', 'torch', 'yaml', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
