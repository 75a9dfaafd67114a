"""What tables, figures and claims have in common: a specification, read by its kind.

A kind is a class with a field `kind`; defining it makes it known, in a module of this package or of
another one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, get_args

from pydantic import ModelWrapValidatorHandler, model_validator

from harmodels.config.base import Record, wrong
from harmodels.config.published import PublishedRun, read_rows
from harmodels.config.selection import Selecting, Selection
from harmodels.errors import ConfigurationError
from harmodels.messages import nearest, shown
from harmodels.reporting.checks import Known


class ProductSpec(Record):
    """Base of `TableSpec`, `FigureSpec` and `ClaimSpec`, each of which knows its kinds."""

    noun: ClassVar[str]
    kinds: ClassVar[dict[str, type[Self]]]

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        super().__pydantic_init_subclass__(**given)
        if "noun" in cls.__dict__:
            cls.kinds = {}
        elif "kind" in cls.model_fields:
            cls.kinds |= dict.fromkeys(get_args(cls.model_fields["kind"].annotation), cls)

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_kind(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if "kind" in cls.model_fields or not isinstance(given, Mapping):
            return handler(given)
        kind = given.get("kind")
        if not isinstance(kind, str) or kind not in cls.kinds:
            raise wrong(
                f"there is no {cls.noun} of kind {shown(kind)}{nearest(kind, cls.kinds)}; "
                f"there are {', '.join(cls.kinds)}"
            )
        return cls.kinds[kind].model_validate(given)

    @classmethod
    def read_all(cls, entries: Mapping[str, Any]) -> dict[str, Self]:
        """Return the specifications of entries, by name."""
        return {name: cls.read(entry, name) for name, entry in entries.items()}

    def given(self) -> dict[str, Any]:
        """Return what a file gave, as plain values; keys that are numbers stay numbers."""
        plain: dict[str, Any] = _plain(self.model_dump(by_alias=True, exclude_unset=True))
        return plain

    @property
    def selections(self) -> list[Selection]:
        """Every selection of runs, in the order shown."""
        own: list[Selection] = [self.selection] if isinstance(self, Selecting) else []
        return own + [part.selection_in(self) for part in self._parts()]

    @property
    def needs(self) -> list[str]:
        """The experiments whose runs it is made from, each once."""
        return list(dict.fromkeys(selection.experiment for selection in self.selections))

    @property
    def shown_curves(self) -> Sequence[tuple[Selection, str, str]]:
        """Selection, metric and split of every curve of history.parquet that is shown."""
        return ()

    @property
    def published_files(self) -> list[str]:
        """The files of `config/published` that it is set beside, each once."""
        return []

    @property
    def published_experiments(self) -> list[str]:
        """The experiments whose published runs it needs, each once."""
        return []

    def published_runs(self, known: Mapping[str, PublishedRun]) -> dict[str, PublishedRun]:
        """Return those published runs of a report that it is set beside."""
        wanted = dict.fromkeys([*self.needs, *self.published_experiments])
        return {name: known[name] for name in wanted if name in known}

    @property
    def needs_subjects(self) -> bool:
        """Whether it needs to know who was recorded in each sequence."""
        return False

    def check_published(self, known: Known) -> None:
        """Refuse published data that do not exist."""
        for file in self.published_files:
            read_rows(file, known.folder)
        for name in self.published_experiments:
            if name not in known.published_runs:
                raise ConfigurationError(
                    f"there is no entry {name!r} under published_runs"
                    f"{nearest(name, known.published_runs)}"
                )

    def check(self, known: Known) -> None:
        """Refuse names of what the experiments, all of which are built, do not have."""
        for selection in self.selections:
            known.check_selection(selection)
        for curve in self.shown_curves:
            known.check_curve(*curve)

    def _parts(self) -> Iterator[Selecting]:
        for name in type(self).model_fields:
            value = getattr(self, name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Selecting):
                    yield part


class OfPeople(ProductSpec):
    """Of a kind that always shows intervals over people."""

    @property
    def needs_subjects(self) -> bool:
        """Whether it needs to know who was recorded in each sequence."""
        return True


def _plain(value: Any) -> Any:
    """Return nested mappings and sequences as those of JSON, keys as they are."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
