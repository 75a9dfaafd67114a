import pytest

from harmodels.config.experiments import configuration_name
from harmodels.config.project import Resources
from harmodels.config.yaml_files import read_yaml
from harmodels.errors import ConfigurationError
from harmodels.pipeline.project import parse_project

CONFIG = {"reports": {"rnn_tbptt": {"datasets": ["simulated"]}}}


def planned(root, **plan):
    """Parse a project of one report whose plan has some keys."""
    plan = {"datasets": ["simulated"]} | plan
    return parse_project({"reports": {"rnn_tbptt": plan}}, root).reports["rnn_tbptt"]


def test_the_grid_expands_in_its_own_order_and_options_hold_every_default(root):
    configurations = planned(root).experiments["part_b"].configurations
    assert len(configurations) == 8
    assert list(configurations)[:3] == [
        "learning_rate=0.1+hidden=50+window=10",
        "learning_rate=0.1+hidden=50+window=30",
        "learning_rate=0.1+hidden=100+window=10",
    ]
    options = next(iter(configurations.values())).options
    known = {"clip": 1.0, "recurrent_gradient": "transposed", "initial_range": 0.01}
    assert {key: options[key] for key in known} == known


def test_a_plan_replaces_options_of_every_experiment(root):
    experiments = planned(root, options={"epochs": 2}).experiments.values()
    assert {c.options["epochs"] for e in experiments for c in e.configurations.values()} == {2}


def test_an_optional_experiment_is_built_where_it_is_asked_for(root, spoil):
    spoil(lambda content: content["experiments"]["part_c"].update(optional=True))
    usual = planned(root)
    assert "part_c" not in usual.experiments
    assert "tables.table2" in usual.left_out
    whole = planned(root, also=["part_c"])
    assert {"part_b", "part_c"} <= set(whole.experiments)
    assert not whole.left_out


def test_a_draw_changes_what_it_says_of_the_reports_own(root):
    report = planned(root, draw={"train_per_class": 7})
    assert report.experiments["part_c_people"].draw == "people"
    draws = report.draws["simulated"]
    of_people = {"protocol": ["official", "subjects"], "test_fraction": 0.2}
    assert draws["people"] == {**draws["report"], **of_people, "validation": "subjects"}
    assert draws["people"]["train_per_class"] == 7


def test_a_data_set_may_have_a_draw_of_its_own_which_a_plan_replaces(root, spoil):
    spoil(lambda content: content.update(draw_by_dataset={"wisdm": {"test_per_class": 5}}))
    datasets = ["simulated", "wisdm"]
    draws = planned(root, datasets=datasets).draws
    assert draws["wisdm"]["people"] == {**draws["simulated"]["people"], "test_per_class": 5}
    assert draws["simulated"]["report"]["test_per_class"] != 5
    draws = planned(root, datasets=datasets, draw={"test_per_class": 7}).draws
    assert {draw["test_per_class"] for found in draws.values() for draw in found.values()} == {7}


def test_a_plan_chooses_experiments_and_draws_only_what_they_use(root):
    report = planned(root, experiments=["part_b"])
    assert list(report.experiments) == ["part_b"]
    assert list(report.draws["simulated"]) == ["report"]


def test_a_draw_that_does_not_exist_is_named(root, spoil):
    spoil(lambda content: content["experiments"]["part_c_people"].update(draw="peopel"))
    with pytest.raises(ConfigurationError, match=r"part_c_people\.draw.*did you mean 'people'"):
        planned(root)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"replicate": 3}, "replicate.*did you mean 'replicates'"),
        ({"replicates": "five"}, "replicates.*'five'.*whole number"),
        ({"replicates": 0}, "replicates.*0"),
        ({"engine": "fast"}, "engine.*'fast'.*'compiled'"),
        ({"reports": {"rnn_tbtt": {"datasets": ["x"]}}}, "rnn_tbtt.*rnn_tbptt"),
    ],
)
def test_a_wrong_key_or_value_of_a_project_is_named_with_what_would_be_right(root, keys, says):
    with pytest.raises(ConfigurationError, match=says):
        parse_project(CONFIG | keys, root)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"dataset": ["x"]}, "did you mean 'datasets'"),
        ({"datasets": []}, "datasets"),
        ({"experiments": ["part_d"]}, "part_d.*part_b"),
        ({"also": ["part_d"]}, "also: .*part_d.*part_b"),
        ({"options": {"epoch": 1}}, "did you mean 'epochs'"),
    ],
)
def test_a_wrong_key_or_value_of_a_plan_is_named_with_what_would_be_right(root, plan, says):
    with pytest.raises(ConfigurationError, match=says):
        planned(root, **plan)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e["grid"].update(hiden=[50]), "part_b.*hiden.*did you mean 'hidden'"),
        (lambda e: e["grid"].update(hidden=[]), "grid.hidden"),
        (lambda e: e["grid"].update(hidden=[50, 50]), r"hidden=50\+window=10 is given twice"),
        (lambda e: e["grid"].update(hidden=["fifty"]), "hidden.*'fifty'.*whole number"),
        (lambda e: e["grid"].update(learning_rate=[-0.1]), "learning_rate.*-0.1"),
        (lambda e: e["grid"].update(recurrent_gradient=["a/b"]), "a/b"),
        (lambda e: e["options"].update(hidden=50), "'hidden' is in the grid and in the options"),
        (lambda e: e["grid"].pop("window"), "'window' is missing"),
    ],
)
def test_an_impossible_grid_is_named(root, spoil, change, says):
    spoil(lambda content: change(content["experiments"]["part_b"]))
    with pytest.raises(ConfigurationError, match=says):
        planned(root)


