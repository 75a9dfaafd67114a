import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from harmodels.nn.initialisers import (
    glorot_uniform,
    normal_as_printed,
    normal_as_variance,
    orthogonal,
    uniform,
)


def test_uniform_fills_its_interval():
    drawn = uniform(0.01)(np.random.default_rng(0), (200, 50)).numpy()
    assert drawn.min() >= -0.01
    assert drawn.max() <= 0.01
    assert abs(drawn.mean()) < 2e-4
    assert abs(drawn.std() - 0.01 / np.sqrt(3)) < 1e-4


@pytest.mark.parametrize(("draw", "power"), [(normal_as_printed, 1), (normal_as_variance, 2)])
def test_normal_has_glorots_number_as_standard_deviation_or_variance(draw, power):
    drawn = draw(np.random.default_rng(0), (300, 100)).numpy()
    assert abs(drawn.std() ** power / np.sqrt(2 / 400) - 1) < 0.01


def test_glorot_uniform_fills_its_interval():
    drawn = glorot_uniform(np.random.default_rng(0), (300, 100)).numpy()
    bounds = np.array([drawn.min(), drawn.max()]) / np.sqrt(6 / 400)
    np.testing.assert_allclose(bounds, [-1, 1], atol=0.01)


@pytest.mark.parametrize("shape", [(50, 50), (20, 3), (3, 20)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    drawn = orthogonal(np.random.default_rng(0), shape).numpy()
    product = drawn.T @ drawn if shape[0] >= shape[1] else drawn @ drawn.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-12)


def blas_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def test_orthogonal_takes_one_thread_and_leaves_the_callers_as_they_were(monkeypatch):
    seen, qr = [], np.linalg.qr
    monkeypatch.setattr(np.linalg, "qr", lambda a: seen.append(blas_threads()) or qr(a))
    with threadpool_limits(2, "blas"):
        orthogonal(np.random.default_rng(0), (6, 4))
        assert blas_threads() == {2}
    assert seen == [{1}]
