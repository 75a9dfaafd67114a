import numpy as np

from harmodels.nn.initialisers import uniform


def test_uniform_fills_its_interval():
    drawn = uniform(0.01)(np.random.default_rng(0), (200, 50)).numpy()
    assert drawn.min() >= -0.01
    assert drawn.max() <= 0.01
    assert abs(drawn.mean()) < 2e-4
    assert abs(drawn.std() - 0.01 / np.sqrt(3)) < 1e-4
