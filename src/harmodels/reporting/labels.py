"""Labels of keys, values, measures and configurations in tables and figures."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harmodels.config.selection import humanise
from harmodels.plugins import CELLS

_KEYS = {
    "hidden": "Hidden units",
    "hidden1": "First layer",
    "hidden2": "Second layer",
    "clip": "Clip at ±",
}
# in a list of settings, where a value needs few words beside it
_BRIEF = {"learning_rate": "rate {}", "hidden": "{} units", "batch_size": "batch {}"}
_MEASURES = {
    "macro_f1": "Macro-F1",
    "most_predicted_share": "Most predicted class",
    "early_stop_epoch": "Early-stop epoch",
    "best_accuracy_epoch": "Epoch of best accuracy",
    "train_loss": "Training loss",
    "train_distance": "Training curve, distance",
    "own_train_distance": "Training curve, among ours",
    "validation_distance": "Validation curve, distance",
    "own_validation_distance": "Validation curve, among ours",
    "row_distance": "Rows, distance",
    "own_row_distance": "Rows, among ours",
    "loss_gap": "Validation minus training loss",
    "binary_cross_entropy": "Binary cross-entropy",
    "binary_cross_entropy_per_class": "Binary cross-entropy per class (nats)",
    "negative_log_likelihood": "Negative log-likelihood (nats)",
    "cross_entropy": "Cross-entropy (nats)",
    "confused": "Sequences",
    "printed_inside": "Printed rows inside the interval of ours",
    "printed_distance": "Distance to the printed rows",
    "share_of_class": "Share of the true class",
}


def key_label(key: str) -> str:
    """Return the heading of a hyperparameter."""
    return _KEYS.get(key, humanise(key))


def measure_label(measure: str) -> str:
    """Return the heading of a measure, for example `Top-1` for `top_1`."""
    top = re.fullmatch(r"top_(\d+)", measure)
    if top:
        return f"Top-{top.group(1)}"
    of_class = re.fullmatch(r"(recall|most_predicted_share_without)_(.+)", measure)
    if of_class:
        kind = {"recall": "Recall of"}.get(of_class.group(1), "Most predicted class, without")
        return f"{kind} {class_text(of_class.group(2))}"
    return _MEASURES.get(measure, humanise(measure))


def value_text(value: Any) -> str:
    """Return the value of a hyperparameter as short as it is exact: 0.1, 50, none, transposed."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def name_text(value: Any) -> str:
    """Return a value that names a row or a line; `linear_svm` gives `linear svm`."""
    if isinstance(value, str):
        return CELLS.label(value) if value in CELLS else value.replace("_", " ")
    return value_text(value)


def entry_label(key: str) -> str:
    """Return what a table or figure is called, from its key in the configuration.

    >>> entry_label("table1"), entry_label("figure4_time"), entry_label("normal_test")
    ('Table 1', 'Figure 4, time', 'Normal test')
    """
    numbered = re.fullmatch(r"(table|figure)(\d+[a-z]?)(?:_(.+))?", key)
    if numbered is None:
        return CELLS.label(key) if key in CELLS else humanise(key)
    kind, number, rest = numbered.groups()
    return f"{kind.capitalize()} {number}" + (f", {rest.replace('_', ' ')}" if rest else "")


def class_text(name: str) -> str:
    """Return a class name for people: `walking_upstairs` gives `walking upstairs`."""
    return name.replace("_", " ").lower()


def class_initials(classes: Iterable[str]) -> dict[str, str]:
    """Return the fewest letters that tell each class apart: initials, longer where two agree.

    >>> class_initials(["walking", "walking_upstairs", "sitting", "standing", "class_10"])
    {'walking': 'W', 'walking_upstairs': 'WU', 'sitting': 'Si', 'standing': 'St', 'class_10': 'C10'}
    """
    words = {name: class_text(name).split() for name in classes}
    letters = dict.fromkeys(words, 1)
    for _ in range(max((len(parts[0]) for parts in words.values()), default=0)):
        short = {name: _initials(parts, letters[name]) for name, parts in words.items()}
        taken = Counter(short.values())
        if max(taken.values()) == 1:
            return short
        for name, text in short.items():
            letters[name] += taken[text] > 1
    return {name: class_text(name) for name in words}


def _initials(words: Sequence[str], letters: int) -> str:
    """Return the first letters of the first word, and one of each other; numbers are whole."""
    lengths = [letters] + [1] * (len(words) - 1)
    parts = [w if w.isdigit() else w[:n].capitalize() for w, n in zip(words, lengths, strict=True)]
    return "".join(parts)


def configuration_text(configuration: Mapping[str, Any], without: Iterable[str] = ()) -> str:
    """Return `learning rate 0.1, hidden units 50`, leaving out the keys in `without`."""
    left_out = set(without)
    parts = [
        _lower_first(setting_text(key, value))
        for key, value in configuration.items()
        if key not in left_out
    ]
    return ", ".join(parts)


def setting_text(key: str, value: Any) -> str:
    """Return `Hidden units 50`; `No clip` where null switches it off."""
    if value is None:
        return f"No {humanise(key).lower()}"
    return f"{key_label(key)} {name_text(value)}".replace("± ", "±")


def brief_text(settings: Mapping[str, str]) -> str:
    """Return printed settings in as few words as tell them apart.

    >>> brief_text({"learning_rate": "0.1", "hidden": "50", "window": "30"})
    'rate 0.1, 50 units, window 30'
    """
    forms = {key: _BRIEF.get(key, f"{_lower_first(key_label(key))} {{}}") for key in settings}
    parts = [forms[key].format(value) for key, value in settings.items()]
    return ", ".join(parts).replace("± ", "±")


def wrap(text: str, longest: int) -> str:
    """Break a configuration's text into lines of at most `longest` characters.

    It is broken after commas, and between words only where a part is longer than a line.
    """
    lines: list[str] = []
    for part in text.split(", "):
        if lines and len(lines[-1]) + 2 + len(part) <= longest:
            lines[-1] += f", {part}"
        else:
            lines.append(textwrap.fill(part, longest, break_long_words=False))
    return ",\n".join(lines)


def natural_order(name: str) -> tuple[int, int, str]:
    """Return a sorting key that puts 2 before 10, and numbers before words."""
    return (0, int(name), name) if name.isdigit() else (1, 0, name)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
