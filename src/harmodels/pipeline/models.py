"""Inputs and parameters of the rules that export models and classify recordings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.parts import split_name
from harmodels.config.project import ModelPlan
from harmodels.files import read_json
from harmodels.pipeline.digests import code_of
from harmodels.pipeline.inputs import Wildcards
from harmodels.pipeline.pipeline import Pipeline
from harmodels.pipeline.targets import RUN_FILES, files_in, run_folders
from harmodels.plugins import LEARNERS

RECORDING_FILES = ("recording.csv", "truth.csv", "activities.csv", "timeline.svg", "summary.txt")


@dataclass(frozen=True)
class ModelInputs:
    """Functions of the wildcards of a job, which name a model or an afternoon."""

    pipeline: Pipeline

    def folders(self) -> list[str]:
        """Return the folders of all models."""
        return [f"results/models/{name}" for name in self.pipeline.project.models]

    def recordings(self) -> list[str]:
        """Return every file of the recordings that are classified."""
        recordings = (f"results/recordings/{name}" for name in self.pipeline.project.afternoons)
        return files_in(recordings, RECORDING_FILES)

    def live_pages(self) -> list[str]:
        """Return the pages that run a model in a browser."""
        return [f"results/live/{name}.html" for name in self.pipeline.project.live]

    def code(self, script: str) -> Callable[[Wildcards], str]:
        """Return a function to a digest of a script's code; learners are loaded by name."""

        def digest(wildcards: Wildcards) -> str:
            plan = self._plan(wildcards)
            training = self.pipeline.experiment(plan.report, plan.experiment).training
            return code_of(script, LEARNERS.module(training))

        return digest

    def plan(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return which run a model is exported from."""
        return self._plan(wildcards).model_dump(mode="json")

    def run_folders(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of the run, or of those among which validation data choose."""
        plan = self._plan(wildcards)
        return [
            folder
            for folder in run_folders(self.pipeline, plan.report, plan.dataset, [plan.experiment])
            if plan.chosen or split_name(Path(folder).name)[0] == plan.configuration
        ]

    def run_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of these runs, weights included."""
        return files_in(self.run_folders(wildcards), (*RUN_FILES, "weights.safetensors"))

    def sequences(self, wildcards: Wildcards) -> str:
        """Return the table that says who was recorded."""
        return f"results/datasets/{self._plan(wildcards).dataset}/sequences.parquet"

    def draw(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return how the sequences were drawn that a model was trained and tested on."""
        plan = self._plan(wildcards)
        name = self.pipeline.experiment(plan.report, plan.experiment).draw
        return self.pipeline.draw(plan.report, plan.dataset, name)

    def feature_map(self, wildcards: Wildcards) -> str | list[str]:
        """Return the map of the features where the networks read them, or nothing."""
        plan = self._plan(wildcards)
        if self.pipeline.experiment(plan.report, plan.experiment).reads == "sequences":
            return []
        return f"results/datasets/{plan.dataset}/feature_map.parquet"

    def registry_entry(self, wildcards: Wildcards) -> str:
        """Return the data set's entry as text: the model states its licence."""
        return repr(self.pipeline.dataset(self._plan(wildcards).dataset))

    def afternoon(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the arguments of `simulate_afternoon`."""
        recording = self.pipeline.project.afternoons[wildcards.afternoon]
        dataset = self.pipeline.dataset(self._plan(wildcards).dataset)
        return {
            "classes": list(dataset.classes),
            "minutes": recording.minutes,
            "rate_hz": dataset.rate_hz,
            "seed": recording.seed,
            "like": dataset.format,
        }

    def folder_for_afternoon(self, wildcards: Wildcards) -> str:
        """Return the folder of the model that classifies a recording."""
        return f"results/models/{self.pipeline.project.afternoons[wildcards.afternoon].model}"

    def _plan(self, wildcards: Wildcards) -> ModelPlan:
        project = self.pipeline.project
        if hasattr(wildcards, "afternoon"):
            return project.models[project.afternoons[wildcards.afternoon].model]
        return project.models[wildcards.model]


def classify_arguments(recording: str, model: str, *, truth: str, out: str, plot: str) -> list[str]:
    """Return the command line that classifies a simulated afternoon.

    Its columns are ax … az in m/s² and gx … gz in rad/s.
    """
    channels = read_json(Path(model) / "model.json")["card"]["channels"]
    columns = [f"{name}={'g' if 'gyro' in name else 'a'}{name[-1]}" for name in channels]
    return [
        *(recording, "--model", model, "--columns", ",".join(["time=t", *columns])),
        *("--unit", "acc=m/s2", "--truth", truth, "--out", out, "--plot", plot),
    ]
