"""The real Snakefile against a bad mirror, a second run and a wrong clock."""

import copy
import os
import signal
import time
import zipfile

import yaml

from harmodels.files import sha256

RUN = "results/rnn_tbptt/simulated/runs/part_b/learning_rate=0.1+hidden=4+window=30"
RECORDS = ("history.parquet", "predictions.parquet", "weights.safetensors")
PATIENCE_S = 120


def test_what_a_mirror_holds_is_an_archive_or_refused_by_name(checkout, tiny, monkeypatch):
    monkeypatch.delenv("HARMODELS_MIRROR", raising=False)  # it goes before the configuration
    mirror = checkout.root.parent / "mirror"
    mirror.mkdir()
    with zipfile.ZipFile(mirror / "good.zip", "w") as opened:
        opened.writestr("WISDM_ar_v1.1/WISDM_ar_v1.1_raw.txt", "1,Walking,1,0,0,0;\n" * 50)
    (mirror / "page.zip").write_bytes(b"<!DOCTYPE html><title>Sorry</title>")
    path = checkout.root / "config" / "datasets.yaml"
    registry = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {"addresses": ["http://127.0.0.1:9/nothing-listens-here.zip"]}
    known |= {"sha256": [sha256(mirror / "good.zip")], "largest_bytes": 100_000}
    for name in ("good", "page"):
        registry[name] = registry["wisdm"] | {"archive": known | {"file": f"{name}.zip"}}
    path.write_text(yaml.safe_dump(registry), encoding="utf-8")
    content = copy.deepcopy(tiny) | {"mirror": str(mirror)}
    content["reports"]["rnn_tbptt"]["datasets"] = ["good", "page"]
    targets = [f"results/downloads/{name}/{name}.zip" for name in ("good", "page")]
    printed = checkout.snakemake(
        *targets, "--keep-going", "--configfile", checkout.configure(content), ok=False
    )
    assert "is a web page (an error page perhaps), not an archive" in printed
    assert "put it into" in printed
    downloads = checkout.work / "results" / "downloads"
    (came,) = [path for path in downloads.rglob("*") if path.is_file()]
    assert came == downloads / "good" / "good.zip"
    assert came.read_bytes() == (mirror / "good.zip").read_bytes()


def test_a_second_run_in_the_same_folder_is_refused_and_does_the_first_no_harm(once_more):
    folder = once_more.work / RUN
    before = {name: (folder / name).read_bytes() for name in RECORDS}
    for path in folder.iterdir():
        path.unlink()
    command = (f"{RUN}/run.json", "--configfile", str(once_more.work / "tiny.yaml"))
    first = once_more.started(*command)
    try:
        deadline = time.monotonic() + PATIENCE_S
        locks = once_more.work / ".snakemake" / "locks"
        # written last; until its names are in it, it locks nothing
        while not any(lock.stat().st_size for lock in locks.glob("*.output.lock")):
            assert time.monotonic() < deadline
            assert first.poll() is None
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGSTOP)  # so that it is still there when the second begins
        printed = once_more.snakemake(*command, ok=False)
        os.killpg(first.pid, signal.SIGCONT)
        assert "Directory cannot be locked" in printed
        assert "--unlock" in printed
        assert first.wait(PATIENCE_S) == 0
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
