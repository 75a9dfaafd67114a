"""Judgement of claims on classes: how well one is recognised, and what one is taken for."""

from harmodels.config.specs.claims import ConfusedPair, HighestRecall, MistakenFor, Recall
from harmodels.evaluation.claims import at_least_everywhere, mean_beyond
from harmodels.evaluation.contrasts import lowest_beyond
from harmodels.reporting.claims.evidence import Evidence, joined, note_on
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.measures import (
    confused_share,
    lead_of_recall,
    mistaken_margins,
    recall_of,
    unknown_classes,
)
from harmodels.reporting.runs.selection import select_runs


def recall(spec: Recall, runs: Runs) -> Evidence:
    """Judge the lowest recall of a class over all configurations against `at_least`."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    sample = joined(
        group, lambda run: recall_of(run, spec.class_name, selection.checkpoint, selection.split)
    )
    quantity = f"lowest recall of {class_text(spec.class_name)!r} over the configurations"
    judgement = at_least_everywhere(sample, float(spec.at_least))
    return Evidence(judgement, quantity, note_on([group], [sample], [spec.class_name]))


def highest_recall(spec: HighestRecall, runs: Runs) -> Evidence:
    """Judge the lowest lead of a class's recall over all configurations against 0."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    sample = joined(
        group,
        lambda run: lead_of_recall(run, spec.class_name, selection.checkpoint, selection.split),
    )
    text = class_text(spec.class_name)
    quantity = f"recall of {text!r}, lowest difference to the next class"
    note = note_on([group], [sample], [spec.class_name])
    return Evidence(lowest_beyond(sample, 0.0), quantity, note)


def confused_pair(spec: ConfusedPair, runs: Runs) -> Evidence:
    """Judge the share of all errors that lie between two classes against `at_least`."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    sample = joined(
        group, lambda run: confused_share(run, spec.classes, selection.checkpoint, selection.split)
    )
    first, second = (class_text(name) for name in spec.classes)
    quantity = f"share of the errors between {first!r} and {second!r}"
    judgement = mean_beyond(sample, float(spec.at_least), "greater")
    return Evidence(judgement, quantity, note_on([group], [sample], spec.classes))


def mistaken_for(spec: MistakenFor, runs: Runs) -> Evidence:
    """Judge how much more often some classes are taken for `answer` than for another class."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    margins = mistaken_margins(
        group, spec.classes, spec.answer, spec.expected, selection.checkpoint, selection.split
    )
    rival = {"greater": "most frequent", "less": "rarest"}[spec.expected]
    quantity = (
        f"share of the wrong answers that is {class_text(spec.answer)!r}, "
        f"difference to the {rival} other one"
    )
    judgement = mean_beyond(margins, 0.0, spec.expected)
    unknown = unknown_classes(group[0], [*spec.classes, spec.answer])
    note = f"the data set has no class {class_text(unknown[0])!r}" if unknown else ""
    return Evidence(judgement, quantity, note)
