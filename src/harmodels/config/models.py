"""Models that a project exports, and simulated afternoons that they classify."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BEST = "best"


@dataclass(frozen=True)
class ModelPlan:
    """One entry of the key `models`.

    Attributes
    ----------
    report, dataset, experiment
        Where the run is.
    configuration
        Its name, or `best`: the one with the highest validation accuracy.
    checkpoint
        `last` or `best` weights.
    replicates
        Which networks; empty takes all that did not diverge. A model averages its networks.
    """

    report: str
    dataset: str
    experiment: str
    configuration: str = BEST
    checkpoint: str = "last"
    replicates: tuple[int, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether validation data choose the configuration."""
        return self.configuration == BEST


@dataclass(frozen=True)
class AfternoonPlan:
    """One entry of the key `afternoons`: a recording is simulated and classified by a model.

    Attributes
    ----------
    model
        Key of `models`.
    minutes, seed
        Length, and seed of the person and of what is done.
    """

    model: str
    minutes: float = 60.0
    seed: int = 1


def parse_models(content: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelPlan]:
    """Return the checked key `models` as records."""
    return {
        name: ModelPlan(**{**plan, "replicates": tuple(plan.get("replicates", ()))})
        for name, plan in content.items()
    }
