"""Which rules a cluster gets: training, and nothing that a later rule forgets to keep local."""

import re


def test_every_rule_but_the_training_runs_where_snakemake_runs(repository):
    files = [repository / "Snakefile", *(repository / "rules").glob("*.smk")]
    rules = {
        name
        for file in files
        for name in re.findall(r"^rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    listed = (repository / "Snakefile").read_text(encoding="utf-8").split("localrules:")[1]
    assert rules - set(re.findall(r"^ {4}(\w+),$", listed, re.MULTILINE)) == {"train_network"}
