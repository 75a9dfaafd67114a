"""The real Snakefile against bad servers, a second run, a wrong clock and decimal commas."""

import copy
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

RUN = "results/rnn_tbptt/simulated/runs/part_b/learning_rate=0.1+hidden=4+window=30"
RECORDS = ("history.parquet", "predictions.parquet", "weights.safetensors")
PATIENCE_S = 120


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("WISDM_ar_v1.1/WISDM_ar_v1.1_raw.txt", "1,Walking,1,0,0,0;\n" * 50)
    return stream.getvalue()


class Mirror:
    """A web server on this machine that does to each archive what its name says."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.mended = False
        self.asked: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                mirror.answer(self, self.path.removeprefix("/").removesuffix(".zip"))

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler, what: str) -> None:
        content, length = self.content, len(self.content)
        if what == "missing":
            handler.send_error(404)
            return
        if what == "redirect":
            handler.send_response(302)
            handler.send_header("Location", "/good.zip")
            handler.end_headers()
            return
        if not self.mended:
            if what == "page":
                content = b"<!DOCTYPE html><title>Sorry</title>"
                length = len(content)
            elif what == "appended":
                content, length = self.content + b"more", length + 4
            elif what == "truncated" and what not in self.asked:
                content = self.content[:100]
        self.asked.append(what)
        handler.send_response(200)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror(archive())
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_what_a_mirror_sends_is_an_archive_or_refused_by_name(checkout, tiny, mirror, monkeypatch):
    monkeypatch.delenv("HARMODELS_MIRROR", raising=False)  # it goes before the configuration
    path = checkout.root / "config" / "datasets.yaml"
    registry = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = ("page", "appended", "good", "redirect", "truncated")
    for name in names:
        entry = copy.deepcopy(registry["wisdm"])
        entry["archive"] = {
            "file": f"{name}.zip",
            "largest_bytes": 100_000,
            "sha256": [hashlib.sha256(mirror.content).hexdigest()],
            "addresses": [f"{mirror.address}/missing.zip"],
        }
        registry[name] = entry
    path.write_text(yaml.safe_dump(registry), encoding="utf-8")
    content = copy.deepcopy(tiny)
    content["mirror"] = mirror.address
    content["reports"]["rnn_tbptt"]["datasets"] = list(names)
    command = [f"results/downloads/{name}/{name}.zip" for name in names]
    command += ["--configfile", checkout.configure(content)]

    printed = checkout.snakemake(*command, ok=False)
    assert f"{mirror.address}/page.zip: .page" in printed
    assert "is a web page (an error page perhaps), not an archive" in printed
    assert f"{mirror.address}/appended.zip: .appended" in printed
    assert "HTTP 404" in printed
    assert "put it into" in printed
    downloads = checkout.work / "results" / "downloads"
    files = {path for path in downloads.rglob("*") if path.is_file()}
    assert files == {downloads / name / f"{name}.zip" for name in names[2:]}
    assert {path.read_bytes() for path in files} == {mirror.content}

    mirror.mended = True
    checkout.snakemake(*command)
    assert (downloads / "page" / "page.zip").read_bytes() == mirror.content


def started(checkout, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(checkout.root / "Snakefile")]
    command += ["--directory", str(checkout.work), "--resources", "gpu=1", "--cores", "1"]
    return subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=checkout.environment,
    )


def test_a_second_run_in_the_same_folder_is_refused_and_does_the_first_no_harm(once_more):
    folder = once_more.work / RUN
    before = {name: (folder / name).read_bytes() for name in RECORDS}
    for path in folder.iterdir():
        path.unlink()
    command = (f"{RUN}/run.json", "--configfile", str(once_more.work / "tiny.yaml"))
    first = started(once_more, *command)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not any((once_more.work / ".snakemake" / "locks").glob("*")):
            assert time.monotonic() < deadline
            assert first.poll() is None
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGSTOP)  # so that it is still there when the second begins
        printed = once_more.snakemake(*command, ok=False)
        os.killpg(first.pid, signal.SIGCONT)
        assert "Directory cannot be locked" in printed
        assert "--unlock" in printed
        assert first.wait(PATIENCE_S) == 0, first.stdout.read()
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
    assert {name: (folder / name).read_bytes() for name in RECORDS} == before
    assert "Nothing to be done" in once_more.snakemake(*command)


def test_a_clock_that_was_ahead_is_noticed_before_a_training(once_more):
    command = ("--configfile", str(once_more.work / "tiny.yaml"))
    folder = once_more.work / RUN
    before = {name: (folder / name).read_bytes() for name in RECORDS}
    ahead = time.time() + 3600
    files = [path for path in (once_more.work / "results").rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (ahead, ahead))
    assert "Nothing to be done" in once_more.snakemake(*command)  # all files agree

    for path in folder.iterdir():
        path.unlink()
    printed = once_more.snakemake(f"{RUN}/run.json", *command, ok=False)
    assert "is dated 1.0 hours ahead of the clock" in printed
    assert "-newermt now -exec touch" in printed
    for path in files:
        if path.exists():
            os.utime(path)
    once_more.snakemake(f"{RUN}/run.json", *command)
    assert {name: (folder / name).read_bytes() for name in RECORDS} == before


@pytest.fixture
def decimal_commas(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose numbers have commas."""
    folder = tmp_path / "locales"
    folder.mkdir()
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("no localedef, or no sources of de_DE, to make such a locale of")
    environment = {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    ask = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"
    said = subprocess.check_output(
        [sys.executable, "-c", ask], env={**os.environ, **environment}, text=True
    )
    assert said.strip() == "0,5"
    return environment


def test_decimal_commas_change_no_number(once_more, decimal_commas):
    products = (
        "results/datasets/simulated/sequences.parquet",
        "results/datasets/simulated/preview.svg",
        "results/rnn_tbptt/simulated/tables/table1.csv",
        "results/rnn_tbptt/simulated/tables/table1.md",
        "results/rnn_tbptt/simulated/figures/figure2.svg",
    )
    before = {path: (once_more.work / path).read_bytes() for path in products}
    for path in products:
        (once_more.work / path).unlink()
    command = (*products, "--allowed-rules", "simulate_recordings", "prepare_sequences")
    command += ("draw_preview", "build_table", "draw_figure")
    once_more.snakemake(
        *command, "--configfile", str(once_more.work / "tiny.yaml"), **decimal_commas
    )
    assert {path: (once_more.work / path).read_bytes() for path in products} == before
