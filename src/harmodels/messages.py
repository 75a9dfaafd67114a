"""Parts of messages, short however long the value is or however many names there are."""

import difflib
import re
from collections.abc import Iterable

LONGEST = 120
_EXPONENT = re.compile(r"[-+]?([0-9]+)(\.?[0-9]*)[eE]([-+]?)([0-9]+)")


def shown(value: object) -> str:
    """Return `repr(value)`, cut to a length that fits a message."""
    try:
        return shortened(repr(value))
    except ValueError:  # Python prints no integer of more than 4,300 digits
        return "a number of thousands of digits"


def shortened(text: str) -> str:
    """Return the text, with its middle left out where it is too long for a message."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 20]} ... {text[-15:]}"


def printable(text: str) -> str:
    r"""Return a line for a terminal, with an escape for all that is no letter, sign or blank.

    >>> print(printable("a\rb\x1b[2K"))
    a\rb\x1b[2K
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return the first few of many names, or `none`.

    >>> listed(["walking", "sitting", "standing"], most=2)
    'walking, sitting and 1 more'
    """
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    >>> counted(1, "pause"), counted(2785, "window")
    ('1 pause', '2,785 windows')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def nearest(value: object, known: Iterable[object]) -> str:
    """Return ` (did you mean 'x'?)`, or nothing where no known value is near."""
    near = difflib.get_close_matches(str(value)[:LONGEST], [str(item) for item in known], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """Return a sentence on an unknown name, with the nearest known one and all of them.

    >>> unknown("key", "epoch", ["epochs", "clip"])
    "unknown key 'epoch' (did you mean 'epochs'?); known are epochs, clip"
    """
    known = list(known)
    names = ", ".join(str(item) for item in known) or "none"
    return f"unknown {what} {shown(name)}{nearest(name, known)}; known are {names}"


def number_in_quotes(value: object) -> str:
    """Return how YAML wants a number that it read as text, or nothing for other values."""
    if not isinstance(value, str):
        return ""
    exponent = _EXPONENT.fullmatch(value)
    if exponent:
        whole, fraction, sign, power = exponent.groups()
        fraction = fraction if len(fraction) > 1 else ".0"
        return f"; YAML reads it as text, write {whole}{fraction}e{sign or '+'}{power}"
    if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]*)?", value):
        return "; take its quotes away"
    return ""


def unknown_key(unknown: Iterable[object], known: Iterable[str]) -> str:
    """Return a sentence on the first unknown key, with the nearest known one."""
    known = list(known)
    first = sorted(unknown, key=str)[0]
    near = difflib.get_close_matches(str(first)[:LONGEST], known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key {shown(first)}{hint} (known: {', '.join(known)})"
