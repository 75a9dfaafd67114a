"""Scripts of a run are forked, and end as those that Snakemake starts itself."""

import os
import subprocess
import sys

import pytest

# as in `harmodels.pipeline.preloaded`, whose import would change this process
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="scripts are forked on Linux alone")

SNAKEFILE = """
import os
from pathlib import Path

from harmodels.pipeline.forks import fork_scripts

if workflow.is_main_process:
    fork_scripts(Path({folder!r}))

rule all:
    input: "facts.txt"

rule of_the_user:
    output: "environment.txt"
    run: Path(output[0]).write_text(os.environ.get("OMP_NUM_THREADS", "unset"))

rule write:
    output: "facts.txt"
    benchmark: "cost.jsonl"
    script: "{script}"
"""


def run(folder, script, scripts=None, target="all"):
    (folder / "write.py").write_text(script, encoding="utf-8")
    (folder / "Snakefile").write_text(
        SNAKEFILE.format(script="write.py", folder=str(scripts or folder)), encoding="utf-8"
    )
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", target],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in THREADS},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_script_finds_the_libraries_loaded_and_is_measured(tmp_path):
    done = run(
        tmp_path,
        "import os, sys\n"
        "threads = os.environ['OMP_NUM_THREADS']\n"
        "facts = 'torch' in sys.modules, os.getppid() != 1, snakemake.rule, __name__, threads\n"
        "open(snakemake.output[0], 'w').write(repr(facts))\n",
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "facts.txt").read_text(encoding="utf-8")
    assert written == "(True, True, 'write', '__main__', '1')"
    assert '"s":' in (tmp_path / "cost.jsonl").read_text(encoding="utf-8")


def test_a_script_of_another_workflow_is_left_alone(tmp_path):
    facts = "open(snakemake.output[0], 'w').write(repr('torch' in __import__('sys').modules))\n"
    done = run(tmp_path, facts, scripts=tmp_path / "ours")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "facts.txt").read_text(encoding="utf-8") == "False"


def test_the_environment_of_a_workflow_around_this_one_is_left_alone(tmp_path):
    done = run(tmp_path, "", target="environment.txt")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "environment.txt").read_text(encoding="utf-8") == "unset"


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("raise SystemExit(3)", "exit status 3"),
        ("raise ValueError('a reason')", "a reason"),
        ("import os; os.kill(os.getpid(), 9)", "exit status 137"),
    ],
)
def test_a_script_that_fails_fails_its_job(tmp_path, ending, said):
    done = run(tmp_path, f"open(snakemake.output[0], 'w').close()\n{ending}\n")
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert not (tmp_path / "facts.txt").exists()
