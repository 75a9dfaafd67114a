"""Judge the claims of a report."""

from harmodels.assets import root
from harmodels.config.specs import parse_claim
from harmodels.reporting.claims import evaluate_claims, write_claims
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published
from harmodels.runtime.script import script_job

with script_job(snakemake, f"claims {snakemake.wildcards.report}"):
    claims = {name: parse_claim(entry) for name, entry in snakemake.params.specs.items()}
    folder = root() / "config" / "published"
    theirs = load_published(snakemake.params.published_runs["entries"], folder)
    ledger = evaluate_claims(claims, load_runs(snakemake.params.folders), theirs)
    write_claims(ledger, snakemake.output.csv.removesuffix(".csv"))
