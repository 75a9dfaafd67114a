"""Checks of a registry entry that a JSON Schema cannot express, or not in helpful words."""

from collections.abc import Iterable, Mapping
from typing import Any

from harmodels.config.messages import unknown_key
from harmodels.data.formats import check_entry
from harmodels.errors import ConfigurationError


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
    check_entry(entry, where)
    _check_classes(entry, where)
    _check_channels(entry, where)
    _check_simulation(entry, where)
    _check_archive(entry.get("archive", {}), where)
    differing = set(entry.get("official_records", ())) ^ set(
        entry["classes"] if "official_records" in entry else ()
    )
    if differing:
        raise ConfigurationError(
            f"{where}.official_records: {sorted(differing)[0]!r} stands only there "
            "or only in classes"
        )


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
    for group, channels in entry.get("channel_groups", {}).items():
        strange = set(channels) - set(entry["channels"])
        if strange:
            raise ConfigurationError(
                f"{where}.channel_groups.{group}: " + unknown("channel", strange, entry["channels"])
            )


def _check_simulation(entry: Mapping[str, Any], where: str) -> None:
    if "simulation" not in entry:
        return
    plan = entry["simulation"]
    hands = "median_frames" in plan
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
