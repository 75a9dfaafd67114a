"""What a data set holds, in lines for people: who, what, and what was left out."""

from collections.abc import Iterator, Mapping
from typing import Any

from harmodels.messages import counted, listed

NAMED = 5  # of a kind, in one line


def census(card: Mapping[str, Any]) -> list[str]:
    """Return lines on a data set, from its card as `prepare.describe` returns it.

    >>> for line in census({
    ...     "subjects": {"all": {"Ann": 2, "Bob": 1}}, "counts": {"all": {"sit": 3, "walk": 0}},
    ...     "sources": {"walks.csv": ""}, "dropped": {"row without subject": 2},
    ... }):
    ...     print(line)
    3 windows of 2 people (Bob 1 to Ann 2), from 1 file
    sit 3, walk 0
    left out: row without subject (2)
    """
    return list(_lines(card))


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    people, classes = _sum(card["subjects"]), _sum(card["counts"])
    windows, files = counted(sum(classes.values()), "window"), counted(len(card["sources"]), "file")
    yield f"{windows}{_each(card)}{_of(people)}, from {files}"
    yield ", ".join(f"{name} {count:,}" for name, count in classes.items())
    unread = [f"{name} ({why})" for name, why in card.get("unread", {}).items()]
    if unread:
        yield f"{counted(len(unread), 'file')} not read: {listed(unread, NAMED)}"
    same = [f"{name} and {other}" for name, other in card.get("same_content", {}).items()]
    if same:
        yield f"the same content, read once: {listed(same, NAMED)}"
    equal = [f"{names} ({n:,})" for names, n in card.get("equal_sequences", {}).items()]
    if equal:
        yield f"windows that repeat another one: {listed(equal, NAMED)}"
    first = card.get("first_dropped", {})
    for reason, count in card.get("dropped", {}).items():
        if count:
            where = f", first {first[reason][0]}" if first.get(reason) else ""
            yield f"left out: {reason} ({count:,}{where})"
    others = [f"{label!r} {count:,}" for label, count in card.get("other_labels", {}).items()]
    if others:
        yield f"rows of labels that are none of the classes: {listed(others, NAMED)}"
    yield from card.get("mended", [])


def _each(card: Mapping[str, Any]) -> str:
    """Return how long windows of one length are."""
    length = card.get("length", {"min": 0, "max": 1})
    alike = length["min"] == length["max"]
    return f" of {length['min'] / card['rate_hz']:g} s at {card['rate_hz']:g} Hz" if alike else ""


def _of(people: Mapping[str, int]) -> str:
    """Return of how many people windows are, and of whom the fewest and the most."""
    if len(people) < 2:
        return "".join(f" of {name}" for name in people)
    few, many = (choose(people, key=lambda name: people[name]) for choose in (min, max))
    ends = (
        f"{few} {people[few]:,} to {many} {people[many]:,}"
        if people[few] < people[many]
        else (f"{people[few]:,} each")
    )
    return f" of {len(people)} people ({ends})"


def _sum(by_split: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return the numbers of all splits together, by name."""
    total: dict[str, int] = {}
    for counts in by_split.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
