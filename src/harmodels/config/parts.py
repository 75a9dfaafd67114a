"""Parts of a run: what one training job does of a configuration.

The replicates of a configuration are trained in blocks, so that more of them can be added without
training the first ones again; of leave-one-subject-out every fold is a part by itself. Readers join
the parts of a run (`reporting.runs.parts.load_runs`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = re.compile(r"(?P<name>.+?)(?P<suffix>(\+fold=[^+]+)?(\+replicates=\d+-\d+)?)")


@dataclass(frozen=True)
class Part:
    """Some replicates of a configuration, of leave-one-subject-out those of one fold.

    >>> Part(0, 5).suffix, Part(5, 5).suffix, Part(0, 5, fold="12").suffix
    ('', '+replicates=5-9', '+fold=12')
    """

    first: int
    replicates: int
    fold: str | None = None  # the person who is tested

    @property
    def numbers(self) -> range:
        """The numbers of the replicates."""
        return range(self.first, self.first + self.replicates)

    @property
    def block(self) -> str:
        """What names the block of replicates in a path; nothing for the first block.

        So a project with one block has the same paths for any number of replicates.
        """
        last = self.first + self.replicates - 1
        return f"+replicates={self.first}-{last}" if self.first else ""

    @property
    def suffix(self) -> str:
        """What follows the configuration's name in the folder of the part."""
        return (f"+fold={self.fold}" if self.fold is not None else "") + self.block


def parts_of(replicates: int, in_a_job: int, folds: Sequence[str] = ()) -> list[Part]:
    """Return the parts of a run, fold by fold, each of at most `in_a_job` replicates.

    Full blocks stay the same when `replicates` grows.

    >>> [part.suffix for part in parts_of(12, 5)]
    ['', '+replicates=5-9', '+replicates=10-11']
    """
    return [
        Part(first, min(in_a_job, replicates - first), fold)
        for fold in (folds or (None,))
        for first in range(0, replicates, in_a_job)
    ]


def split_name(folder: str) -> tuple[str, str]:
    """Return the configuration's name and the suffix of the part, from the name of a folder.

    >>> split_name("hidden=50+window=10+fold=12+replicates=5-9")
    ('hidden=50+window=10', '+fold=12+replicates=5-9')
    """
    found = _NAME.fullmatch(folder)
    assert found is not None, "a configuration has a name"
    return found["name"], found["suffix"]
