import numpy as np
import pytest

from harmodels.kernels.recurrent.plan import odd_lines
from harmodels.kernels.simd.emitter import LANES, zeros
from harmodels.kernels.simd.strided_product import (
    DEPTH,
    FAR,
    LONG_STRIP,
    PANEL,
    ROWS,
    STRIP,
    Size,
    View,
    product,
)


def random(size, seed):
    flat = zeros(1, size)[0]
    flat[:] = np.random.default_rng(seed).normal(size=size)
    return flat


@pytest.mark.parametrize("rows", [*range(1, ROWS + 2), 3 * ROWS - 1])
@pytest.mark.parametrize("vectors", [*range(1, STRIP + 2), LONG_STRIP, LONG_STRIP + STRIP + 1])
def test_product_multiplies_and_adds(rows, vectors):
    count, width = 7, vectors * LANES
    factors, matrix, start = random(rows * 9 + 3, 0), random(count * width + 5, 1), random(width, 2)
    out = np.full((rows, width + LANES), np.nan, np.float32)
    product(
        factors, View(3, 9, 1), matrix, View(5, width, 1), start, View(0, 0, 1),
        out.ravel(), View(0, width + LANES, 1), Size(rows, count, width),
    )  # fmt: skip
    left = factors[3:].reshape(rows, 9)[:, :count].astype(float)
    exact = left @ matrix[5:].reshape(count, width).astype(float) + start
    np.testing.assert_allclose(out[:, :width], exact, rtol=1e-5, atol=1e-5)
    assert np.isnan(out[:, width:]).all()


def test_product_adds_the_product_with_a_transpose_to_what_is_there():
    rows, count, width = 5, 11, LANES
    left, right = random(count * rows, 0), random(count * width, 1)
    out = random(rows * width, 2)
    exact = left.reshape(count, rows).T.astype(float) @ right.reshape(count, width) + out.reshape(
        rows, width
    )
    whole = View(0, width, 1)
    product(left, View(0, 1, rows), right, whole, out, whole, out, whole, Size(rows, count, width))
    np.testing.assert_allclose(out.reshape(rows, width), exact, rtol=1e-5, atol=1e-5)


def test_a_row_of_a_product_does_not_depend_on_the_others():
    count, width = 33, LONG_STRIP * LANES
    factors, matrix, start = random(13 * count, 0), random(count * width, 1), random(width, 2)
    out, alone = random(13 * width, 3), random(width, 4)
    rows, shared = View(0, width, 1), (matrix, View(0, width, 1), start, View(0, 0, 1))
    product(factors, View(0, count, 1), *shared, out, rows, Size(13, count, width))
    last = View(12 * count, count, 1)
    product(factors, last, *shared, alone, rows, Size(1, count, width))
    assert alone.tobytes() == out[12 * width :].tobytes()


@pytest.mark.parametrize("rows", [1, ROWS + 2])
def test_a_matrix_that_no_near_cache_holds_gives_the_bytes_of_its_halves(rows):
    count = 2 * DEPTH + 3
    width = (FAR // count // LANES + 1) * LANES
    half = width // LANES // 2 * LANES
    assert count * width > FAR >= count * half
    factors, matrix, start = random(rows * count, 0), random(count * width, 1), random(width, 2)
    whole, halves = random(rows * width, 3), random(rows * width, 4)
    left = View(0, count, 1)
    for out, parts in ((whole, [(0, width)]), (halves, [(0, half), (half, width)])):
        for first, last in parts:
            product(
                factors, left, matrix, View(first, width, 1), start, View(first, 0, 1),
                out, View(first, width, 1), Size(rows, count, last - first),
            )  # fmt: skip
    assert whole.tobytes() == halves.tobytes()


@pytest.mark.parametrize(("width", "floats"), [(1, 16), (16, 16), (17, 48), (32, 48), (512, 528)])
def test_a_row_takes_an_odd_number_of_cache_lines(width, floats):
    assert odd_lines(width) == floats


@pytest.mark.parametrize("rows", [1, ROWS + 2])
def test_a_matrix_in_panels_gives_the_bytes_of_the_same_in_rows(rows):
    count, width = 9, 2 * PANEL + LANES
    factors, matrix, start = random(rows * count, 0), random(count * width, 1), random(width, 2)
    panels = random(3 * count * PANEL, 3)
    for j in range(0, width, LANES):
        place = panels.reshape(3, count, PANEL)[j // PANEL, :, j % PANEL :]
        place[:, :LANES] = matrix.reshape(count, width)[:, j : j + LANES]
    in_rows, in_panels = random(rows * width, 4), random(rows * width, 5)
    size, out, left = Size(rows, count, width), View(0, width, 1), View(0, count, 1)
    first = View(0, 0, 1)
    product(factors, left, matrix, View(0, width, 1), start, first, in_rows, out, size)
    product(
        factors, left, panels, View(0, PANEL, count * PANEL), start, first, in_panels, out, size
    )
    assert in_panels.tobytes() == in_rows.tobytes()
