import copy
import shutil

import pytest
import yaml

from harmodels.config.experiments import configuration_name
from harmodels.config.project import Resources, resolve_engine
from harmodels.config.yaml_files import read_yaml
from harmodels.errors import ConfigurationError
from harmodels.pipeline.project import parse_project

CONFIG = {"reports": {"rnn_tbptt": {"datasets": ["simulated"]}}}


@pytest.fixture
def root(repository, tmp_path):
    """A copy of the configuration that a test may spoil."""
    shutil.copytree(repository / "config", tmp_path / "config")
    return tmp_path


def spoil(root, change):
    path = root / "config" / "reports" / "rnn_tbptt.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def test_the_grid_expands_in_its_own_order(root):
    project = parse_project(CONFIG, root)
    names = list(project.reports["rnn_tbptt"].experiments["part_b"].configurations)
    assert len(names) == 8
    assert names[:3] == [
        "learning_rate=0.1+hidden=50+window=10",
        "learning_rate=0.1+hidden=50+window=30",
        "learning_rate=0.1+hidden=100+window=10",
    ]


def test_options_hold_every_default(root):
    experiment = parse_project(CONFIG, root).reports["rnn_tbptt"].experiments["part_b"]
    options = next(iter(experiment.configurations.values())).options
    assert options["clip"] == 1.0
    assert options["recurrent_gradient"] == "transposed"
    assert options["initial_range"] == 0.01


def test_a_plan_replaces_options_of_every_experiment(root):
    config = copy.deepcopy(CONFIG)
    config["reports"]["rnn_tbptt"]["options"] = {"epochs": 2}
    report = parse_project(config, root).reports["rnn_tbptt"]
    epochs = {
        c.options["epochs"] for e in report.experiments.values() for c in e.configurations.values()
    }
    assert epochs == {2}


def test_an_optional_experiment_is_built_where_it_is_asked_for(root):
    spoil(root, lambda content: content["experiments"]["part_c"].update(optional=True))
    config = copy.deepcopy(CONFIG)
    usual = parse_project(config, root).reports["rnn_tbptt"]
    assert "part_c" not in usual.experiments
    assert "tables.table2" in usual.left_out
    config["reports"]["rnn_tbptt"]["also"] = ["part_c"]
    whole = parse_project(config, root).reports["rnn_tbptt"]
    assert {"part_b", "part_c"} <= set(whole.experiments)
    assert not whole.left_out


def test_a_draw_changes_what_it_says_of_the_reports_own(root):
    config = copy.deepcopy(CONFIG)
    config["reports"]["rnn_tbptt"]["draw"] = {"train_per_class": 7}
    report = parse_project(config, root).reports["rnn_tbptt"]
    assert report.experiments["part_c_people"].draw == "people"
    draws = report.draws["simulated"]
    of_people = {
        "protocol": ["official", "subjects"],
        "test_fraction": 0.2,
        "validation": "subjects",
    }
    assert draws["people"] == {**draws["report"], **of_people}
    assert draws["people"]["train_per_class"] == 7


def test_a_data_set_may_have_a_draw_of_its_own_which_a_plan_replaces(root):
    spoil(root, lambda content: content.update(draw_by_dataset={"wisdm": {"test_per_class": 5}}))
    config = copy.deepcopy(CONFIG)
    config["reports"]["rnn_tbptt"]["datasets"] = ["simulated", "wisdm"]
    draws = parse_project(config, root).reports["rnn_tbptt"].draws
    assert draws["wisdm"]["people"] == {**draws["simulated"]["people"], "test_per_class": 5}
    assert draws["simulated"]["report"]["test_per_class"] != 5
    config["reports"]["rnn_tbptt"]["draw"] = {"test_per_class": 7}
    draws = parse_project(config, root).reports["rnn_tbptt"].draws
    assert {draw["test_per_class"] for found in draws.values() for draw in found.values()} == {7}


def test_draws_that_no_chosen_experiment_uses_are_not_drawn(root):
    config = copy.deepcopy(CONFIG)
    config["reports"]["rnn_tbptt"]["experiments"] = ["part_b"]
    assert list(parse_project(config, root).reports["rnn_tbptt"].draws["simulated"]) == ["report"]


def test_a_draw_that_does_not_exist_is_named(root):
    spoil(root, lambda content: content["experiments"]["part_c_people"].update(draw="peopel"))
    with pytest.raises(ConfigurationError, match=r"part_c_people\.draw.*did you mean 'people'"):
        parse_project(CONFIG, root)


