"""The real Snakefile and the package beside it: which code runs, and what is refused at once."""

import copy
import os
import subprocess
import sys

import pytest
import yaml


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


def around(folder, repository, tiny, use="use rule * from har as har_*", changes=""):
    """Write a workflow that uses this one as a module; return a function that runs it."""
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny), encoding="utf-8")
    (folder / "workflow").mkdir()
    snakefile = folder / "workflow" / "Snakefile"
    snakefile.write_text(
        f"""
configfile: "tiny.yaml"
module har:
    snakefile: {str(repository / "Snakefile")!r}
    config: config
{changes}
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
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return snakemake


@pytest.mark.parametrize("use", ["use rule * from har", "use rule * from har as har_*"])
def test_the_workflow_is_a_module_of_another_one(repository, tmp_path, tiny, use):
    snakemake = around(tmp_path, repository, tiny, use)
    plan = snakemake("--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert "Training rnn_tbptt on simulated: part_b" in plan.stdout + plan.stderr
    assert "mine" in plan.stdout + plan.stderr
    if use.endswith("har"):  # a rule runs as one of the other workflow
        card = "results/datasets/simulated/card.json"
        ran = snakemake(card)
        assert ran.returncode == 0, ran.stderr
        assert (tmp_path / card).exists()


@pytest.mark.parametrize("change", ['prefix: "har"', 'replace_prefix: {"results/": "har/"}'])
def test_a_module_whose_paths_are_changed_is_refused_while_planning(
    repository, tmp_path, tiny, change
):
    plan = around(tmp_path, repository, tiny, changes=f"    {change}")("--dry-run")
    assert plan.returncode == 1
    printed = plan.stdout + plan.stderr
    assert "prefix and replace_prefix cannot be used with this workflow" in printed
    assert "harmodels run --directory FOLDER" in printed
    assert "Traceback" not in printed


def misspelt(checkout, content):
    content["reports"]["rnn_tbptt"]["datasets"] = ["uci-haar"]
    return (), "did you mean 'uci-har'"


def linked_to_nothing(checkout, content):
    link = checkout.work / "results"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(checkout.work / "gone")
    return (), f"{link} is a link to {checkout.work / 'gone'}, which does not exist"


def asked_for_what_is_not(checkout, content):
    return ("results/rnn_tbptt/simulated/tables/tabel1.csv",), "did you mean 'table1'"


@pytest.mark.parametrize("mistake", [misspelt, linked_to_nothing, asked_for_what_is_not])
def test_a_mistake_is_named_before_anything_is_planned(checkout, tiny, mistake):
    content = copy.deepcopy(tiny)
    target, says = mistake(checkout, content)
    printed = checkout.snakemake(*target, "--configfile", checkout.configure(content), ok=False)
    assert says in printed
    assert target or "Traceback" not in printed  # Snakemake adds one to what an input function says
    assert "KeyError" not in printed
    assert not (checkout.work / "results").exists()
