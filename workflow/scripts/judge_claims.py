"""Judge the claims of a report."""

from harmodels.config.specs import parse_claim
from harmodels.reporting.claims import evaluate_claims, write_claims
from harmodels.reporting.runs.parts import load_runs
from harmodels.runtime.script import script_job

with script_job(snakemake, f"claims {snakemake.wildcards.report}"):
    claims = {name: parse_claim(entry) for name, entry in snakemake.params.specs.items()}
    ledger = evaluate_claims(claims, load_runs(snakemake.params.folders))
    write_claims(ledger, snakemake.output.csv.removesuffix(".csv"))
