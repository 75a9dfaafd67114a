import json

import pytest


@pytest.fixture
def settle(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository))
    monkeypatch.chdir(repository)
    from benchmarks import settle

    return settle


def findings(settle, rate, on_the_gpu):
    """The findings that decide: an update of 5 sequences takes a core 100 microseconds."""
    kernel = {"hidden": 50, "window": 10, "networks": settle.KERNEL_NETWORKS}
    hands = {"case": f"{settle.HANDS}, GRU", "sequences": 5}
    return [
        kernel | {"networks": 1, "updates_a_microsecond": 0.1},
        kernel | {"updates_a_microsecond": rate},
        hands | {"engine": "compiled", "networks": 1, "microseconds": 100},
        hands | {"engine": "reference", "networks": 1, "microseconds": 1e6},
        hands | {"engine": "reference", "networks": settle.TOGETHER, "microseconds": on_the_gpu},
        hands | {"case": "perceptron", "engine": "compiled", "networks": 1, "microseconds": 1e9},
    ]


@pytest.mark.parametrize(
    ("rate", "on_the_gpu", "kernel", "cuda"),
    [
        (19.9, 124, "19.9, it goes", "1.01 times as fast over 1 networks, CUDA stays"),
        (20.0, 126, "20, it stays", "0.992 times as fast over 1 networks, CUDA leaves"),
    ],
)
def test_the_verdict_follows_the_rules(settle, rate, on_the_gpu, kernel, cuda):
    one, other = settle.verdict(findings(settle, rate, on_the_gpu))
    assert kernel in one
    assert cuda in other


@pytest.mark.parametrize("stage", ["facts", "nodes", "waits", "memory"])
def test_every_stage_runs_without_a_gpu(settle, stage):
    said = []
    getattr(settle, stage)("cpu", True, lambda **finding: said.append(finding))
    assert said or stage == "memory"  # which no processor shows
    json.dumps(said)


def test_a_stage_that_ends_at_its_limit_leaves_the_others_and_decides_nothing(
    settle, monkeypatch, tmp_path, capfd
):
    monkeypatch.setattr(settle, "STAGES", {"facts": 0.1, "kernel": 300})
    settle.run(tmp_path, "cpu", tiny=True)
    printed = capfd.readouterr().out
    assert ", its limit" in printed
    assert printed.count("not measured") == 2
    lines = (tmp_path / "settle.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert {line["stage"] for line in found} == {"kernel"}
    assert all(line["apart"] < 1e-6 for line in found)


def test_the_rules_that_are_printed_are_those_of_the_verdict(settle):
    rules = " ".join(settle.__doc__.split())
    assert f"than {settle.KERNEL_UPDATES} updates a microsecond" in rules
    assert f"with {settle.KERNEL_NETWORKS} networks" in rules
    assert f"If {settle.TOGETHER} replicates" in rules
    assert f"than {settle.CORES} cores" in rules


def test_all_stages_together_take_ten_minutes_at_most(settle):
    assert sum(settle.STAGES.values()) <= 600


@pytest.mark.parametrize("name", ["truncated_bptt", "recurrent"])
def test_one_core_with_the_compiled_loop_is_among_the_contenders(settle, name):
    from benchmarks import gpu

    task = gpu.CASES[name](gpu.TINY)
    names = [each.name for each in gpu.contenders_of(task, task, (1,))]
    assert "compiled loop, one core" in names
