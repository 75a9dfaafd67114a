"""What a hostile or careless configuration holds, and the part of the message it ends in."""

import pytest

from harmodels.config.yaml_files import check_config_files, read_yaml
from harmodels.errors import ConfigurationError
from harmodels.pipeline.project import parse_project

LONG = "a" * 300
REPORT, MLP = "rnn_tbptt", "mlp_features"


def plan(report=REPORT, **keys):
    return {"reports": {report: {"datasets": ["simulated"], **keys}}}


def options(*experiments, report=REPORT, **values):
    return plan(report, experiments=list(experiments), options=values)


def nested(depth):
    tree = 1
    for _ in range(depth):
        tree = [tree]
    return tree


def bomb():
    tree = [1] * 10
    for _ in range(7):
        tree = [tree] * 10
    return tree


PROJECTS = [
    (plan() | {"downloads": ""}, "downloads: ''.*path of a folder"),
    (plan() | {"downloads": "~/x"}, "downloads: '~/x'.*not expanded.*absolute path"),
    (plan() | {"downloads": "results/../dl"}, "downloads: 'results/../dl' leads out"),
    (plan() | {"downloads": "a\nb"}, r"downloads: 'a\\nb'.*line ends"),
    (plan() | {"downloads": "{x}"}, r"downloads: '\{x\}'.*braces"),
    (plan() | {"name": "tiny\n"}, r"name: 'tiny\\n' should be letters, digits"),
    (plan() | {"name": LONG}, "name: 'aaa.* longer than 100"),
    (plan("../reports/rnn_tbptt"), "reports: '../reports/rnn_tbptt' should be the name of a file"),
    (plan("/rnn_tbptt"), "reports: '/rnn_tbptt' should be"),
    (plan("rnn_tbptt\n"), r"reports: 'rnn_tbptt\\n' should be"),
    (plan(LONG), "reports: 'aaa.* longer than 100"),
    (plan() | {"seed": 10**5000}, "too large a number"),
    (plan() | {"seed": 10**400}, "100000.*too large a number"),
    (plan() | {"resources": {"mem_mb": 2**70}}, "too large a number"),
    (plan() | {"resources": {"account": "x'; touch y #"}}, "account: .*a name as Slurm knows it"),
    (plan() | {"resources": {"extra": "--x=$(touch y)"}}, "extra: .*options without quotes, "),
    (plan() | {"resources": {"extra": "--x\ntouch y"}}, "extra: .*options without quotes, "),
    (plan() | {"replicates": bomb()}, "more than 100000 values"),
    (plan() | {"replicates": nested(90)}, "nested more than 50 deep"),
    (plan() | {"name": "a" * 20_000}, "20000 characters"),
    (options("readings", initial_range=1e308), r"initial_range: 1e\+308 should be at most 1e\+38"),
    (options("readings", initial_range=10**17 * 10**17), "too large a number"),
    (options("readings", initial_range="1e-3"), "'1e-3' should be a number; YAML.*write 1.0e-3"),
    (options("readings", initial_range="2.5E4"), "write 2.5e[+]4"),
    (options("readings", initial_range="0.1"), "'0.1'.*take its quotes away"),
    (options("readings", epochs=2**40), "epochs: 1099511627776 should be at most 2.14748e[+]09"),
    (options("readings", epochs=True), "epochs: True should be a whole number"),
    (options("readings", recurrent_gradient="x"), "recurrent_gradient: 'x' cannot replace"),
    (options("readings", monitor="loss"), "monitor: 'loss' should be one of 'binary_cross_entr"),
    (
        options("part_b", learning_rate=0.001),
        r"options.learning_rate: 0.001 cannot replace what the experiment 'part_b' varies "
        r"\(\[0.1, 0.05\]\); change its grid in config/reports/rnn_tbptt.yaml, choose other",
    ),
    (options("part_b", window="banana"), "window: 'banana' cannot replace"),
    (
        options("dropout", report=MLP, dropout=1.0),
        "dropout: 1.0 cannot replace .* 'dropout' varies",
    ),
    (
        options("dropout", report=MLP, stopping="all_epochs", tested_weights="before_stop"),
        "tested_weights: before_stop needs a rule that ends the training",
    ),
    (
        options("final", report="hand_actions", architecture="hierarchical", layers=2),
        "layers is for architecture: plain",
    ),
    (
        options("gated", report="rnn_minibatch", finger_hidden=3),
        "finger_hidden is for architecture: hierarchical",
    ),
    (options("baselines", report=MLP, epochz=5), "unknown key 'epochz'.*inverse_regularisation"),
    (options("part_b", "baselines", report=MLP, epochz=5), "did you mean 'epochs'"),
    (options("baselines", report=MLP, epochs=5), "unknown key 'epochs'"),
]


@pytest.mark.parametrize(("config", "says"), PROJECTS, ids=[s for _, s in PROJECTS])
def test_a_project_that_cannot_be_right_is_refused(config, says, root):
    with pytest.raises(ConfigurationError, match=says) as raised:
        parse_project(config, root)
    assert len(str(raised.value)) < 1000


def test_an_option_that_some_chosen_experiments_do_not_have_changes_the_others(root):
    config = options("dropout", "baselines", report=MLP, epochs=3, gap_after=1)
    dropout, baselines = parse_project(config, root).reports[MLP].experiments.values()
    assert {c.options["epochs"] for c in dropout.configurations.values()} == {3}
    assert all("epochs" not in c.options for c in baselines.configurations.values())


