"""Run `snakemake --lint` and leave out the one finding that is answered elsewhere.

Snakemake asks for an environment or a container a rule. All rules run in the one Python that the
lock file describes and that Snakemake itself runs in; naming an image that the jobs do not really
use would only silence the finding.
"""

import re
import subprocess
import sys

ANSWERED = "Specify a conda environment or container for each rule."
FINDING = re.compile(r"^    \* .*?(?=^    \* |^Lints for |\Z)", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Print what remains of the findings and return the exit status."""
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    findings = FINDING.findall(printed)
    if done.returncode != 0 and not findings:
        print(printed)  # it could not be read at all
        return 1
    rest = [text for text in findings if not text.startswith(f"    * {ANSWERED}")]
    # the rule of each finding stands in the line above, so everything is shown where one remains
    print(printed if rest else f"snakemake --lint: {len(findings)} rules in one environment")
    return 1 if rest else 0


if __name__ == "__main__":
    sys.exit(main())
