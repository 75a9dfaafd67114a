"""A headless Chromium, and the page of a small report for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harmodels.reporting.page.build import build_page
from harmodels.reporting.page.sections import ReportSection
from tests.reporting.conftest import few_pixels, write_run
from tests.reporting.page.conftest import section

__all__ = ["few_pixels", "section", "write_run"]

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture
def show(browser: Any, section: Callable[..., ReportSection], tmp_path: Path) -> Callable[..., Any]:
    """Open the page at a width in pixels, light or dark, and return the browser."""

    def open_page(width: int = 1280, scheme: str = "light", script: bool = True) -> Any:
        made = section(simulated=True)
        card = {"title": "Toy recordings", "simulated": True, "sources": {"a" * 90: "b" * 64}}
        preview = made.folder / "figures" / "figure2.svg"
        walk = tmp_path / "walk"
        walk.mkdir(exist_ok=True)
        shutil.copy(preview, walk / "timeline.svg")
        (walk / "summary.txt").write_text(f"60.0 % walking\nTrained on {'a sensor ' * 40}\n")
        html = build_page(
            "Toy", [made], {"toy": card}, {"toy": preview}, recordings={"walk": walk}, live=["toy"]
        )
        (tmp_path / "toy.html").write_text(html, encoding="utf-8")
        browser.get_log("browser")  # what an earlier page said
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        browser.get((tmp_path / "toy.html").as_uri())
        return browser

    return open_page
