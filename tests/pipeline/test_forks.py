"""Scripts of a run are forked, and end as those that Snakemake starts itself."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from snakemake.script import PythonScript

from harmodels.pipeline import forks

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


def run(folder, script, scripts=None, target="all", **environment):
    process = start(folder, script, scripts, target, **environment)
    printed = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, *printed)


def start(folder, script, scripts=None, target="all", **environment):
    (folder / "write.py").write_text(script, encoding="utf-8")
    (folder / "Snakefile").write_text(
        SNAKEFILE.format(script="write.py", folder=str(scripts or folder)), encoding="utf-8"
    )
    inherited = {name: value for name, value in os.environ.items() if name not in THREADS}
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", target],
        cwd=folder,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
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


def test_a_long_path_of_the_folder_for_temporary_files_hinders_no_script(tmp_path):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    facts = "import sys, tempfile; facts = 'torch' in sys.modules, tempfile.gettempdir()\n"
    write = "open(snakemake.output[0], 'w').write(repr(facts))\n"
    done = run(tmp_path, facts + write, TMPDIR=str(long))
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "facts.txt").read_text(encoding="utf-8")
    assert written == repr(
        (True, str(long))
    )  # it is forked, and its own files go where they should


def test_without_a_folder_for_sockets_scripts_run_in_interpreters_of_their_own(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(forks, "SHORT", ())
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * 100)
    before = PythonScript.execute_script
    forks.fork_scripts(tmp_path)
    assert PythonScript.execute_script is before


def test_kill_of_snakemake_ends_a_running_script_and_then_snakemake(tmp_path):
    waiting = "import time; open('begun', 'w').close(); time.sleep(300)\n"
    process = start(tmp_path, waiting)
    until = time.monotonic() + 120
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    printed = "".join(process.communicate(timeout=60))
    assert process.returncode == 1
    assert "exit status 143" in printed
    assert "Will exit after finishing currently running jobs" in printed


def test_a_script_is_asked_to_end_as_soon_as_it_is_forked(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing\n"
        "from harmodels.pipeline import forks\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_forkserver_preload([forks.PRELOADED])\n"
        "    server = multiprocessing.get_context('forkserver')\n"
        "    open('script.py', 'w').write('import time; time.sleep(60)')\n"
        "    process = server.Process(target=forks._run, args=('script.py', 'script', None))\n"
        "    process.start()\n"
        "    process.terminate()\n"
        "    process.join(30)\n"
        "    print(process.exitcode)\n"
        "    process.kill()\n",
        encoding="utf-8",
    )
    command = [sys.executable, program.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"{-signal.SIGTERM}\n", done.stderr


def test_a_script_ends_well_while_another_starts(tmp_path):
    """A second script starts after the first has ended, before its exit status is read."""
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, threading, time\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from multiprocessing import connection\n"
        "from types import SimpleNamespace\n"
        "from harmodels.pipeline import forks\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_forkserver_preload([])\n"
        "    open('script.py', 'w').close()\n"
        "    path = SimpleNamespace(get_filename=lambda: 'script.py')\n"
        "    script = SimpleNamespace(path=path, resources={}, bench_record=None)\n"
        "    ended = threading.Event()\n"
        "    def slow_wait(processes, timeout=None, wait=connection.wait):\n"
        "        ready = wait(processes, timeout)\n"
        "        if timeout is None:\n"
        "            ended.set()\n"
        "            time.sleep(3)\n"
        "        return ready\n"
        "    connection.wait = slow_wait\n"
        "    with ThreadPoolExecutor(2) as threads:\n"
        "        first = threads.submit(forks._fork, script, 'script.py')\n"
        "        assert ended.wait(60)\n"
        "        second = threads.submit(forks._fork, script, 'script.py')\n"
        "    print(first.exception(), second.exception())\n",
        encoding="utf-8",
    )
    command = [sys.executable, program.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "None None\n", done.stderr
