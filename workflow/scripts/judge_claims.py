"""Judge the claims of a report."""

from harmodels.reporting.claims import ClaimSpec, judge_claims, write_claims
from harmodels.reporting.sources import Sources
from harmodels.runtime.script import script_job

with script_job(snakemake, f"claims {snakemake.wildcards.report}"):
    claims = ClaimSpec.read_all(snakemake.params.specs)
    ledger = judge_claims(claims, Sources.of_job(snakemake))
    write_claims(ledger, snakemake.output.csv.removesuffix(".csv"))
