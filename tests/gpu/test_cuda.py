"""What only a GPU can show; everything else about the way to it is in test_pretended_gpu.py."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harmodels.config.options import TruncatedBptt
from harmodels.data.splits import Draw
from harmodels.files import read_json
from harmodels.nn.params import map_params, take_replicates
from harmodels.runtime.determinism import make_deterministic
from harmodels.training.learners import SequenceTensors, _base, index_tensor, make_learner
from harmodels.training.loops import cuda_graphs as graphs
from tests.toys import JOB, run_toy, sequences_of, write_inputs

# A GPU adds up in another order than a processor, and its batched products in another for one
# network than for three; Adam turns a difference near zero into a whole step now and then.
CLOSE = {"rtol": 1e-3, "atol": 1e-4}

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no GPU: torch.cuda.is_available() is false"
)


@pytest.fixture(autouse=True)
def as_a_job_runs():
    before = torch.are_deterministic_algorithms_enabled()
    make_deterministic()
    yield
    torch.use_deterministic_algorithms(before)


def assert_close(mine, expected):
    torch.testing.assert_close(mine, expected, **CLOSE)


def assert_same_bytes(mine, expected):
    torch.testing.assert_close(mine, expected, rtol=0, atol=0)


def test_a_few_updates_agree_with_those_on_the_processor(case, tensors_of):
    there, here = case.fit("cuda", epochs=1), case.fit("cpu", epochs=1)
    assert_close(tensors_of(there), tensors_of(here))
    pair = there.history()["value"], here.history()["value"]
    losses = there.history()["metric"] != "accuracy"
    np.testing.assert_allclose(*(values[losses] for values in pair), **CLOSE)


def test_a_replicate_in_company_is_the_network_trained_alone(case, tensors_of):
    together, alone = case.fit("cuda"), case.fit("cuda", replicates=(2,))
    third = {name: tensor[2:] for name, tensor in tensors_of(together).items()}
    assert_close(third, tensors_of(alone))


def test_the_same_training_twice_gives_the_same_bytes(case, tensors_of):
    one, other = case.fit("cuda"), case.fit("cuda")
    assert one.history().equals(other.history())
    assert_same_bytes(tensors_of(one), tensors_of(other))


def test_recorded_steps_agree_with_the_plain_loop(case, tensors_of, monkeypatch):
    recorded = case.fit("cuda")
    monkeypatch.delitem(graphs.RECORDERS, "cuda")
    assert_close(tensors_of(recorded), tensors_of(case.fit("cuda")))


def test_an_interrupted_training_goes_on_to_the_same_bytes(case, tensors_of, tmp_path):
    whole, resumed = case.fit("cuda"), case.fit_interrupted("cuda", tmp_path)
    assert resumed.history().equals(whole.history())
    assert_same_bytes(tensors_of(resumed), tensors_of(whole))


def test_the_host_waits_for_nothing_between_recorded_steps(case):
    if not case.equal:
        pytest.skip("sequences of unequal length: an epoch begins with what the host lays out")
    learner, recordings, *_ = case.parts("cuda")
    state = learner.initialise([np.random.default_rng(0)], recordings)
    state = map_params(lambda tensor: tensor.to("cuda"), state)
    order = index_tensor([np.arange(12)], torch.device("cuda"))
    learner.train_epoch(state, recordings, order, [np.random.default_rng(1)])  # which records
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        learner.train_epoch(state, recordings, order, [np.random.default_rng(1)])
    finally:
        torch.cuda.set_sync_debug_mode(before)


def test_a_training_that_is_over_leaves_no_memory_of_its_graphs(case):
    case.fit("cuda")
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    for _ in range(3):
        case.fit("cuda")
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() <= before


OPTIONS = TruncatedBptt(hidden=100, epochs=1, initial_range=0.1)


def test_scoring_many_replicates_needs_memory_for_a_part_of_the_sequences_only():
    N, T, R = 2048, 64, 64
    inputs = torch.randn(N, T, 3, generator=torch.Generator().manual_seed(0))
    recordings = SequenceTensors.of_equal_length(inputs, torch.arange(N) % 6, 6).to("cuda")
    learner = make_learner("truncated_bptt", OPTIONS, "reference", 1)
    drawn = learner.initialise([np.random.default_rng(0)], recordings).params
    params = map_params(lambda tensor: tensor.to("cuda"), take_replicates(drawn, [0] * R))
    rows = torch.arange(N).to("cuda").expand(R, -1)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    learner.scores(params, recordings, rows)
    states = 4 * _base.SCORED_AT_ONCE * T * OPTIONS.hidden  # bytes; all sequences have 128 times it
    assert torch.cuda.max_memory_allocated() - before < 6 * states


def test_a_job_records_the_gpu_and_the_most_memory_that_it_took(tmp_path):
    sequences = sequences_of(np.random.default_rng(0).normal(size=(30, 12, 3)), test=9)
    write_inputs(
        tmp_path, sequences, Draw(train_per_class=6, test_per_class=3, validation_per_class=2)
    )
    job = replace(JOB, options=OPTIONS.model_dump(), engine="reference", device="cuda")
    run_toy(tmp_path, job=job)
    described = read_json(tmp_path / "run" / "run.json")
    assert described["peak_gpu_memory_mb"] > 0
    assert described["sequences_per_s"] > 0
    assert described["hardware"]["gpu"] == torch.cuda.get_device_name()
