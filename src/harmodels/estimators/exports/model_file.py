"""The content of model.json as a record: each field typed, and its parts compared."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harmodels.config.base import Matching, Record, Several
from harmodels.estimators.exports.card import ModelCard, Normalisation
from harmodels.files import FEATURE_MAP, WEIGHTS
from harmodels.messages import shown

MOST_INPUTS = 10**7  # channels or steps: of more nothing is allocated to look at the weights
# Python's types of the labels of a kind of numpy's
LABELS = {
    "b": (bool,),
    "i": (int,),
    "u": (int,),
    "f": (float,),
    "U": (str,),
    "O": (str, int, float, bool),
}
Digest = Annotated[str, Matching("[0-9a-f]{64}", "a SHA-256")]


class Classes(Record):
    """Labels in the order of the outputs, and numpy's name of their type."""

    dtype: str
    values: Several[bool | int | float | str]

    def array(self) -> NDArray[Any]:
        """Return the labels (C,)."""
        kind = np.dtype(self.dtype)
        types = LABELS.get(kind.kind)
        if types is None or kind not in (np.dtype(str), np.dtype(kind.type)):
            raise ValueError(f"labels of type {shown(self.dtype)} are neither text nor numbers")
        for value in self.values:
            if type(value) not in types:
                raise ValueError(f"the label {shown(value)} is not of type {kind}")
        with np.errstate(over="ignore"):  # is said below
            array = np.array(self.values, dtype=kind)
        if array.tolist() != list(self.values):
            raise ValueError(f"the labels {shown(self.values)} are not of type {kind}")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"the labels {shown(self.values)} name one twice")
        if len(self.values) < 2:
            raise ValueError(f"there is one label, {shown(self.values)}; a network has two or more")
        return array


class Inputs(Record):
    """Channels of a sequence; number and names of the columns of a table, if it was one."""

    channels: int = Field(ge=1, le=MOST_INPUTS)
    columns: int | None = Field(ge=1)
    names: Several[str] | None
    steps: int = Field(1, ge=1, le=MOST_INPUTS)

    def check(self, *, of_vectors: bool) -> None:
        """Raise ValueError where columns, channels and names contradict each other."""
        if self.columns is not None and self.channels != (self.columns if of_vectors else 1):
            raise ValueError(f"inputs: {self.columns} columns and {self.channels} channels")
        columns = self.channels if self.columns is None else self.columns
        if self.names is not None and len(self.names) != columns:
            raise ValueError(f"inputs: {len(self.names)} names for {columns} columns")


class Files(Record):
    """SHA-256 of the files beside model.json."""

    weights: Digest = Field(alias=WEIGHTS)
    feature_map: Digest | None = Field(None, alias=FEATURE_MAP)


class ModelFile(Record):
    """Content of model.json."""

    format: int = Field(ge=1)
    harmodels: str
    architecture: str
    parameters: dict[str, Any]
    classes: Classes
    inputs: Inputs
    scaling: Normalisation | None = None
    files: Files
    card: ModelCard | None
