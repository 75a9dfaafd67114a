import numpy as np
import pytest
import torch

from harmodels.nn.cells import CELLS
from harmodels.nn.initialisation_schemes import KERAS, TORCH


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize("name", CELLS)
def test_keras_draws_orthonormal_columns_over_all_gates(name, generator):
    weight = KERAS.recurrent(generator, CELLS[name], 3, 5).weight_hh
    torch.testing.assert_close(weight.mT @ weight, torch.eye(5, dtype=torch.float64))


def test_keras_input_weights_fill_glorots_interval_over_all_gates(generator):
    weight = KERAS.recurrent(generator, CELLS["gru"], 63, 128).weight_ih
    bound = (6 / (63 + 3 * 128)) ** 0.5
    assert 0.99 * bound < weight.abs().max() <= bound


def test_keras_biases_are_zero_but_an_lstms_forget_gate(generator):
    lstm = KERAS.recurrent(generator, CELLS["lstm"], 3, 2)
    assert (lstm.bias_ih + lstm.bias_hh).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    gru = KERAS.recurrent(generator, CELLS["gru"], 3, 2)
    biases = [gru.bias_ih, gru.bias_hh, KERAS.linear(generator, 4, 3).bias]
    assert not torch.cat(biases).any()


def test_torch_draws_all_in_one_over_the_root_of_hidden(generator):
    for tensor in TORCH.recurrent(generator, CELLS["gru"], 63, 100):
        assert 0.09 < tensor.abs().max() <= 0.1
