import io
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harmodels import GRUClassifier, ModelCard, TrainingData
from harmodels.cli import main
from harmodels.live.page import SCRIPTS, reading_rules

# Scripts of the page are read as a browser does, and then a function answers to JSON.
HARNESS = """
const fs = require("node:fs"), vm = require("node:vm");
const [input, ...scripts] = process.argv.slice(1);
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"), script);
const given = JSON.parse(fs.readFileSync(input, "utf8"));
Promise.resolve((%s)(given)).then((answer) => process.stdout.write(JSON.stringify(answer)));
"""
G = 9.80665
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP phone.test 127.0.0.1",
)
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")


@pytest.fixture
def in_node(tmp_path: Path) -> Callable[[str, Any], Any]:
    """Call a JavaScript function with the page's classes in node and return what it returns."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")

    def call(function: str, given: Any) -> Any:
        (tmp_path / "given.json").write_text(json.dumps(given))
        rules = tmp_path / "rules.js"
        rules.write_text(f"const RULES = {json.dumps(reading_rules())};")
        own = [str(files("harmodels.live").joinpath(name)) for name in SCRIPTS[:-1]]
        scripts = [str(rules), *own]
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


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a headless Chromium."""
    selenium = pytest.importorskip("selenium.webdriver")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no Chromium with its chromedriver is installed")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def page_file(
    model: GRUClassifier, card: ModelCard, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the page of the small network."""
    folder = tmp_path_factory.mktemp("live")
    model.save(folder / "model", card)
    assert main(["live", str(folder / "model"), "--out", str(folder / "live.html")]) == 0
    return folder / "live.html"


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    """Open the page; its console stays empty."""
    browser.get(page_file.as_uri())
    yield browser
    assert browser.get_log("browser") == []  # no error, nothing that the page may not load


def press(page: Any) -> None:
    """Press Start or Stop, and wait until the page has heard it."""
    button = page.find_element("id", "start")
    before = button.text
    button.click()
    wait_until(lambda: button.text != before or state(page) == "silent", before)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def state(page: Any) -> str:
    return page.execute_script("return document.body.dataset.state")


def text(page: Any, name: str) -> str:
    return page.execute_script("return document.getElementById(arguments[0]).textContent", name)


def wait_for(page: Any, wanted: str, seconds: float = 20) -> None:
    wait_until(lambda: state(page) == wanted, wanted, seconds)


def timeline(page: Any) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(page.execute_script("return timelineCsv()")))
