"""Recordings of a user's own in the real workflow: their content decides what is read again."""

import os

import numpy as np
import pandas as pd
import yaml

from harmodels.files import read_json

SEQUENCES = "results/datasets/mine/sequences.parquet"
ENTRY = {
    "title": "My walks",
    "licence": "mine",
    "citation": "me",
    "format": "table",
    "recordings": "walks",
    "rate_hz": 50,
    "channels": {"acc_x": "g", "acc_y": "g", "acc_z": "g"},
    "channel_groups": {"acceleration": ["acc_x", "acc_y", "acc_z"]},
    "classes": ["sitting", "walking"],
    "window": {"steps": 50, "step": 25, "largest_gap_s": 0.2},
    "table": {"subject": "person", "label": "activity", "time": "t"},
}


def _table(person):
    times, rng = np.arange(300) / 50, np.random.default_rng(list(person.encode()))
    columns = {"t": times, "person": person, "activity": np.where(times < 3, "sitting", "walking")}
    columns |= {
        name: rng.normal(mean, 0.1, 300)
        for name, mean in zip(ENTRY["channels"], (1, 0, 0), strict=True)
    }
    return pd.DataFrame(columns)


def test_content_alone_decides_what_is_read_again(checkout, tiny):
    walks = checkout.work / "walks"
    walks.mkdir(parents=True)
    path = walks / "a b.csv"
    _table("anna").to_csv(path, index=False)
    _table("bert").to_csv(walks / "b.csv", index=False)
    (checkout.work / "mine.yaml").write_text(yaml.safe_dump({"mine": ENTRY}), encoding="utf-8")
    plan = {"datasets": ["mine"], "draw": {"protocol": "subjects"}}
    content = tiny | {"registry": "mine.yaml", "reports": {"rnn_tbptt": plan}}
    call = (SEQUENCES, "--configfile", checkout.configure({**content, "models": {}}))

    def people():
        return list(read_json(checkout.work / "results/datasets/mine/card.json")["subjects"]["all"])

    checkout.snakemake(*call)
    assert people() == ["anna", "bert"]
    assert not (checkout.work / "results" / "downloads").exists()
    date = path.stat()
    path.touch()
    assert "Nothing to be done" in checkout.snakemake(*call)

    _table("carl").to_csv(path, index=False)  # of the same length, with the old date
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
    (walks / "._b.csv").write_bytes(b"\0\5\x16\7")
    checkout.snakemake(*call)
    assert people() == ["bert", "carl"]

    good = path.read_bytes()
    path.write_bytes(good.replace(b"acc_x", b"acx_x"))
    assert "no column for acc_x" in checkout.snakemake(*call, ok=False)
    path.write_bytes(good)
    _table("dora").to_csv(walks / "c.csv", index=False)
    checkout.snakemake(*call)
    assert people() == ["bert", "carl", "dora"]
