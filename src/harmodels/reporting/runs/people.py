"""Counts of right answers by person, from which a cell has its interval over people."""

from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.evaluation.classification import subject_shares
from harmodels.evaluation.people import SubjectCounts, subject_counts
from harmodels.evaluation.predictions import labels_of, predicted_labels, select
from harmodels.evaluation.topk import within_top_k
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import class_of_recall, label_of, unknown_classes


class People(TypedDict, total=False):
    """What a `Sample` knows of the people behind it."""

    people: SubjectCounts | None
    nameless: bool


def subjects_of(run: Run, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `subjects` of the data set of a run: ids are unique only within one."""
    if "dataset" not in subjects.columns:
        return subjects
    return subjects.loc[subjects["dataset"] == run.record.dataset]


def people_of_measure(
    run: Run, measure: str, checkpoint: str, split: str, subjects: pd.DataFrame | None
) -> People:
    """Return how many sequences of each test subject count as right in `top_<k>`, or in a recall.

    Empty where there can be no interval over people: of another measure, which is no count of
    sequences, and of training and validation sequences, whose people were learnt from or differ
    from replicate to replicate.
    """
    if class_name := class_of_recall(measure):
        if unknown_classes(run, [class_name]):
            return {}
        return people_of_recall(run, label_of(run, class_name), checkpoint, split, subjects)
    if split != "test" or not measure.startswith("top_"):
        return {}
    rows = select(run.predictions, checkpoint, split)
    return _people(run, rows, within_top_k(rows, int(measure.removeprefix("top_"))), subjects)


def people_of_recall(
    run: Run, label: int, checkpoint: str, split: str, subjects: pd.DataFrame | None
) -> People:
    """Return the same for the recall of a class: its sequences, and those recognised."""
    if split != "test":
        return {}
    rows = select(run.predictions, checkpoint, split)
    rows = rows.loc[rows["label"] == label]
    return _people(run, rows, predicted_labels(rows) == labels_of(rows), subjects)


def _people(
    run: Run, rows: pd.DataFrame, right: NDArray[np.bool_], subjects: pd.DataFrame | None
) -> People:
    if subjects is not None:
        subjects = subjects_of(run, subjects)
    if subjects is None or (subjects["subject"] == "").any():
        return {"nameless": True}
    return {} if rows.empty else {"people": subject_counts(subject_shares(rows, right, subjects))}
