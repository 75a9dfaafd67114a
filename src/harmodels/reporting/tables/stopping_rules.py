"""Tables of kind stopping_rules: where a report stopped its trainings, beside simple rules."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.base import Text, key
from harmodels.errors import ResultsError
from harmodels.evaluation.ties import extreme, on_side
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import best_epochs, curve, has_curve
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import CELL_COLUMNS, plain_cell
from harmodels.reporting.tables.spec import Table, TableSpec

RULE = "rule"
MET = "Printed epochs met"
DIGITISED = 0.005  # nats: how exactly a curve could be read off its figure
NEAR = 1  # epochs
PATIENCE = (3, 5, 10)
Losses = NDArray[np.float64]


class StoppingRules(TableSpec):
    """The epochs at which a report stopped beside those that simple rules choose in its curves.

    A row a rule, a column a configuration with published curves; the last column counts the
    printed epochs that the rule meets within one epoch.
    """

    spread = (
        "Epochs of the digitised curves (± 0.005 nats), one network each; a printed epoch is met "
        "by an epoch beside it."
    )

    kind: Literal["stopping_rules"] = "stopping_rules"
    published_run: Text = key(
        ..., "An experiment under `published_runs` with curves and printed epochs."
    )
    metric: Text = key(..., "The loss whose published curves the rules read.")

    @property
    def published_experiments(self) -> list[str]:
        """The experiment that the report stopped."""
        return [self.published_run]

    def heading(self, measure: str) -> str:
        """Return the configuration, which is the heading itself."""
        return measure

    def build(self, given: Sources) -> Table:
        """Build a row a rule and a column a configuration; the first row is printed."""
        panels = {
            configuration_text(run.configuration): run
            for run in given.published[self.published_run]
            if len(best_epochs(run))
            and all(has_curve(run, self.metric, split) for split in ("train", "validation"))
        }
        if not panels:
            raise ResultsError(
                f"no published configuration of {self.published_run!r} has the training and the "
                f"validation curve of {self.metric!r} and a printed early_stop_epoch"
            )
        printed = {name: int(best_epochs(run)["value"].iloc[0]) for name, run in panels.items()}
        rows: dict[str, Mapping[str, float]] = {"Printed": printed}
        losses = {name: _losses(run, self.metric) for name, run in panels.items()}
        rows["Rank of that epoch in the validation loss"] = {
            name: float((validation < validation[printed[name] - 1]).sum() + 1)
            for name, (_, validation) in losses.items()
        }
        rows[f"Epochs of a loss lower by more than {2 * DIGITISED:g}"] = {
            name: float(
                on_side(validation, "less", validation[printed[name] - 1] - 2 * DIGITISED).sum()
            )
            for name, (_, validation) in losses.items()
        }
        for rule, choose in _rules().items():
            chosen = {name: int(choose(*pair)) for name, pair in losses.items()}
            met = sum(abs(chosen[name] - epoch) <= NEAR for name, epoch in printed.items())
            rows[rule] = {**chosen, MET: met}
        cells = [
            _cell(rule, name, value) for rule, row in rows.items() for name, value in row.items()
        ]
        return Table(self, (RULE,), pd.DataFrame(cells, columns=[RULE, *CELL_COLUMNS]))


def _rules() -> dict[str, Callable[[Losses, Losses], np.integer | int]]:
    """Return the rules: each takes the training and the validation loss and gives an epoch."""
    return {
        "Lowest validation loss": lambda train, validation: validation.argmin() + 1,
        "Before the first rise of the validation loss": lambda train, validation: _rise(validation),
        **{
            f"End by patience {patience} on the validation loss": partial(_end, patience)
            for patience in PATIENCE
        },
        "Lowest training loss": lambda train, validation: train.argmin() + 1,
        "Losses nearest to each other": lambda train, validation: (
            extreme(np.abs(validation - train), "less") + 1
        ),
        "Validation loss most below training loss": lambda train, validation: (
            extreme(validation - train, "less") + 1
        ),
        "Validation loss most above training loss": lambda train, validation: (
            extreme(validation - train, "greater") + 1
        ),
        "Last epoch": lambda train, validation: len(validation),
    }


def _rise(losses: Losses) -> int:
    rises = np.flatnonzero(np.diff(losses) > 0)
    return int(rises[0]) + 1 if len(rises) else len(losses)


def _end(patience: int, _: Losses, validation: Losses) -> int:
    """Return the epoch at which the loss has not fallen below its lowest for `patience` epochs."""
    best, since = np.inf, 0
    for epoch, loss in enumerate(validation, start=1):
        best, since = (loss, 0) if loss < best else (best, since + 1)
        if since == patience:
            return epoch
    return len(validation)


def _losses(run: Run, metric: str) -> tuple[Losses, Losses]:
    """Return training and validation loss; epoch e is at position e − 1."""
    train, validation = (
        curve(run, metric, split)["value"].to_numpy() for split in ("train", "validation")
    )
    return train, validation


def _cell(rule: str, measure: str, value: float) -> dict[str, object]:
    return plain_cell(measure) | {RULE: rule, "statistic": "count", "value": float(value)}
