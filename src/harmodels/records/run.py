"""The record of a run, run.json: what was trained, with what, and what came of it."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from harmodels.config.base import LARGEST_COUNT, Count, Number, Several, Text, key, wrong
from harmodels.records.base import ResultsRecord

Amount = Annotated[Number, Field(ge=0)]
Epoch = Annotated[Number, Field(ge=0, le=LARGEST_COUNT)]
Hashes = dict[str, str]  # SHA-256 by name


class Program(ResultsRecord):
    """The program that wrote a record; None and empty where that is not known."""

    commit: str | None = key(None, "The commit of the checkout.")
    dirty: bool | None = key(None, "Whether files differed from it.")
    lock: str | None = key(None, "SHA-256 of its requirements.lock.")
    versions: dict[str, str] = key({}, "Of Python, harmodels and the libraries.")


class ReplicateRecord(ResultsRecord):
    """What became of one replicate; of folds that were joined, epochs are means."""

    replicate: Count = key(..., "Its number, from which it is seeded.", ge=0)
    epochs: Epoch = key(..., "How many it trained with a finite loss; 0 of a baseline.")
    best_epoch: Epoch | None = key(..., "That of the lowest validation loss.")
    diverged_epoch: Epoch | None = key(..., "That of the first infinite loss, weight or score.")
    stopped: str = key("", "Why it ended.")

    @property
    def diverged(self) -> bool:
        """Whether a loss, a weight or a score became infinite or NaN."""
        return self.diverged_epoch is not None

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """The weights that it has: `last` unless it diverged, `best` if one is known."""
        exists = {"last": not self.diverged, "best": self.best_epoch is not None}
        return tuple(checkpoint for checkpoint in exists if exists[checkpoint])


class RunRecord(Program):
    """One training job: a part of a configuration, or all of it.

    Keys with a default are those that a record of an older version may lack; unknown ones, which a
    newer version may have written, are passed over.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    report: str = key(..., "Key of the report.")
    dataset: str = key(..., "Key of the data set.")
    experiment: str = key(..., "Key of the experiment.")
    name: str = key(..., "The configuration's name.")
    part: str = key("", "What follows the name in the folder of a part.")
    grid: Several[str] = key(..., "The keys that the experiment varies, in its order.")
    configuration: dict[str, Any] = key(..., "Their values; JSON loses their order.")
    training: str = key("", "Key of the training loop.")
    options: dict[str, Any] = key(..., "Every option of the training loop.")
    channels: Several[str] | None = key(None, "Those that were read; null: all.")
    fingers: Several[Several[int]] | None = key(None, "Channels of each finger, as indices.")
    unit: str | None = key(None, "Of accelerations, if they were converted.")
    validation: bool = key(..., "Whether validation sequences were held out of the training.")
    draw: Text = key("report", "Key of the draw of the splits.")
    fold: str | None = key(None, "Of leave-one-subject-out, who is tested.")
    first: Count = key(0, "Number of the first replicate.", ge=0)
    seed: int = key(..., "Of all random numbers.")
    engine: str = key(..., "What trained: reference, compiled, scikit-learn or sktime.")
    device: str = key(..., "cpu or cuda.")
    threads: Count | None = key(None, "Replicates trained at the same time.")
    classes: Several[str] = key(..., "Names of the classes; a label is an index into them.")
    simulated: bool = key(False, "Whether a generator made the recordings.")
    data: Hashes = key({}, "Of the sequences and the splits that were read.")
    files: Hashes = key({}, "Of the three files beside this one.")
    replicates: Several[ReplicateRecord] = key(..., "What became of each.")
    code: str | None = key(None, "Digest of the code that trained.")
    hardware: dict[str, Any] = key({}, "Platform, processor, cores and GPU.")
    resumes: Count = key(0, "How often the job was resumed from a checkpoint.", ge=0)
    wall_time_s: Amount = key(..., "Seconds, interrupted attempts included.")
    sequences_per_s: Amount | None = key(None, "Training sequences of all replicates a second.")
    peak_gpu_memory_mb: Amount | None = key(None, "The most that was reserved.")

    @field_validator("configuration")
    @classmethod
    def _order_by_grid(cls, given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        grid = info.data.get("grid", list(given))
        if sorted(grid) != sorted(given):
            raise wrong(f"has the keys {', '.join(given)}, but grid names {', '.join(grid)}")
        return {name: given[name] for name in grid}

    @field_validator("replicates")
    @classmethod
    def _refuse_none(cls, given: tuple[ReplicateRecord, ...]) -> tuple[ReplicateRecord, ...]:
        if not given:
            raise wrong("[] should have at least one item")
        for one in given:
            for epoch in (one.epochs, one.best_epoch, one.diverged_epoch):
                if isinstance(epoch, float):
                    raise wrong(f"{epoch} should be a whole number of epochs")
        return given

    @property
    def folder(self) -> str:
        """The name of the run's folder: that of its configuration, and of the part it trains."""
        return self.name + self.part

    @property
    def settings(self) -> dict[str, Any]:
        """Every option of the training, the varied ones last."""
        return {**self.options, **self.configuration}
