import pytest
import torch

from harmodels.training.learners import SequenceTensors
from harmodels.training.learners._base import SCORED_AT_ONCE, SCORED_STEPS, in_parts


@pytest.mark.parametrize("replicates", [1, 5, 64, 2 * SCORED_AT_ONCE])
def test_no_forward_pass_scores_more_sequences_than_there_is_memory_for(replicates):
    seen = []

    def score(part):
        seen.append(part.numel())
        return part[..., None].float()

    rows = torch.arange(700).expand(replicates, -1)
    assert torch.equal(in_parts(score, rows), rows[..., None].float())
    assert max(seen) <= max(SCORED_AT_ONCE, replicates)


def test_no_forward_pass_scores_many_more_steps_than_there_is_memory_for():
    lengths = torch.tensor([1, 10, SCORED_STEPS // 3, 2 * SCORED_STEPS])
    rows = torch.arange(40).reshape(2, 20) % 4
    seen = []

    def score(part):
        seen.append(lengths[part].sum(0))
        return part[..., None].float()

    assert torch.equal(in_parts(score, rows, lengths), rows[..., None].float())
    assert all(steps[:-1].sum() < SCORED_STEPS for steps in seen)  # but for the last that begins


def test_what_decides_the_work_of_a_gpu_stays_on_the_host():
    data = SequenceTensors.of_equal_length(torch.zeros(4, 3, 2), torch.zeros(4), 2).to("meta")
    places = [getattr(data, name).device.type for name in ("frames", "labels", "starts", "lengths")]
    assert places == ["meta", "meta", "cpu", "cpu"]
