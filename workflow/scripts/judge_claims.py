"""Judge the claims of a report."""

from harmodels.reporting.claims import evaluate_claims, write_claims
from harmodels.reporting.runs.load import load_runs
from harmodels.runtime.script import script_job

with script_job(snakemake, f"claims {snakemake.wildcards.report}"):
    ledger = evaluate_claims(snakemake.params.specs, load_runs(snakemake.params.folders))
    write_claims(ledger, snakemake.output.csv.removesuffix(".csv"))
