"""Memory of training and prediction, of which a process has one peak."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
import harmodels

X, y = np.random.default_rng(0).normal(size=(16, 20_000, 2)).astype(np.float32), np.arange(16) % 2
start, model = X[:, :9], eval("harmodels." + sys.argv[1])
model.fit(start, y, validation_data=(start, y)).predict(start)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[2] == "predict":
    model.predict(X)
else:
    model.fit(start, y, validation_data=(X, y))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
# all steps of all sequences would take 400 MiB and more


@pytest.mark.parametrize("what", ["predict", "validate"])
@pytest.mark.parametrize("kind", ["GRUClassifier", "LSTMClassifier"])
def test_scoring_long_sequences_takes_no_memory_for_their_steps(kind, what):
    last = f"{kind}(64, epochs=1, bidirectional=False, pooling='last')"
    call = [sys.executable, "-W", "ignore", "-c", PROGRAM, last, what]
    grown = float(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    assert grown < 30
