import re
import subprocess
import sys

import pytest

from harmodels.errors import ConfigurationError


def test_data_sets_are_those_that_reports_name(pipeline):
    assert list(pipeline.datasets) == ["simulated", "wisdm", "uci-har"]
    assert pipeline.simulated == ["simulated"]
    assert pipeline.recorded == ["uci-har", "wisdm"]


def test_every_report_comes_with_each_of_its_data_sets(pipeline):
    pairs = [f"{report.key} {dataset}" for report, dataset in pipeline.reports]
    assert pairs == ["rnn_tbptt simulated", "rnn_tbptt wisdm", "mlp_features uci-har"]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda p: p.report("rnn_tbtt"), "no report 'rnn_tbtt'; did you mean 'rnn_tbptt'"),
        (lambda p: p.dataset("wism"), "no data set 'wism'; did you mean 'wisdm'"),
        (lambda p: p.experiment("rnn_tbptt", "part_x"), "report rnn_tbptt has no experiment"),
        (lambda p: p.configuration("rnn_tbptt", "part_b", "clip=9"), "no configuration 'clip=9'"),
        (lambda p: p.spec("rnn_tbptt", "tables", "tabel1"), "did you mean 'table1'"),
        (lambda p: p.spec("rnn_tbptt", "figures", "none"), "has no figure 'none'"),
    ],
)
def test_an_unknown_name_is_named_with_what_there_is(pipeline, ask, says):
    with pytest.raises(ConfigurationError, match=says) as refused:
        ask(pipeline)
    assert "(it has " in str(refused.value)


def test_a_long_list_of_names_is_cut(pipeline):
    with pytest.raises(ConfigurationError, match="learning_rate=.* and [0-9]+ more") as refused:
        pipeline.configuration("rnn_tbptt", "part_b", "learning_rate=7")
    assert len(str(refused.value)) < 600


def test_a_table_of_an_experiment_left_out_says_so(pipeline):
    says = r"needs the experiment 'readings', which .* leaves out \(it has"
    with pytest.raises(ConfigurationError, match=says):
        pipeline.spec("rnn_tbptt", "tables", "readings")


def test_what_needs_an_experiment_left_out_is_not_buildable_and_one_line(load):
    part = load(reports={"rnn_tbptt": {"datasets": ["simulated"], "experiments": ["part_b"]}})
    names = part.report("rnn_tbptt").buildable("tables")
    assert "table1" in names
    assert "readings" not in names
    assert "rnn_tbptt: tables.readings is left out; it needs readings" in part.left_out()
    whole = load(reports={"rnn_tbptt": {"datasets": ["simulated"]}})
    assert whole.left_out() == whole.left_out_counts("f.yaml") == []


def test_what_is_left_out_is_counted_in_a_line_that_says_where_it_is_listed(load):
    part = load(reports={"rnn_tbptt": {"datasets": ["simulated"], "experiments": ["part_b"]}})
    (line,) = part.left_out_counts("demo.yaml")
    counts = re.findall(r"(\d+) (?:table|figure|claim)s?", line)
    assert sum(map(int, counts)) == len(part.left_out())
    assert line.startswith("rnn_tbptt: without ")
    assert line.endswith("`harmodels check demo.yaml` lists them")
    assert len(line) < 200


def test_planning_loads_no_library_of_computations():
    program = (
        "import sys; from harmodels.pipeline import inputs, labels, models, sections;"
        "import harmodels.reporting.page.timing; print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    heavy = {"scipy.special", "scipy.stats", "torch", "numba", "sklearn", "matplotlib"}
    assert not heavy & set(loaded)
