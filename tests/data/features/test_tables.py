import numpy as np
import pytest

from harmodels.data.facts import SequenceFacts
from harmodels.data.features.tables import compute_features
from harmodels.data.sequences import Sequences
from harmodels.errors import DataError


def test_windows_of_another_length_are_refused_with_data_set_table_and_remedy():
    steps = 150
    sequences = Sequences(
        facts=SequenceFacts("phones", ("a", "b"), ("x", "y", "z"), ("g",) * 3, 20.0),
        ids=np.array(["s/0", "s/1", "s/2"]),
        subjects=np.array(["p"] * 3),
        official_split=np.array(["train"] * 3),
        labels=np.array([0, 1, 0]),
        offsets=np.arange(4) * steps,
        values=np.zeros((3 * steps, 3), dtype=np.float32),
    )
    with pytest.raises(DataError, match=r"computed_features of phones.*150.*reads: sequences"):
        compute_features(sequences)
