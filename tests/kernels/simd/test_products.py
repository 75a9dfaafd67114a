import numpy as np
import pytest

from harmodels.kernels.simd.emitter import LANES, padded, zeros
from harmodels.kernels.simd.products import (
    BATCH_ROWS,
    BATCH_STRIP,
    PANEL,
    STRIP,
    descend,
    transpose_to_panels,
    weighted_batch,
    weighted_rows,
)


def random(rows, columns, seed):
    array = zeros(rows, columns)
    array[:] = np.random.default_rng(seed).normal(size=array.shape)
    return array


def test_arrays_start_a_cache_line():
    assert all(zeros(3, 5).ctypes.data % 64 == 0 for _ in range(20))


@pytest.mark.parametrize(("width", "registers"), [(1, 1), (LANES, 1), (LANES + 1, 2)])
def test_padding_rounds_up_to_whole_registers(width, registers):
    assert padded(width) == registers * LANES


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("vectors", [*range(1, STRIP + 3), 2 * STRIP + 1])
def test_weighted_rows_is_a_vector_matrix_product(vectors, backwards):
    width, count = vectors * LANES, 6
    matrix, factors = random(count + 2, width, 0), random(2, count, 1)
    out = np.full(width, np.nan, np.float32)
    # the second row of factors, from the matrix's third row on
    weighted_rows(factors, count, matrix, 2 * width, width, count, width, out, 0, backwards)
    exact = factors[1].astype(float) @ matrix[2:].astype(float)
    np.testing.assert_allclose(out, exact, rtol=1e-5, atol=1e-5)


def test_weighted_rows_gives_the_same_bytes_forwards_and_backwards():
    width, count = (2 * STRIP + 1) * LANES, 34
    matrix, factors = random(count, width, 0), random(1, count, 1)
    forwards, backwards = random(1, width, 2)[0], random(1, width, 3)[0]
    weighted_rows(factors, 0, matrix, 0, width, count, width, forwards, 0, False)
    weighted_rows(factors, 0, matrix, 0, width, count, width, backwards, 0, True)
    assert forwards.tobytes() == backwards.tobytes()


@pytest.mark.parametrize("vectors", range(1, 2 * BATCH_STRIP + 2))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_weighted_batch_is_a_matrix_product(vectors, blocks):
    width, rows, count = vectors * LANES, blocks * BATCH_ROWS, 7
    matrix, factors = random(count, width, 0), random(rows + 1, count + 2, 1)
    out = np.full((rows, width + LANES), np.nan, np.float32)
    # the factors from the second row on
    weighted_batch(factors, count + 2, count + 2, rows, matrix, width, PANEL, count, width, out)
    exact = factors[1:, :count].astype(float) @ matrix.astype(float)
    np.testing.assert_allclose(out[:, :width], exact, rtol=1e-5, atol=1e-5)
    assert np.isnan(out[:, width:]).all()


@pytest.mark.parametrize("vectors", range(1, 2 * BATCH_STRIP + 2))
def test_panels_give_the_same_bytes_as_rows(vectors):
    width, depth, rows = vectors * LANES, 2 * LANES, 3 * BATCH_ROWS
    source, factors = random(width, depth, 0), random(rows, depth, 1)
    panels = zeros(-(-width // PANEL) * depth, PANEL).reshape(-1, depth, PANEL)
    transpose_to_panels(source, width, depth, panels)
    matrix, by_panel, by_row = source.T.copy(), zeros(rows, width), zeros(rows, width)
    weighted_batch(factors, 0, depth, rows, panels, PANEL, depth * PANEL, depth, width, by_panel)
    weighted_batch(factors, 0, depth, rows, matrix, width, PANEL, depth, width, by_row)
    assert by_panel.tobytes() == by_row.tobytes()


@pytest.mark.parametrize("height", [1, LANES // 4 + 1, LANES // 2 + 1, LANES, 2 * LANES + 3])
@pytest.mark.parametrize("steps", [1, 7])
def test_descend_updates_the_matrix_and_its_transpose(height, steps):
    rows, width = padded(height), 2 * LANES
    left, right = random(steps, rows, 0), random(steps, width, 1)
    left[:, height:] = 0
    weight = random(rows, width, 2)
    weight[height:] = 0
    weight_t = zeros(width, rows)
    weight_t[:] = weight.T
    gradient = left.T.astype(float) @ right.astype(float)
    expected = weight - 0.5 * np.clip(gradient, -0.75, 0.75)
    descend(left, right, steps, height, width, weight, weight_t, np.float32(0.75), np.float32(0.5))
    np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(weight_t, weight.T)
