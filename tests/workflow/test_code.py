"""The real Snakefile and the package beside it: which code runs, and what a change reruns."""

import os
import re
import subprocess
import sys

import pytest
import yaml

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

ONE_OF_EACH = {
    "name": "each",
    "reports": {
        "rnn_tbptt": {"datasets": ["simulated"], "experiments": ["part_b"]},
        "mlp_features": {
            "datasets": ["simulated"],
            "experiments": ["baselines", "dropout"],
            "reads": "computed_features",
        },
        "hand_actions": {"datasets": ["simulated-hands"], "experiments": ["cells"]},
    },
    "replicates": 1,
    "seed": 3,
    "device": "cpu",
}


def test_the_workflow_of_another_checkout_is_refused_before_anything_is_planned(
    checkout, tiny, repository
):
    printed = checkout.snakemake(
        *("--dry-run", "--configfile", checkout.configure(tiny)),
        ok=False,
        PYTHONPATH=str(repository / "src"),
    )
    assert f"the workflow lies in {checkout.root}, but this Python imports harmodels" in printed
    assert str(repository / "src" / "harmodels") in printed
    assert f"install --editable '{checkout.root}'" in printed
    assert "Traceback" not in printed
    assert not (checkout.work / "results").exists()


@pytest.mark.parametrize("use", ["use rule * from har", "use rule * from har as har_*"])
def test_the_workflow_is_a_module_of_another_one(repository, tmp_path, tiny, use):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(tiny), encoding="utf-8")
    (tmp_path / "workflow").mkdir()
    snakefile = tmp_path / "workflow" / "Snakefile"
    snakefile.write_text(
        f"""
configfile: "tiny.yaml"
module har:
    snakefile: {str(repository / "Snakefile")!r}
    config: config
{use}
rule mine:
    default_target: True
    input: "results/tiny.html"
    output: "mine.txt"
    shell: "wc -c {{input}} > {{output}}"
""",
        encoding="utf-8",
    )

    def snakemake(*arguments):
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(repository / "src")}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    plan = snakemake("--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert "Training rnn_tbptt on simulated: part_b" in plan.stdout + plan.stderr
    assert "mine" in plan.stdout + plan.stderr
    card = "results/datasets/simulated/card.json"
    ran = snakemake(card)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / card).exists()


def test_a_changed_gru_retrains_the_hands_and_no_other_network(checkout):
    def codes():
        printed = checkout.snakemake(
            "--dry-run", "--configfile", checkout.configure(ONE_OF_EACH), *probe
        )
        return dict(re.findall(r"code of (\w+/\w+): (\w+)", printed))

    # what a job's digest is, printed with its other facts while it is planned
    rule = checkout.root / "rules" / "train.smk"
    text = rule.read_text(encoding="utf-8")
    announced = (
        'message:\n        "code of {wildcards.report}/{wildcards.experiment}: {params.code}'
    )
    rule.write_text(re.sub(r'message:\n\s+"', announced + ". ", text), encoding="utf-8")
    probe = ("--until", "train_network")
    before = codes()
    checkout.change("nn/cells/gru.py")
    after = codes()
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.startswith("hand_actions/")}
    assert {name.split("/")[0] for name in before} == set(ONE_OF_EACH["reports"])


@pytest.mark.parametrize("broken", ["results", "results/downloads"])
def test_a_link_to_nothing_is_named_before_anything_is_planned(checkout, tiny, broken):
    path = checkout.configure(tiny)
    link = checkout.work / broken
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(checkout.work / "gone")
    printed = checkout.snakemake("--dry-run", "--configfile", path, ok=False)
    assert f"{link} is a link to {checkout.work / 'gone'}, which does not exist" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("results/rnn_tbptt/simulated/runs/part_b/clip=9/run.json", "no configuration 'clip=9'"),
        ("results/rnn_tbptt/simulated/runs/readings/clip=9/run.json", "no experiment 'readings'"),
        ("results/rnn_tbptt/simulated/tables/tabel1.csv", "did you mean 'table1'"),
    ],
)
def test_a_target_that_does_not_exist_is_named_with_what_does(checkout, tiny, target, says):
    printed = checkout.snakemake(
        target, "--dry-run", "--configfile", checkout.configure(tiny), ok=False
    )
    assert says in printed
    assert "(it has " in printed
    assert "KeyError" not in printed
