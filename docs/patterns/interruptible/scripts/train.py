"""A long job in steps: killed at any moment, it resumes and writes the same bytes."""

import sys
from pathlib import Path

from harmodels.runtime.checkpoints import Checkpoints, Snapshot, write_checkpoint
from harmodels.runtime.signals import StopRequest

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))
from model.descent import start, update

# all that the result depends on: a checkpoint of other code or steps is refused
identity = {"code": snakemake.params.code, "steps": snakemake.params.steps}
with StopRequest() as stop:
    # not an output of the rule, since Snakemake deletes the outputs of a failed job
    checkpoints = Checkpoints(Path("checkpoints/train"), identity, every_s=0.2, stop=stop)
    kept = checkpoints.resume(
        lambda snapshot: (snapshot.tensors["weights"], snapshot.facts["step"])
    )
    weights, first = kept or (start(), 0)
    print(f"begins at step {first}", file=sys.stderr)
    for step in range(first, snakemake.params.steps):
        weights = update(weights, step)
        state = Snapshot({"weights": weights}, {"step": step + 1})
        checkpoints.after_step(lambda state=state: state)
write_checkpoint(Path(snakemake.output[0]), Snapshot({"weights": weights}, {}))
checkpoints.remove()
