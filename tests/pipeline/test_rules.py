"""The rules as Snakemake reads them: digests, and the version that they need."""

import re
import tomllib
from types import SimpleNamespace

import pytest
import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from harmodels.pipeline.digests import code_of
from harmodels.pipeline.pipeline import load_pipeline
from harmodels.pipeline.targets import Targets

# An archive is vouched for by its hash: changed code must not download it again.
WITHOUT_DIGEST = {"download_archive"}


@pytest.fixture(scope="module")
def rules(repository, tmp_path_factory):
    """All rules of the Snakefile by name, read by Snakemake in this process."""
    with pytest.MonkeyPatch.context() as patch, SnakemakeApi(OutputSettings()) as api:
        patch.setenv("HARMODELS_DEVICE", "cpu")  # the rules set it; so that it is put back
        read = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[repository / "config" / "demo.yaml"]),
            snakefile=repository / "Snakefile",
            workdir=tmp_path_factory.mktemp("work"),
        )
        yield {rule.name: rule for rule in read._workflow.rules}


def test_every_rule_with_a_script_reruns_when_the_code_of_that_script_changes(rules, repository):
    scripts = {name: rule for name, rule in rules.items() if rule.script}
    assert len(scripts) == len(list((repository / "workflow" / "scripts").glob("*.py")))
    some_job = SimpleNamespace(
        report="mlp_features", experiment="part_b", model="mlp_features", afternoon="afternoon",
        dataset="simulated",
    )  # fmt: skip
    loaded = {"prepare_sequences": "harmodels.data.formats.uci_har"}
    learner = "harmodels.training.learners.perceptron"
    for name in scripts.keys() - WITHOUT_DIGEST:
        code = rules[name].params.code
        script = rules[name].script.rpartition("/")[2]
        if callable(code):  # a job that loads a learner or a parser by name
            assert code(some_job) == code_of(script, loaded.get(name, learner)), name
        else:
            assert code == code_of(script), name


def test_no_rule_names_a_module_by_hand(repository):
    for path in (repository / "rules").glob("*.smk"):
        text = re.sub(r"^from harmodels.*", "", path.read_text(encoding="utf-8"), flags=re.M)
        assert not re.search(r'"harmodels\.', text), path.name


def test_common_smk_defines_no_function(repository):
    text = (repository / "rules" / "common.smk").read_text(encoding="utf-8")
    assert not re.search(r"\b(def|lambda)\b", text)
    assert len(text.splitlines()) < 100


def test_snakefile_and_package_ask_for_the_same_snakemake(repository):
    text = (repository / "Snakefile").read_text(encoding="utf-8")
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    (least,) = re.findall(r'min_version\("([0-9.]+)"\)', text)
    assert f"snakemake>={least}" in project["project"]["optional-dependencies"]["workflow"]
    assert tuple(map(int, least.split("."))) >= (9, 19)  # which reads the profile by itself


@pytest.mark.parametrize(
    ("rule", "output"),
    [
        *(("build_table", "csv"), ("judge_claims", "csv")),
        *((rule, "svg") for rule in ("draw_figure", "draw_preview", "compare_features")),
    ],
)
def test_the_report_of_snakemake_has_a_caption_and_labels_for(rules, rule, output):
    shown = getattr(rules[rule].output, output).flags["report"]
    assert shown.caption
    assert shown.labels


def test_the_demo_has_eighteen_tables_to_show_in_it(repository):
    config = yaml.safe_load((repository / "config" / "demo.yaml").read_text(encoding="utf-8"))
    targets = Targets(load_pipeline(config, repository))
    assert sum(path.endswith(".csv") for path in targets.tables()) == 18


def test_the_device_of_a_training_is_a_resource_and_not_a_parameter(rules):
    """A changed parameter would train anew what is there."""
    train = rules["train_network"]
    assert {"gpu", "gpu_model", "gres", "device"} <= set(train.resources)
    assert set(train.params.keys()) == {"code", "job", "checkpoints"}
