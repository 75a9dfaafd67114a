import json
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harmodels import GRUClassifier, ModelCard, TrainingData

# Scripts of the page are read as a browser does, and then a function answers to JSON.
HARNESS = """
const fs = require("node:fs"), vm = require("node:vm");
const [input, ...scripts] = process.argv.slice(1);
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"), script);
const given = JSON.parse(fs.readFileSync(input, "utf8"));
process.stdout.write(JSON.stringify((%s)(given)));
"""
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")


@pytest.fixture
def in_node(tmp_path: Path) -> Callable[[str, Any], Any]:
    """Call a JavaScript function with the page's classes in node and return what it returns."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")

    def call(function: str, given: Any) -> Any:
        (tmp_path / "given.json").write_text(json.dumps(given))
        names = ("network.js", "recording.js", "drawing.js")
        scripts = [str(files("harmodels.live").joinpath(name)) for name in names]
        arguments = [node, "-e", HARNESS % function, str(tmp_path / "given.json"), *scripts]
        ran = subprocess.run(arguments, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return call


@pytest.fixture(scope="session")
def simulated() -> tuple[np.ndarray, np.ndarray]:
    """Return 60 windows of 20 steps and 6 channels, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["lying", "sitting_still", "walking"], 20)
    spread = np.repeat([0.02, 0.05, 0.6], 20)[:, None, None]
    level = np.zeros((60, 1, 6))
    level[:20, :, 2], level[20:, :, 0] = 1.0, 1.0
    return level + spread * rng.normal(size=(60, 20, 6)), labels


@pytest.fixture(scope="session")
def card() -> ModelCard:
    """Return the card of a model of six channels of a phone at 20 Hz."""
    return ModelCard(
        channels=CHANNELS,
        units=("g",) * 3 + ("rad/s",) * 3,
        rate_hz=20.0,
        window_steps=20,
        window_step=10,
        data=TrainingData("<made up> & small", simulated=True, worn="in a trouser pocket"),
    )


@pytest.fixture(scope="session")
def model(simulated: tuple[np.ndarray, np.ndarray], card: ModelCard) -> GRUClassifier:
    """Return a small network of two replicates that knows three activities."""
    fitted = GRUClassifier(8, epochs=20, learning_rate=0.02, replicates=2, random_state=1)
    fitted.fit(*simulated)
    fitted.card_ = card
    return fitted


@pytest.fixture(scope="session")
def recording() -> tuple[np.ndarray, np.ndarray]:
    """Return odd times and values (T, 6) of 42 s with a gap of two seconds."""
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.008, 0.03, size=2200))
    times = times[(times < 20) | (times > 22)]
    doing = (times // 6).astype(int) % 3  # lying, sitting, walking in turn
    values = np.array([0.02, 0.05, 0.6])[doing][:, None] * rng.normal(size=(len(times), 6))
    values[:, 0] += doing > 0
    values[:, 2] += doing == 0
    return times, values
