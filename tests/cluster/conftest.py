"""A Slurm for all tests of this folder, and the pipeline run through it."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.daemons import SlurmMissingError, running_slurm
from tests.cluster.slurm import Slurm, wait_until

# what a training job asks for in all tests: a GPU although it computes on the CPU
RESOURCES = {"gpus": 1, "partition": "short", "mem_mb": 1500, "runtime": 10}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests alone unless they are asked for: they start daemons."""
    return None if config.option.markexpr == "cluster" else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once why all tests were skipped; pytest would say it for each of them."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason)


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    try:
        with running_slurm(folder) as cluster:
            yield cluster
    except SlurmMissingError as error:
        pytest.skip(f"no Slurm here: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Workplace:
    """A folder to build in, and Snakemake as a user calls it."""

    slurm: Slurm
    repository: Path
    folder: Path
    runs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def configure(self, content: dict[str, Any]) -> Path:
        """Write a configuration file and return its path."""
        path = self.folder / "configuration.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    def command(self, configuration: Path, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", *arguments),
            *("--snakefile", str(self.repository / "Snakefile")),
            *("--directory", str(self.folder), "--configfile", str(configuration)),
        ]

    def submit(self, configuration: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Snakemake with the repository's profile; for a test it looks often."""
        often = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20")
        command = self.command(configuration, *arguments, "--workflow-profile", "slurm", *often)
        with (self.folder / "printed.txt").open("ab") as printed:
            self.runs.append(
                subprocess.Popen(
                    command, env=self.slurm.environment, stdout=printed, stderr=subprocess.STDOUT
                )
            )
        return self.runs[-1]

    def finish(self, run: subprocess.Popen[bytes], timeout_s: float) -> int:
        """Wait for Snakemake and return its status."""
        self.wait_until(lambda: run.poll() is not None, timeout_s, "the end of Snakemake")
        return run.returncode

    def stop(self) -> None:
        """End what a test that failed left behind."""
        for run in self.runs:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
                try:
                    run.wait(60)
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.wait()

    def local(self, configuration: Path, *arguments: str) -> str:
        """Run Snakemake without a cluster and return what it printed."""
        command = self.command(configuration, *arguments, "--cores", "2")
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def printed(self) -> str:
        """Return what the submitting Snakemake printed so far."""
        return (self.folder / "printed.txt").read_text(encoding="utf-8", errors="replace")

    def wait_until(self, holds: Any, timeout_s: float, what: str) -> Any:
        """Return the first true value of `holds`; what Snakemake printed is part of a failure."""
        try:
            return wait_until(holds, timeout_s, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.printed()[-5000:]}") from None


@pytest.fixture
def workplace(slurm: Slurm, repository: Path, tmp_path: Path) -> Iterator[Workplace]:
    folder = tmp_path / "a place with blanks"
    folder.mkdir()
    workplace = Workplace(slurm, repository, folder)
    yield workplace
    workplace.stop()


@dataclass(frozen=True)
class Observed:
    """A run through Slurm that is over, and what was seen of its jobs while they ran."""

    workplace: Workplace
    configuration: Path
    status: int
    running: dict[str, dict[str, str]]
    finished: dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def demo(slurm: Slurm, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Observed:
    """The demo, one or two experiments a report, built through Slurm.

    Without rnn_tbptt, on which the tests of killed and cancelled jobs train.
    """
    content = yaml.safe_load((repository / "config" / "demo.yaml").read_text(encoding="utf-8"))
    del content["reports"]["rnn_tbptt"]
    for key in ("models", "live", "afternoons"):  # made of trainings that are not built here
        del content[key]
    for report, experiments in {
        "rnn_minibatch": ["early_stopping"],
        "mlp_features": ["dropout", "baselines"],
        "hand_actions": ["cells"],
    }.items():
        content["reports"][report]["experiments"] = experiments
    content["resources"] = RESOURCES
    workplace = Workplace(slurm, repository, tmp_path_factory.mktemp("demo"))
    configuration = workplace.configure(content)
    run = workplace.submit(configuration)
    running: dict[str, dict[str, str]] = {}
    end = time.monotonic() + 400
    while run.poll() is None and time.monotonic() < end:
        running |= {job["JobId"]: job for job in slurm.jobs() if job["JobState"] == "RUNNING"}
        time.sleep(0.5)
    workplace.stop()
    finished = {job["JobId"]: job for job in slurm.jobs()}
    return Observed(workplace, configuration, run.returncode, running, finished)
