"""What a loop made for an epoch and uses in the next one."""

from typing import Any


class Kept:
    """Something made from certain objects, for as long as the same ones come back.

    A loop keeps what it packed for the parameters that it returns, which nobody may change in
    place, and takes it if the next epoch begins with them. It changes no result.

    >>> kept, params = Kept(), object()
    >>> kept.keep("packed", params, 3)
    >>> kept.take(params, 4), kept.take(params, 3)  # given back once, or to nobody
    (None, None)
    """

    def __init__(self) -> None:
        self._made: Any = None
        self._sources: tuple[Any, ...] = ()

    def keep(self, made: Any, *sources: Any) -> None:
        """Keep what was made from these objects."""
        self._made, self._sources = made, sources

    def take(self, *sources: Any) -> Any:
        """Return what was made from these very objects, otherwise None, and keep it no longer."""
        made, known = self._made, self._sources
        self._made, self._sources = None, ()
        same = len(sources) == len(known) and all(map(_is, sources, known))
        return made if same else None


def _is(one: Any, other: Any) -> bool:
    return one is other
