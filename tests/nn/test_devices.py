from types import SimpleNamespace

import pytest

from harmodels.nn.devices import send


class OfTheHost:
    """What stands in for a tensor: notes how it is sent."""

    def __init__(self):
        self.happened = []

    def pin_memory(self):
        self.happened.append("pinned")
        return self

    def to(self, device, *, non_blocking):
        self.happened.append((device.type, non_blocking))
        return self


@pytest.mark.parametrize(
    ("kind", "happened"), [("cuda", ["pinned", ("cuda", True)]), ("cpu", [("cpu", True)])]
)
def test_a_tensor_goes_to_a_gpu_from_pinned_memory_and_nobody_waits(kind, happened):
    """From other memory the host would wait for the copy, and so for all before it."""
    sent = send(OfTheHost(), SimpleNamespace(type=kind))
    assert sent.happened == happened