def test_configurations_can_be_listed_instead_of_a_grid(root, spoil):
    listed = [{"learning_rate": 0.1, "hidden": 50}, {"learning_rate": 0.2, "hidden": 100}]

    def change(content):
        part = content["experiments"]["part_b"]
        del part["grid"]
        part["configurations"] = listed
        part["options"] = {**part["options"], "window": 10}  # another experiment has the same ones
        # they name the window that is no longer varied
        content.update(tables={}, figures={}, claims={})

    spoil(change)
    names = list(planned(root).experiments["part_b"].configurations)
    assert names == ["learning_rate=0.1+hidden=50", "learning_rate=0.2+hidden=100"]
    listed[1] = {"hidden": 9}
    spoil(lambda content: content["experiments"]["part_b"].update(configurations=listed))
    with pytest.raises(ConfigurationError, match="other keys"):
        planned(root)


def test_broken_yaml_names_the_file(root):
    path = root / "config" / "reports" / "rnn_tbptt.yaml"
    path.write_text("title: [")
    with pytest.raises(ConfigurationError, match=r"rnn_tbptt\.yaml"):
        parse_project(CONFIG, root)


def resources_of(root, device, **given):
    config = CONFIG | {"device": device, "engine": "reference", "resources": given}
    return parse_project(config, root).resources


@pytest.mark.parametrize(
    ("device", "given", "gpus"),
    [
        ("cuda", {}, 1),
        ("cpu", {}, 0),
        ("cpu", {"gpus": 1}, 1),
        ("cuda", {"gpus": 0}, 0),
        ("cuda", {"gpu_model": "a100"}, 1),
        ("cuda", {"gres": "gpu:a100:1"}, 0),
        ("auto", {}, 1),
    ],
)
def test_a_job_on_a_gpu_asks_for_one(root, monkeypatch, device, given, gpus):
    monkeypatch.setenv("HARMODELS_DEVICE", "auto")  # what the planning process decided
    assert resources_of(root, device, **given).gpus == gpus


def test_resources_that_are_not_given_are_the_defaults(root):
    assert resources_of(root, "cpu", runtime=5) == Resources(runtime=5, gpus=0)


@pytest.mark.parametrize(
    ("device", "given", "says"),
    [
        ("cuda", {"gres": "gpu:1", "gpus": 1}, "gres replaces gpus.*remove gpus"),
        ("cuda", {"gres": "gpu:1", "gpu_model": "a100"}, "remove gpu_model"),
        ("cpu", {"gpu_model": "a100"}, "gpu_model: 'a100'.*device: cuda"),
        ("cuda", {"gpu_model": "a 100"}, "gpu_model.*'a 100'"),
        ("cuda", {"gres": "gpu 1"}, "gres.*'gpu 1'"),
        ("cuda", {"partion": "gpu"}, "did you mean 'partition'"),
        ("cuda", {"account": 17}, "account: 17"),
    ],
)
def test_resources_that_contradict_each_other_are_named(root, device, given, says):
    with pytest.raises(ConfigurationError, match=says):
        resources_of(root, device, **given)


def test_configuration_names_are_readable_and_fit_for_a_folder():
    values = {"learning_rate": 0.05, "clip": 1e-05, "nesterov": True, "rule": "sum", "bound": None}
    name = configuration_name(values)
    # no comma, at which a cluster would cut it
    assert name == "learning_rate=0.05+clip=1e-05+nesterov=true+rule=sum+bound=null"


@pytest.mark.parametrize("name", ["config", "demo", "ci", "course"])
def test_every_configuration_that_ships_parses(repository, name):
    parse_project(read_yaml(repository / "config" / f"{name}.yaml"), repository)