GRIDS = [
    ({"clip": [1, 1.0]}, r"configuration clip=1.0 is given twice \(the other time as clip=1\)"),
    ({"clip": [10**400]}, "too large a number"),
    ({"epochs": list(range(1, 200)), "window": list(range(1, 200))}, "39601 configurations"),
    ({"monitor": ["a" * 300]}, "monitor: 'aaa"),
    ({"clip\n": [1]}, r"unknown key 'clip\\n'"),
    ({"[": [1]}, r"unknown key '\['"),
]


@pytest.mark.parametrize(("grid", "says"), GRIDS, ids=[s for _, s in GRIDS])
def test_a_grid_that_cannot_be_trained_is_refused(grid, says, root, spoil):
    options_of = {"learning_rate": 1, "hidden": 2, "window": 3}

    def change(content):
        readings = content["experiments"]["readings"]
        readings.pop("configurations")
        given = {key: value for key, value in options_of.items() if key not in grid}
        readings.update(grid=grid, options=given)

    spoil(change)
    with pytest.raises(ConfigurationError, match=says) as raised:
        parse_project(options("readings"), root)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("name", ["../x", "a\n", "Upper", LONG])
def test_an_experiment_whose_name_is_no_folder_is_refused(name, root, spoil):
    spoil(lambda c: c["experiments"].update({name: c["experiments"]["readings"]}))
    says = r"experiments: .*(lower-case letters|longer than 100)"
    with pytest.raises(ConfigurationError, match=says):
        parse_project(plan(), root)


@pytest.mark.parametrize("kind", [["top_k"], {"top_k": 1}, None, 3, "top_j"])
@pytest.mark.parametrize("section", ["tables", "figures", "claims"])
def test_an_entry_of_a_kind_that_does_not_exist_is_refused(section, kind, root, spoil):
    spoil(lambda content: next(iter(content[section].values())).update(kind=kind))
    with pytest.raises(ConfigurationError, match=rf"{section}.*kind"):
        parse_project(plan(), root)


def doubled(first, following):
    """YAML in which each of seven names holds ten aliases of the one before."""
    pairs = zip("abcdef", "bcdefg", strict=True)
    lines = [f"{new}: &{new} {following}\n" % ",".join([f"*{old}"] * 10) for old, new in pairs]
    return "".join([f"a: &a {first}\n", *lines]).encode()


FILES = [
    (b"replicates: 2\nreplicates: 1\n", "'replicates' is given twice.*line 1"),
    (b'{"seed": 1, "seed": 2}', "'seed' is given twice"),
    (b"a: {b: 1, b: 2}\n", "'b' is given twice"),
    (b"__use_yte__: true\nname: x\n", "'__use_yte__' is refused.*a configuration is data"),
    ("name: x\n".encode("utf-16"), "cannot read .*mine.yaml.*save it as UTF-8"),
    (b"a: " + b"[" * 50_000, "nested more than 50 deep"),
    (b"a: " + b"{a: " * 50_000, "nested more than 50 deep"),
    (b"- " * 50_000, "nested more than 50 deep"),
    (doubled("[1,1,1,1,1,1,1,1,1,1]", "[%s]"), "more than 100000 values"),
    (doubled("{x: 1}", "{<<: [%s]}"), "more than 100000 values"),
    (b"a: &a [*a]\n", r"\*a is an alias of itself"),
    (b"a: *b\n", "undefined alias"),
    (b"name: x\nepochs: 010\n", "line 2: '010' is another number to YAML, in base 8 or 60"),
    (b"epochs: 1:30\n", "'1:30' is another number to YAML"),
    (b"learning_rate: 1:30.5\n", "'1:30.5' is another number to YAML"),
    (b"seed: " + b"9" * 5000, "mine.yaml"),
    (b"a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
]


@pytest.mark.parametrize(("content", "says"), FILES, ids=[s for _, s in FILES])
def test_a_file_that_cannot_be_taken_as_it_is_is_refused(content, says, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=says) as raised:
        check_config_files([path])
    assert len(str(raised.value)) < 1000
    assert "mine.yaml" in str(raised.value)


def test_every_file_given_to_snakemake_is_checked(repository, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 1\nseed: 2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        check_config_files([str(repository / "config" / "config.yaml"), path])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1e-3", 1e-3), ("2E5", 2e5), ("1.5e3", 1500.0), (".5e-1", 0.05), ("-1e1", -10.0)),
        *(("0", 0), ("-0", 0), ("0.5", 0.5), ("'010'", "010"), ("08x", "08x")),
        *(("00:00:00:xx", "00:00:00:xx"), ("1e", "1e"), ("e5", "e5"), ("'1e3'", "1e3")),
        ("3e2x", "3e2x"),
    ],
)
def test_a_value_is_the_number_or_word_that_it_looks_like(text, value, tmp_path):
    (tmp_path / "a.yaml").write_text(f"a: {text}\n", encoding="utf-8")
    found = read_yaml(tmp_path / "a.yaml")["a"]
    assert (found, type(found)) == (value, type(value))


def test_anchors_and_merged_mappings_are_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n", encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml")["b"] == {"x": 3, "y": 2}
