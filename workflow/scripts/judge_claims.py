"""Judge the claims of a report."""

from harmodels.reporting.claims import ClaimSpec, Families, judge_claims, write_claims
from harmodels.reporting.sources import Sources
from harmodels.runtime.script import script_job

with script_job(snakemake, f"claims {snakemake.wildcards.report}"):
    claims = ClaimSpec.read_all(snakemake.params.specs)
    ledger = judge_claims(
        claims, Sources.of_job(snakemake), Families.read(snakemake.params.families)
    )
    write_claims(ledger, snakemake.output.csv.removesuffix(".csv"))
