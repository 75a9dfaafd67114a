"""Checks of a registry entry that a JSON Schema cannot express, or not in helpful words."""

from collections.abc import Iterable, Mapping
from typing import Any

from harmodels.config.messages import unknown_key
from harmodels.data.device_motion import check_device_motion
from harmodels.data.skeletons import SKELETONS
from harmodels.errors import ConfigurationError

# What only the simulation of one kind of recordings has.
MOTION_KEYS = frozenset({"seconds_per_class"})
HAND_KEYS = frozenset({"repetitions", "shortest_frames", "median_frames", "longest_frames"})


def unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> str:
    """Return the message about unknown names, with the nearest known one."""
    return unknown_key(names, known).replace("unknown key", f"unknown {kind}", 1)


def check_combination(entry: Mapping[str, Any], where: str) -> None:
    """Check that the keys of an entry do not contradict each other.

    Raises
    ------
    ConfigurationError
        Naming the keys and what would be right.
    """
    if ("archive" in entry) == ("simulation" in entry):
        raise ConfigurationError(f"{where}: give either archive or simulation")
    for formats, key in (
        (("wisdm", "motionsense", "table"), "window"),
        (("motionsense",), "recorded_hz"),
        (("table",), "table"),
        (tuple(SKELETONS), "normalise"),
    ):
        if (entry["format"] in formats) != (key in entry):
            raise ConfigurationError(
                f"{where}: the format {' or '.join(formats)} needs the key {key}, "
                "other formats have none"
            )
    if "normalise" in entry and (entry["format"] == "fpha") != ("origin" in entry["normalise"]):
        raise ConfigurationError(
            f"{where}.normalise: the format fpha needs the key origin, sfinge3d has none: "
            "its groups of channels say what they are relative to"
        )
    _check_window(entry, where)
    _check_classes(entry, where)
    _check_channels(entry, where)
    _check_simulation(entry, where)
    if entry["format"] == "motionsense":
        check_device_motion(entry, where)
    _check_archive(entry.get("archive", {}), where)
    differing = set(entry.get("official_records", ())) ^ set(
        entry["classes"] if "official_records" in entry else ()
    )
    if differing:
        raise ConfigurationError(
            f"{where}.official_records: {sorted(differing)[0]!r} stands only there "
            "or only in classes"
        )


def _check_window(entry: Mapping[str, Any], where: str) -> None:
    """Ask for the longest pause where, and only where, recordings have times."""
    timed = entry["format"] != "motionsense"
    if "window" in entry and timed != ("largest_gap_s" in entry["window"]):
        text = "needs the key largest_gap_s" if timed else "has no times, so no largest_gap_s"
        raise ConfigurationError(f"{where}.window: the format {entry['format']} {text}")


def _check_classes(entry: Mapping[str, Any], where: str) -> None:
    """Refuse classes that a page would show, and a raw file would name, alike."""
    seen: dict[str, str] = {}
    for name in entry["classes"]:
        key = name.replace("_", " ").casefold()
        if key in seen:
            raise ConfigurationError(
                f"{where}.classes: {seen[key]!r} and {name!r} differ in case or underscores only"
            )
        seen[key] = name


def _check_channels(entry: Mapping[str, Any], where: str) -> None:
    keys = ("channels", "channel_groups")
    if entry["format"] in SKELETONS:
        given = [key for key in keys if key in entry]
        if given:
            raise ConfigurationError(
                f"{where}: the format {entry['format']} fixes the channels, "
                f"so leave out the key {given[0]}"
            )
        return
    missing = [key for key in keys if key not in entry]
    if missing:
        raise ConfigurationError(
            f"{where}: the format {entry['format']} needs the key {missing[0]}"
        )
    if entry["format"] != "table" and "acceleration" not in entry["channel_groups"]:
        raise ConfigurationError(
            f"{where}.channel_groups: the format {entry['format']} needs the group acceleration"
        )
    for group, channels in entry["channel_groups"].items():
        strange = set(channels) - set(entry["channels"])
        if strange:
            raise ConfigurationError(
                f"{where}.channel_groups.{group}: " + unknown("channel", strange, entry["channels"])
            )


def _check_simulation(entry: Mapping[str, Any], where: str) -> None:
    if "simulation" not in entry:
        return
    plan, hands = entry["simulation"], entry["format"] in SKELETONS
    needed, others = (HAND_KEYS, MOTION_KEYS) if hands else (MOTION_KEYS, HAND_KEYS)
    for name, keys in (("needs", needed - set(plan)), ("has no", others & set(plan))):
        if keys:
            raise ConfigurationError(
                f"{where}.simulation: the format {entry['format']} {name} {sorted(keys)[0]}"
            )
    if plan.get("test_subjects", 1) >= plan["subjects"]:
        raise ConfigurationError(f"{where}.simulation: test_subjects must be fewer than subjects")
    if hands and not (plan["shortest_frames"] < plan["median_frames"] < plan["longest_frames"]):
        raise ConfigurationError(
            f"{where}.simulation: shortest_frames, median_frames and longest_frames must rise"
        )


def _check_archive(archive: Mapping[str, Any], where: str) -> None:
    if archive and not (archive.get("user_file") or archive.get("addresses")):
        raise ConfigurationError(
            f"{where}.archive: give addresses, or user_file: true where a user may bring the file"
        )
    if archive.get("addresses") and not {"sha256", "git_blob", "checksums"} & set(archive):
        raise ConfigurationError(
            f"{where}.archive: a download needs sha256, git_blob or checksums to be checked against"
        )
