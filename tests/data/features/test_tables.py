import numpy as np
import pytest

from harmodels.data.facts import SequenceFacts
from harmodels.data.features.tables import compute_features
from harmodels.errors import DataError
from tests.toys import sequences_of


def test_windows_of_another_length_are_refused_with_data_set_table_and_remedy():
    facts = SequenceFacts("phones", ("a", "b"), ("x", "y", "z"), ("g",) * 3, 20.0)
    sequences = sequences_of(np.zeros((3, 150, 3)), facts=facts)
    with pytest.raises(DataError, match=r"computed_features of phones.*150.*reads: sequences"):
        compute_features(sequences)
