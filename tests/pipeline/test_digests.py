"""Digests of code: what a script imports and nothing else; each learner apart from the others."""

import importlib

import pytest

from harmodels.assets import PACKAGE, root
from harmodels.config.options import OPTIONS
from harmodels.pipeline.digests import HARMODELS
from harmodels.pipeline.imported_code import DIGITS, ImportedCode

SCRIPTS = sorted(path.name for path in (root() / "workflow" / "scripts").glob("*.py"))
LEARNERS = "harmodels.training.learners"
RECURRENT = {
    *("nn.elman", "nn.recurrent", "nn.cells", "nn.stack"),
    *("models.elman", "models.hierarchical", "models.recurrent_classifier", "models.read_out"),
    *("kernels.elman", "kernels.recurrent", "training.loops.tbptt"),
}
GATED = {"nn.cells", "models.hierarchical", "kernels.recurrent"}
PERCEPTRON = {"models.mlp", "kernels.perceptron", "training.learners.perceptron"}


def files_run_by(script):
    modules = HARMODELS.imports_of(root() / "workflow" / "scripts" / script)
    return HARMODELS.files_of(HARMODELS.closure(modules))


@pytest.mark.parametrize(
    ("learner", "own", "foreign"),
    [
        ("perceptron", {"models.mlp", "kernels.perceptron.training", "optim"}, RECURRENT),
        (
            "truncated_bptt",
            {"nn.elman", "kernels.elman.tbptt", "training.loops.tbptt"},
            PERCEPTRON | GATED,
        ),
        (
            "minibatch",
            {"nn.elman", "training.loops.minibatch", "kernels.recurrent.loop"},
            PERCEPTRON | GATED - {"kernels.recurrent"},
        ),
        (
            "recurrent",
            {"nn.cells.gru", "nn.cells.lstm", "nn.cells.simple_rnn", "kernels.recurrent.loop"},
            PERCEPTRON | {"nn.elman", "models.elman", "kernels.elman"},
        ),
        (
            "baseline",
            {"training.jobs.baselines"},
            PERCEPTRON | RECURRENT | {"models", "kernels.simd", "kernels.compiling"},
        ),
    ],
)
def test_a_training_runs_its_own_layers_and_no_code_of_another_network(learner, own, foreign):
    modules = HARMODELS.imports_of(root() / "workflow" / "scripts" / "train_network.py")
    loaded = set() if learner == "baseline" else {f"{LEARNERS}.{learner}"}
    names = {name.removeprefix("harmodels.") for name in HARMODELS.closure(modules | loaded)}
    assert own | {"training.jobs.run", "training.fit"} <= names
    assert not {n for n in names for f in foreign if n == f or n.startswith(f"{f}.")}


def test_every_training_is_looked_at():
    assert set(OPTIONS) == {"perceptron", "truncated_bptt", "minibatch", "recurrent", "baseline"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_digest_holds_every_module_of_the_package_that_a_script_names(script):
    text = (root() / "workflow" / "scripts" / script).read_text(encoding="utf-8")
    named = {line.split()[1] for line in text.splitlines() if line.startswith("from harmodels")}
    modules = HARMODELS.closure(HARMODELS.imports_of(root() / "workflow" / "scripts" / script))
    assert named
    assert named <= modules


def test_the_packages_around_a_module_and_an_import_within_a_function_count(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def f():\n    from harmodels.nn import relu, elman as e\n    import json\n")
    named = {"harmodels.nn", "harmodels.nn.relu", "harmodels.nn.elman"}
    assert HARMODELS.imports_of(script) == named
    assert named | {"harmodels"} <= HARMODELS.closure(named)


def test_the_data_files_of_a_page_belong_to_it_and_to_nothing_else():
    templates = {path.name for path in files_run_by("build_page.py") if path.suffix == ".j2"}
    assert {"page.html.j2", "script.js.j2", "style.css.j2"} <= templates
    assert not [path for path in files_run_by("build_table.py") if path.suffix == ".j2"]
    live = {path.name for path in files_run_by("write_live_page.py")}
    assert {"network.js", "recording.js", "drawing.js", "page.js", "page.css", "page.html"} <= live


def test_every_file_of_a_digest_is_of_the_imported_package():
    assert str(PACKAGE) == importlib.import_module("harmodels").__path__[0]
    files = files_run_by("train_network.py")
    assert all(path.is_relative_to(PACKAGE) and path.is_file() for path in files)


def test_a_digest_changes_with_a_file_and_with_its_name(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("from harmodels import seeds\n")
    copy = tmp_path / "harmodels"
    copy.mkdir()

    def digest(name, text):
        (copy / name).write_text(text)
        monkeypatch.setattr(ImportedCode, "files_of", lambda self, modules: [copy / name])
        return ImportedCode("harmodels", copy).digest(script)

    before = digest("a.py", "x = 1\n")
    assert len(before) == DIGITS
    assert digest("a.py", "x = 1\n") == before
    assert digest("a.py", "x = 2\n") != before
    assert digest("b.py", "x = 1\n") != before
