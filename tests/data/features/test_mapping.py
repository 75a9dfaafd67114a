"""The lines from computed to shipped columns, and their correlation."""

import numpy as np
import pytest

from harmodels.data.features import mapping
from harmodels.data.features.mapping import correlation_table, pearson
from harmodels.errors import DataError, ResultsError


@pytest.fixture
def computed():
    return np.random.default_rng(11).normal(size=(40, 561))


@pytest.fixture
def shipped(computed):
    return 0.1 * computed - 0.2


def fitted(computed, shipped):
    return mapping.fit_map(computed[:30], shipped[:30], computed[30:], shipped[30:])


def test_fit_is_least_squares(computed):
    noisy = computed + np.random.default_rng(1).normal(size=computed.shape)
    affine = fitted(computed, noisy)
    slope, intercept = np.polyfit(computed[:30, 8], noisy[:30, 8], 1)
    assert (affine.slope[8], affine.intercept[8]) == pytest.approx((slope, intercept))


def test_fit_does_not_see_the_test_half(computed, shipped):
    expected = fitted(computed, shipped)
    shipped[30:] = 7.0 * computed[30:] ** 2
    affine = fitted(computed, shipped)
    np.testing.assert_array_equal(affine.slope, expected.slope)
    assert (affine.r_test != expected.r_test).all()


def test_constant_column_is_mapped_to_the_mean(computed, shipped):
    computed[:, 4] = 3.0
    affine = fitted(computed, shipped)
    assert affine.slope[4] == 0.0
    assert affine.intercept[4] == pytest.approx(shipped[:30, 4].mean())


def test_applied_map_is_cut_to_the_range_of_the_data_set(computed, shipped):
    affine = fitted(computed, shipped)
    mapped = mapping.apply_map(affine, np.array([[-1e9] * 561, [0.0] * 561, [1e9] * 561]))
    np.testing.assert_allclose(mapped, np.array([[-1.0], [-0.2], [1.0]]) * np.ones(561))


def test_another_number_of_columns_and_a_missing_map_are_refused(computed, shipped, tmp_path):
    with pytest.raises(DataError, match=r"\(1, 3\).*561"):
        mapping.apply_map(fitted(computed, shipped), np.zeros((1, 3)))
    with pytest.raises(ResultsError, match=r"map\.parquet"):
        mapping.read_map(tmp_path / "map.parquet")


def test_written_map_is_read_back_exactly(computed, shipped, tmp_path):
    affine = fitted(computed, shipped)
    mapping.write_map(tmp_path / "map.parquet", affine)
    for written, read in zip(affine, mapping.read_map(tmp_path / "map.parquet"), strict=True):
        np.testing.assert_array_equal(read, written)


def test_pearson_is_numpys(computed):
    other = computed**3 + computed[::-1]
    expected = [np.corrcoef(computed[:, k], other[:, k])[0, 1] for k in range(5)]
    np.testing.assert_allclose(pearson(computed, other)[:5], expected)


def test_correlation_table_has_one_row_a_column(computed, shipped):
    table = correlation_table(computed, -shipped)
    assert list(table.columns) == ["column", "name", "r"]
    assert table["column"].tolist() == list(range(1, 562))
    np.testing.assert_allclose(table["r"], -1.0)


def test_correlation_of_unequal_shapes_is_refused(computed):
    with pytest.raises(DataError, match="same windows"):
        correlation_table(computed, computed[:-1])