def test_a_plan_chooses_experiments(root):
    config = copy.deepcopy(CONFIG)
    config["reports"]["rnn_tbptt"]["experiments"] = ["part_c"]
    assert list(parse_project(config, root).reports["rnn_tbptt"].experiments) == ["part_c"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(replicate=3), "replicate.*did you mean 'replicates'"),
        (lambda c: c.update(replicates="five"), "replicates.*'five'.*whole number"),
        (lambda c: c.update(replicates=0), "replicates.*0"),
        (lambda c: c.update(engine="fast"), "engine.*'fast'.*'compiled'"),
        (lambda c: c["reports"].update(rnn_tbtt={"datasets": ["x"]}), "rnn_tbtt.*rnn_tbptt"),
        (lambda c: c["reports"]["rnn_tbptt"].update(dataset=["x"]), "did you mean 'datasets'"),
        (lambda c: c["reports"]["rnn_tbptt"].update(datasets=[]), "datasets"),
        (lambda c: c["reports"]["rnn_tbptt"].update(experiments=["part_d"]), "part_d.*part_b"),
        (lambda c: c["reports"]["rnn_tbptt"].update(also=["part_d"]), "also: .*part_d.*part_b"),
        (lambda c: c["reports"]["rnn_tbptt"].update(options={"epoch": 1}), "did you mean 'epochs'"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_would_be_right(root, change, says):
    config = copy.deepcopy(CONFIG)
    change(config)
    with pytest.raises(ConfigurationError, match=says):
        parse_project(config, root)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e["grid"].update(hiden=[50]), "part_b.*hiden.*did you mean 'hidden'"),
        (lambda e: e["grid"].update(hidden=[]), "grid.hidden"),
        (lambda e: e["grid"].update(hidden=[50, 50]), r"hidden=50\+window=10 is given twice"),
        (lambda e: e["grid"].update(hidden=["fifty"]), "hidden.*'fifty'.*whole number"),
        (lambda e: e["grid"].update(learning_rate=[-0.1]), "learning_rate.*-0.1"),
        (lambda e: e["grid"].update(recurrent_gradient=["a/b"]), "a/b"),
        (
            lambda e: e["options"].update(hidden=50),
            "'hidden' is in the grid and in the options",
        ),
        (lambda e: e["grid"].pop("window"), "'window' is missing"),
    ],
)
def test_an_impossible_grid_is_named(root, change, says):
    spoil(root, lambda content: change(content["experiments"]["part_b"]))
    with pytest.raises(ConfigurationError, match=says):
        parse_project(CONFIG, root)


def test_configurations_can_be_listed_instead_of_a_grid(root):
    listed = [{"learning_rate": 0.1, "hidden": 50}, {"learning_rate": 0.2, "hidden": 100}]

    def change(content):
        part = content["experiments"]["part_b"]
        del part["grid"]
        part["configurations"] = listed
        part["options"] = {**part["options"], "window": 10}  # another experiment has the same ones
        # they name the window that is no longer varied
        content.update(tables={}, figures={}, claims={})

    spoil(root, change)
    experiment = parse_project(CONFIG, root).reports["rnn_tbptt"].experiments["part_b"]
    assert list(experiment.configurations) == [
        "learning_rate=0.1+hidden=50",
        "learning_rate=0.2+hidden=100",
    ]


def test_listed_configurations_must_have_the_same_keys(root):
    def change(content):
        part = content["experiments"]["part_b"]
        del part["grid"]
        part["configurations"] = [{"learning_rate": 0.1, "hidden": 5, "window": 3}, {"hidden": 9}]

    spoil(root, change)
    with pytest.raises(ConfigurationError, match="other keys"):
        parse_project(CONFIG, root)


def test_a_key_given_twice_is_an_error(root):
    path = root / "config" / "reports" / "rnn_tbptt.yaml"
    path.write_text(path.read_text() + "\ntitle: Again\n")
    with pytest.raises(ConfigurationError, match="'title' is given twice"):
        read_yaml(path)


def test_broken_yaml_names_the_file(root):
    path = root / "config" / "reports" / "rnn_tbptt.yaml"
    path.write_text("title: [")
    with pytest.raises(ConfigurationError, match=r"rnn_tbptt\.yaml"):
        parse_project(CONFIG, root)


def test_auto_takes_the_compiled_loop_on_a_cpu_and_tensors_on_a_gpu():
    assert resolve_engine("auto", "cpu") == ("compiled", "cpu")
    assert resolve_engine("auto", "cuda") == ("reference", "cuda")


def test_the_compiled_loop_is_refused_on_a_gpu():
    with pytest.raises(ConfigurationError, match="CPU only"):
        resolve_engine("compiled", "cuda")


def test_a_job_takes_the_device_that_the_planning_process_decided(monkeypatch):
    monkeypatch.setenv("HARMODELS_DEVICE", "cuda")
    assert resolve_engine("auto", "auto") == ("reference", "cuda")
    assert resolve_engine("auto", "cpu") == ("compiled", "cpu")
    monkeypatch.setenv("HARMODELS_DEVICE", "gpu")
    with pytest.raises(ConfigurationError, match="HARMODELS_DEVICE.*'gpu'.*'cuda'"):
        resolve_engine("auto", "auto")


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
    ],
)
def test_a_training_job_asks_for_a_gpu_where_it_computes_on_one(root, device, given, gpus):
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


def test_names_of_configurations_have_no_comma_at_which_a_cluster_would_cut_them():
    assert "," not in configuration_name({"learning_rate": 0.1, "hidden": 50})


def test_configuration_names_are_readable_and_fit_for_a_folder():
    values = {"learning_rate": 0.05, "clip": 1e-05, "nesterov": True, "rule": "sum", "bound": None}
    name = configuration_name(values)
    assert name == "learning_rate=0.05+clip=1e-05+nesterov=true+rule=sum+bound=null"


@pytest.mark.parametrize("name", ["config", "demo", "ci", "course"])
def test_every_configuration_that_ships_parses(repository, name):
    parse_project(read_yaml(repository / "config" / f"{name}.yaml"), repository)
