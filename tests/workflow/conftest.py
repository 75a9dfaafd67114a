"""The real Snakefile in a copy of the repository that a test may change."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.tables import TableSpec

PARTS = ("Snakefile", "rules", "workflow", "config", "profiles", "src")
DRAW = {"train_per_class": 4, "test_per_class": 2, "validation_per_class": 1}
PLAN = {"datasets": ["simulated"], "options": {"epochs": 1}, "draw": DRAW}
TINY = {"name": "tiny", "reports": {"rnn_tbptt": PLAN}, "replicates": 2, "seed": 3}


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository and a folder to build in."""

    root: Path
    work: Path

    @property
    def environment(self):
        """The environment in which this copy is the package that Python imports."""
        return {**os.environ, "PYTHONPATH": str(self.root / "src")}

    def command(self, *arguments):
        return [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(self.root / "Snakefile")),
            *("--directory", str(self.work), "--resources", "gpu=1", "--cores", "2"),
            *arguments,
        ]

    def snakemake(self, *arguments, ok=True, **environment):
        """Run Snakemake and return what it printed; `ok` says whether it should succeed."""
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=500,
        )
        printed = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, printed
        return printed

    def started(self, *arguments):
        """Start Snakemake in a process group of its own, as a shell does."""
        return subprocess.Popen(
            self.command(*arguments),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )

    def configure(self, content):
        """Write a configuration file and return its path."""
        path = self.work / "tiny.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return str(path)

    def change(self, file):
        """Add a line to a source file of the copy."""
        path = self.root / "src" / "harmodels" / file
        path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")


@pytest.fixture
def checkout(repository, tmp_path):
    return copy_of(repository, tmp_path)


def copy_of(repository, folder):
    made = in_folder(folder)
    made.root.mkdir()
    for part in PARTS:
        source = repository / part
        ignore = shutil.ignore_patterns("*.egg-info")  # compiled kernels are copied along
        if source.is_dir():
            shutil.copytree(source, made.root / part, ignore=ignore)
        else:
            shutil.copy2(source, made.root / part)
    shrink(made.root)
    return made


def in_folder(folder):
    """Return the checkout in a folder, with blanks and letters beyond ASCII on every path."""
    return Checkout(folder / "Ærø projekt", folder / "résultats d'été")


def shrink(root):
    """Leave two configurations an experiment: the DAG is the same, the waiting shorter."""
    path = root / "config" / "reports" / "rnn_tbptt.yaml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    kept = {name: report["experiments"][name] for name in ("part_b", "part_c")}
    for experiment in kept.values():
        experiment["grid"] = {"learning_rate": [0.1, 0.05], "hidden": [4], "window": [30]}
    report["experiments"] = kept
    for section, spec in (("tables", TableSpec), ("figures", FigureSpec)):
        specs = report[section].items()
        report[section] = {n: s for n, s in specs if set(spec.read(s).needs) <= set(kept)}
    report["claims"] = {"early_stopping": report["claims"]["early_stopping_better_on_average"]}
    path.write_text(yaml.safe_dump(report, sort_keys=False), encoding="utf-8")
    path = root / "config" / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["models"]["rnn_tbptt"]["experiment"] = "part_c"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="session")
def built(repository, once):
    """A checkout in which everything was built once; tests only plan in it."""

    def build(folder):
        made = copy_of(repository, folder)
        made.snakemake("--configfile", made.configure(TINY))

    return in_folder(once("built", build))


@pytest.fixture
def once_more(built, tmp_path):
    """The built checkout once more, to be changed."""
    passing = shutil.ignore_patterns("locks", "log", "tmp*")  # of others who plan in it now
    for folder in (built.root, built.work):
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True, ignore=passing)
    return in_folder(tmp_path)


@pytest.fixture(scope="session")
def foreign_locale(tmp_path_factory):
    """The environment of a user whose system knows ASCII only and, if it can, decimal commas."""
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
    made = shutil.which("localedef") and subprocess.run(command, capture_output=True)
    if not made or made.returncode:  # there are no sources of de_DE
        return {"LC_ALL": "C", "LANG": "C"}
    found = {"LC_ALL": "", "LANG": "C", "LOCPATH": str(folder), "LC_NUMERIC": "de_DE.UTF-8"}
    found |= {"LC_CTYPE": "C", "PYTHONCOERCECLOCALE": "0"}
    ask = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"
    command, environment = [sys.executable, "-c", ask], {**os.environ, **found}
    assert subprocess.check_output(command, env=environment, text=True).strip() == "0,5"
    return found


@pytest.fixture
def tiny():
    return TINY
