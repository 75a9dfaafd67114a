"""The 561 columns in the order of the data set: names by rule from signals and functions.

Only 477 of the names differ (the band energies do not say their axis), so a column is addressed
by its number, from 1 as in `features.txt`.
"""

from functools import cache
from typing import NamedTuple

from harmodels.data.features.statistics import AR_ORDER, AXIS_PAIRS, BANDS

_SHAPE = ("skewness", "kurtosis")  # one function gives both, axis by axis

AXES = ("X", "Y", "Z")
TIME_VECTORS = ("tBodyAcc", "tGravityAcc", "tBodyAccJerk", "tBodyGyro", "tBodyGyroJerk")
TIME_MAGNITUDES = tuple(f"{name}Mag" for name in TIME_VECTORS)
FREQUENCY_VECTORS = ("fBodyAcc", "fBodyAccJerk", "fBodyGyro")
# "BodyBody" is the data set's own slip.
FREQUENCY_MAGNITUDES = (
    "fBodyAccMag",
    "fBodyBodyAccJerkMag",
    "fBodyBodyGyroMag",
    "fBodyBodyGyroJerkMag",
)

COMMON = ("mean", "std", "mad", "max", "min", "sma", "energy", "iqr", "entropy")
TIME = (*COMMON, "arCoeff")
FREQUENCY = (*COMMON, "maxInds", "meanFreq", "shape")

# Column names with the two signals whose means span the angle; a single axis letter is a unit
# vector. The stray parenthesis and the bare "gravity" are the data set's.
ANGLES = {
    "angle(tBodyAccMean,gravity)": ("tBodyAcc", "tGravityAcc"),
    "angle(tBodyAccJerkMean),gravityMean)": ("tBodyAccJerk", "tGravityAcc"),
    "angle(tBodyGyroMean,gravityMean)": ("tBodyGyro", "tGravityAcc"),
    "angle(tBodyGyroJerkMean,gravityMean)": ("tBodyGyroJerk", "tGravityAcc"),
    **{f"angle({axis},gravityMean)": (axis, "tGravityAcc") for axis in AXES},
}


class Feature(NamedTuple):
    """One column: its number from 1, its name, and the signal and function it is made of."""

    column: int
    name: str
    signal: str
    function: str


class Block(NamedTuple):
    """Adjacent columns that one call of a function gives for one signal."""

    signal: str
    function: str
    names: tuple[str, ...]


def _vector_names(signal: str, function: str) -> tuple[str, ...]:
    """Name the columns of a function of a signal with axes X, Y and Z."""
    if function == "sma":
        return (f"{signal}-sma()",)
    if function == "arCoeff":
        orders = range(1, AR_ORDER + 1)
        return tuple(f"{signal}-arCoeff()-{axis},{k}" for axis in AXES for k in orders)
    if function == "correlation":
        return tuple(f"{signal}-correlation()-{AXES[a]},{AXES[b]}" for a, b in AXIS_PAIRS)
    if function == "shape":
        return tuple(f"{signal}-{name}()-{axis}" for axis in AXES for name in _SHAPE)
    if function == "bandsEnergy":
        return tuple(
            f"{signal}-bandsEnergy()-{first},{last}" for _ in AXES for first, last in BANDS
        )
    return tuple(f"{signal}-{_call(function)}-{axis}" for axis in AXES)


def _magnitude_names(signal: str, function: str) -> tuple[str, ...]:
    """Name the columns of a function of a magnitude."""
    if function == "arCoeff":
        return tuple(f"{signal}-arCoeff(){k}" for k in range(1, AR_ORDER + 1))
    if function == "shape":
        return tuple(f"{signal}-{name}()" for name in _SHAPE)
    return (f"{signal}-{_call(function)}",)


def _call(function: str) -> str:
    return "maxInds" if function == "maxInds" else f"{function}()"


def _names(signal: str, function: str) -> tuple[str, ...]:
    return (_magnitude_names if signal.endswith("Mag") else _vector_names)(signal, function)


@cache
def blocks() -> tuple[Block, ...]:
    """Return the blocks of the columns 1 … 554, in order; the seven `ANGLES` follow them."""
    layout = (
        *((signal, (*TIME, "correlation")) for signal in TIME_VECTORS),
        *((signal, TIME) for signal in TIME_MAGNITUDES),
        *((signal, (*FREQUENCY, "bandsEnergy")) for signal in FREQUENCY_VECTORS),
        *((signal, FREQUENCY) for signal in FREQUENCY_MAGNITUDES),
    )
    return tuple(
        Block(signal, function, _names(signal, function))
        for signal, functions in layout
        for function in functions
    )


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return the 561 columns in the order of `features.txt`."""
    named = [(name, block.signal, _function_of(name)) for block in blocks() for name in block.names]
    named += [
        (name, gravity if vector in AXES else vector, "angle")
        for name, (vector, gravity) in ANGLES.items()
    ]
    return tuple(Feature(column, *rest) for column, rest in enumerate(named, start=1))


def _function_of(name: str) -> str:
    """Return `skewness` of `fBodyAcc-skewness()-X`."""
    return name.split("-")[1].split("(")[0]


def feature_names() -> tuple[str, ...]:
    """Return the 561 names as they stand in `features.txt`; 84 of them repeat an earlier one."""
    return tuple(feature.name for feature in catalogue())
