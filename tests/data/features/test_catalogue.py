"""The names of the columns."""

from collections import Counter

import pytest

from harmodels.data.features.catalogue import ANGLES, blocks, catalogue, feature_names


def test_there_are_561_columns_and_477_names_since_band_energies_share_some():
    assert [feature.column for feature in catalogue()] == list(range(1, 562))
    assert sum(len(block.names) for block in blocks()) + len(ANGLES) == 561
    counted = Counter(feature_names())
    assert (counted.total(), len(counted)) == (561, 477)
    repeated = {name for name, count in counted.items() if count > 1}
    assert {name.split("-")[1] for name in repeated} == {"bandsEnergy()"}


@pytest.mark.parametrize(
    ("column", "name", "signal", "function"),
    [
        (1, "tBodyAcc-mean()-X", "tBodyAcc", "mean"),
        (40, "tBodyAcc-correlation()-Y,Z", "tBodyAcc", "correlation"),
        (213, "tBodyAccMag-arCoeff()4", "tBodyAccMag", "arCoeff"),
        (300, "fBodyAcc-kurtosis()-Y", "fBodyAcc", "kurtosis"),
        (344, "fBodyAcc-bandsEnergy()-25,48", "fBodyAcc", "bandsEnergy"),
        (512, "fBodyAccMag-maxInds", "fBodyAccMag", "maxInds"),
        (542, "fBodyBodyGyroJerkMag-mean()", "fBodyBodyGyroJerkMag", "mean"),
        (561, "angle(Z,gravityMean)", "tGravityAcc", "angle"),
    ],
)
def test_column_has_the_name_signal_and_function_of_the_data_set(column, name, signal, function):
    assert catalogue()[column - 1] == (column, name, signal, function)


@pytest.mark.mirror
def test_names_are_those_of_features_txt(archive):
    assert feature_names() == archive.names
