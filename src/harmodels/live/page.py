"""Assembly of the page: markup, style, scripts, and the model as JSON."""

import json
import re
from html import escape
from importlib.resources import files
from pathlib import Path

from harmodels.data.look import LIMITS
from harmodels.data.reading.programs import KNOWN
from harmodels.data.units import SPELLINGS, UNITS, unit_factor
from harmodels.errors import ModelError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.exports.card import FOLDS, Accuracy, ModelCard, Normalisation
from harmodels.estimators.loading import load_model
from harmodels.files import write_text
from harmodels.live.network import Description, describe_network

# In this order: a browser defines what a later script uses.
SCRIPTS = tuple(
    f"{name}.js"
    for name in (
        *("network", "windows", "files", "form", "times", "table", "sensors", "meaning"),
        *("order", "clock", "blocks", "look", "axes", "recording", "joined", "drawing", "page"),
    )
)
QUANTITY = re.compile(r"(?:total_)?(acc)_([xyz])|(?:body_)?(gyro)_([xyz])")
# What is measured → the event's name for it, and the unit that the page has turned it into.
SENSORS = {"acc": ("acceleration", "m/s²"), "gyro": ("rotation", "rad/s")}


def write_live_page(folder: str | Path, page: str | Path) -> None:
    """Write a page that runs the model of `folder` in a browser, without a network or a library.

    A ModelError says why where the network is not a recurrent one, or reads what no phone measures.
    """
    write_text(Path(page), live_page(load_model(folder)))


def live_page(model: NetworkClassifier) -> str:
    """Return the page of a fitted estimator that has a card; errors as `write_live_page`."""
    description = describe_model(model)
    card: ModelCard = model.card_
    kind = type(model).__name__.removesuffix("Classifier")
    worn = (card.data.worn or "not stated by the card of the model").rstrip(".")
    parts = {
        "title": escape(f"{kind} network trained on {card.data.name}"),
        "warning": SIMULATED if card.data.simulated else "",
        "worn": escape(f"{worn[:1].upper()}{worn[1:]}."),
        "window": f"{description['window']['seconds']:g} s",
        "facts": _facts(kind, card, model),
        "style": _part("page.css"),
        "model": _json(description),
        "script": f'"use strict";\nconst RULES = {_json(reading_rules())};\n'
        + "\n".join(_part(name).replace('"use strict";\n', "") for name in SCRIPTS),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _part("page.html"))


SIMULATED = (
    '<p class="warning" role="note"><strong>Trained on simulated recordings.</strong> This page '
    "shows how a model runs on a phone; it was not trained on a real person.</p>"
)


def describe_model(model: NetworkClassifier) -> Description:
    """Return what the scripts read; errors as `write_live_page`."""
    network = describe_network(model)
    card: ModelCard | None = getattr(model, "card_", None)
    if card is None:
        raise ModelError(
            "the model has no card, so its channels, rate and window are not known; save it with "
            "one: model.save(folder, ModelCard(...))"
        )
    if card.window_steps is None or card.window_step is None:
        raise ModelError(
            "the model reads whole recordings, and what comes live has no end; give the card "
            "window_steps and window_step"
        )
    filtered, scaled = card.noise_filter, _scaling(model, card)
    return {
        "classes": [str(name) for name in model.classes_.tolist()],
        "channels": [
            describe_channel(*pair) for pair in zip(card.channels, card.units, strict=True)
        ],
        "rate_hz": card.rate_hz,
        "window": {
            "steps": card.window_steps,
            "step": card.window_step,
            "seconds": round(card.window_steps / card.rate_hz, 3),
        },
        "noise_filter": None if filtered is None else filtered.model_dump(),
        "normalisation": None if scaled is None else scaled.model_dump(),
        "gravity": None if card.gravity is None else [each.model_dump() for each in card.gravity],
        "network": network,
    }


def _scaling(model: NetworkClassifier, card: ModelCard) -> Normalisation | None:
    """Return what the card and then the network scale the channels by, as one."""
    if model.scale_ is None:
        return card.normalisation
    offset, scale = model.offset_, model.scale_
    if card.normalisation is not None:
        first_offset, first_scale = card.normalisation.arrays()
        offset, scale = first_offset + first_scale * offset, first_scale * scale
    return Normalisation(offset=offset.tolist(), scale=scale.tolist())


def reading_rules() -> Description:
    """Return what the scripts read files by, as Python has it."""
    return {
        "programs": [
            {key: value for key, value in entry.items() if key != "seen"}
            for entry in KNOWN["programs"]
        ],
        "unknown": KNOWN["unknown"],
        "units": UNITS,
        "spellings": SPELLINGS,
        "limits": LIMITS,
    }


def describe_channel(name: str, unit: str) -> Description:
    """Return where the page finds a channel: sensor, axis, and the factor from the SI unit."""
    known = QUANTITY.fullmatch(name)
    if known is None:
        raise ModelError(
            f"the model reads channel {name!r}, which a phone does not measure; the page reads "
            "acceleration with gravity (acc_x or total_acc_x, …) and the gyroscope (gyro_x or "
            "body_gyro_x, …)"
        )
    quantity, axis = (part for part in known.groups() if part)
    sensor, si = SENSORS[quantity]
    try:
        factor = unit_factor(si, unit)
    except ValueError as error:
        raise ModelError(f"channel {name!r}: {error}; give the unit in the model's card") from error
    return {"name": name, "unit": unit, "sensor": sensor, "axis": axis, "per_si": factor}


def _facts(kind: str, card: ModelCard, model: NetworkClassifier) -> str:
    """Return the list of what one should know of the model, as HTML."""
    data, networks = card.data, len(model.params_.output.bias)
    channels = ", ".join(
        f"{name} ({unit})" for name, unit in zip(card.channels, card.units, strict=True)
    )
    entries = {
        "Network": f"{kind}, {networks} trained alike; the page shows their mean"
        if networks > 1
        else kind,
        "Reads": f"{channels} at {card.rate_hz:g} Hz, windows of {card.window_steps} samples, "
        f"one every {card.window_step}",
        "Trained on": data.name,
        "Accuracy": accuracy_text(card.accuracy),
        "Source": data.citation,
        "Licence": data.licence,
    }
    return "\n".join(
        f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in entries.items() if text
    )


def accuracy_text(accuracy: Accuracy | None) -> str:
    """Return how well a model did, and on whom: other people only where nobody was trained on."""
    if accuracy is None:
        return "not measured"
    text = f"{accuracy.value:.1%} of {accuracy.sequences} test windows"
    if accuracy.people:
        text += " of one person" if accuracy.people == 1 else f" of {accuracy.people} people"
    if accuracy.trained_on is None:
        return f"{text}, maybe {'' if accuracy.people else 'of '}people it was trained on"
    if accuracy.trained_on:
        known = "" if accuracy.people == 1 else f"{accuracy.trained_on} of "
        return f"{text}, {known}whom it was trained on"
    if accuracy.protocol == FOLDS:
        text += ", each tested by a network of the others; this one was trained on all"
    if accuracy.for_others is not None:
        low, high = accuracy.for_others
        text += f"; 95% interval for other people {low:.1%} to {high:.1%}"
    return text


def _json(value: object) -> str:
    # without "<" no name can close the element that holds it
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _part(name: str) -> str:
    return files("harmodels.live").joinpath(name).read_text(encoding="utf-8")
