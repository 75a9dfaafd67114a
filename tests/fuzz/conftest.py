"""Damage of every kind to bytes and trees that were valid before, drawn by hypothesis."""

from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st

# What programs stumble over: numbers out of range, words for numbers, line ends, no UTF-8.
PIECES = (
    *(b"", b" ", b"\n", b"\r", b"\t", b",", b";", b":", b"/", b"-", b".", b"\x00", b"\xff"),
    *(b"nan", b"inf", b"-1", b"0", b"1e999", b"1_0", b"9" * 30, b"9" * 5000, b"0x1", b"None"),
    *("\u2028".encode(), "\u0661".encode(), "\u00b2".encode(), b"\xef\xbb\xbf", b"{", b"[" * 9999),
)

Damage = tuple[float, float, bytes]


def _damaged(content, damages):
    """Replace a part of the content, begin and length given as shares, by other bytes."""
    for begin, length, piece in damages:
        start = int(begin * len(content))
        content = content[:start] + piece + content[start + int(length * (len(content) - start)) :]
    return content


def _flipped(content, places):
    changed = bytearray(content)
    for place, bit in places:
        changed[int(place * (len(content) - 1))] ^= 1 << bit
    return bytes(changed)


def _spoiled(content):
    """Return a strategy of damaged bytes."""
    share = st.floats(0, 1)
    # most damages are small: a length of nothing inserts, one of everything cuts off
    lengths = st.one_of(st.just(0.0), st.floats(0, 0.02), st.just(1.0))
    pieces = st.one_of(st.sampled_from(PIECES), st.binary(max_size=8))
    damages = st.lists(st.tuples(share, lengths, pieces), min_size=1, max_size=3)
    flips = st.lists(st.tuples(share, st.integers(0, 7)), min_size=1, max_size=3)
    return st.one_of(
        st.builds(_damaged, st.just(content), damages),
        st.builds(_flipped, st.just(content), flips),
        st.binary(max_size=200),
    )


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(max_size=8),
    st.sampled_from(["simulated", "uci-har", "auto", "10**9", "/", "..", "a" * 300, "ä", "1e3"]),
)
KEYS = st.one_of(SCALARS, st.sampled_from(["grid", "options", "title", "datasets", "archive"]))
TREES = st.recursive(
    SCALARS,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(KEYS, parts, max_size=3), st.just([])
    ),
    max_leaves=8,
)


def _places(tree, place=()):
    """Return the way to every mapping, list and value of a tree."""
    items: list[tuple[Any, Any]] = []
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list):
        items = list(enumerate(tree))
    return [place, *(p for key, part in items for p in _places(part, (*place, key)))]


def _replaced(tree, place, value, key):
    """Put `value` at a place of the tree, or add it there under `key`."""
    if not place:
        return {**tree, key: value} if isinstance(tree, dict) and key is not None else value
    head, *rest = place
    inner = _replaced(tree[head], tuple(rest), value, key)
    if isinstance(tree, list):
        return [*tree[:head], inner, *tree[head + 1 :]]
    return {**tree, head: inner}


def _changed(tree):
    """Return a strategy of trees that differ from a valid one in one place."""
    places = _places(tree)
    place = st.integers(0, len(places) - 1).map(places.__getitem__)
    return st.builds(
        lambda *drawn: _replaced(tree, *drawn), place, TREES, st.one_of(st.none(), KEYS)
    )


@pytest.fixture(scope="session")
def spoiled():
    return _spoiled


@pytest.fixture(scope="session")
def changed():
    return _changed


@pytest.fixture(scope="session")
def may_refuse(outcome):
    """A function of an error and of names: its block may raise that error if it names one."""

    @contextmanager
    def block(kind, *names):
        try:
            yield
        except kind as error:
            if not any(name in str(error) for name in names):
                raise AssertionError(f"{error!r} names none of {names}") from error
            outcome("refused")
        else:
            outcome("read")

    return block
