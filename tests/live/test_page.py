"""The page in a headless Chromium: sensor, states, accessibility."""

import functools
import http.server
import json
import re
import threading
from importlib.resources import files

import numpy as np
import pytest

from harmodels import ElmanClassifier, MLPClassifier, ModelCard, TrainingData
from harmodels.cli import main
from harmodels.errors import ModelError
from harmodels.live.page import live_page
from tests.live.conftest import G, press, state, text, timeline, wait_for, wait_until
from tests.live.test_scripts import windows_of

FEED = """
const [times, values] = arguments;
times.forEach((time, i) => {
  const [x, y, z, a, b, c] = values[i];
  const event = new DeviceMotionEvent("devicemotion", {
    accelerationIncludingGravity: {x, y, z}, rotationRate: {alpha: a, beta: b, gamma: c},
  });
  Object.defineProperty(event, "timeStamp", {value: 1000 * time + 77});
  window.dispatchEvent(event);
});
"""


def check_labels(found, model, windows):
    """Compare every window with Python's, the last one included."""
    starts, values = zip(*windows, strict=True)
    expected = model.predict_proba(np.array(values))
    assert found["label"].tolist() == model.predict(np.array(values)).tolist()
    assert found["label"].nunique() == 3
    np.testing.assert_allclose(found["start"], starts, atol=2e-3)
    np.testing.assert_allclose(found.iloc[:, 3:], expected, atol=1e-4)


def test_sensor_at_odd_rates_gives_the_labels_of_python(page, model, recording):
    times, values = recording
    measured = values * [G, G, G, *[180 / np.pi] * 3]
    press(page)
    page.execute_script(FEED, times.tolist(), measured.tolist())
    assert state(page) == "running"
    press(page)
    assert state(page) == "stopped"
    check_labels(timeline(page), model, windows_of(times - times[0], values))


def test_current_activity_is_announced_and_drawn(page, recording):
    times, values = recording
    press(page)
    page.execute_script(FEED, times[:200].tolist(), (values * G)[:200].tolist())
    activity = page.find_element("id", "activity")
    wait_until(lambda: activity.text == "Lying", "Lying")
    assert activity.get_attribute("aria-live") == "polite"
    drawn = page.find_element("css selector", "#timeline svg")
    assert "Lying 0:0" in drawn.get_attribute("aria-label")
    assert len(page.find_elements("css selector", "#signal path.trace")) == 3


def test_a_refused_sensor_is_said_with_what_to_do(page):
    page.execute_script("DeviceMotionEvent.requestPermission = async () => 'denied';")
    page.find_element("id", "start").click()
    wait_for(page, "refused")
    assert "Allow" in text(page, "state")


def test_a_granted_sensor_is_waited_for(page):
    page.execute_script("DeviceMotionEvent.requestPermission = async () => 'granted';")
    press(page)
    wait_for(page, "waiting")
    press(page)
    assert state(page) == "stopped"


def test_a_sensor_that_says_nothing_ends_after_three_seconds(page):
    press(page)
    page.execute_script("window.dispatchEvent(new DeviceMotionEvent('devicemotion'))")
    assert state(page) == "waiting"
    wait_for(page, "silent", seconds=6)
    assert "on a phone" in text(page, "state")


def test_an_insecure_address_is_said_with_what_to_do(browser, page_file):
    handler = functools.partial(Quiet, directory=str(page_file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.get(f"http://phone.test:{server.server_port}/live.html")
        assert state(browser) == "insecure"
        assert "http.server" in text(browser, "state")
        server.shutdown()


def test_an_iphone_has_the_opposite_sign(browser, page_file):
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    was = browser.execute_script("return navigator.userAgent")
    browser.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent})
    try:
        browser.get(page_file.as_uri())
        press(browser)
        browser.execute_script(FEED, [0.0, 0.1], [[0, 0, -G, 90, 0, 0]] * 2)
        vector = browser.execute_script("return session.samples[0].vector")
        np.testing.assert_allclose(vector, [0, 0, 1, np.pi / 2, 0, 0], atol=1e-9)
    finally:
        browser.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": was})


def test_nothing_can_leave_the_page(browser, page_file):
    browser.get(page_file.as_uri())
    asked = "fetch('http://phone.test/').then(() => arguments[0]('sent'), () => arguments[0]('no'))"
    assert browser.execute_async_script(asked) == "no"
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert any("Content Security Policy" in message for message in messages)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_is_no_wider_than_the_screen(page, recording, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 800}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    press(page)
    page.execute_script(FEED, recording[0].tolist(), (recording[1] * G).tolist())
    wait_until(lambda: page.find_elements("css selector", "#timeline svg"), "timeline")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_controls_are_reached_by_keyboard_and_named(page):
    reached = []
    for _ in range(2):
        page.switch_to.active_element.send_keys("\ue004")  # tab
        reached.append(page.switch_to.active_element.get_attribute("id"))
    assert reached == ["start", "file"]
    assert page.find_element("id", "file").accessible_name == "Open a recording"


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_and_colours_have_enough_contrast(scheme):
    style = files("harmodels.live").joinpath("page.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", style.split(":root {")[1 + scheme]))
    pairs = [("ink", "card"), ("soft", "card"), ("soft", "paper"), ("accent", "card")]
    pairs += [("on-accent", "accent"), ("warn-ink", "warn")]
    for front, back in pairs:
        assert contrast(colours[front], colours[back]) >= 4.5, (front, back)
    for index in range(8):
        assert contrast(colours[f"c{index}"], colours["card"]) >= 3, f"c{index}"


def test_text_of_a_card_is_no_markup_and_says_that_training_was_simulated(model):
    html = live_page(model)
    assert "<made up>" not in html
    assert "&lt;made up&gt; &amp; small" in html
    assert "simulated recordings" in html
    described = re.search(r'<script type="application/json" id="model">(.*)</script>', html)
    assert json.loads(described[1])["classes"] == ["lying", "sitting_still", "walking"]


def test_gravity_of_the_training_is_in_the_page(card):
    directions = [{"label": 0, "mean": (0.0, 0.0, 1.0), "cone_deg": 9.0}]
    gravity = {"sensor": "acc", "low": 0.9, "high": 1.1, "size": 1.1, "directions": directions}
    network = ElmanClassifier(2, epochs=1).fit(np.ones((4, 20, 6)), [0, 1, 0, 1])
    network.card_ = ModelCard(**{**dict(card), "gravity": [gravity]})
    described = re.search(r'id="model">(.*)</script>', live_page(network))
    assert json.loads(described[1])["gravity"][0]["directions"][0]["mean"] == [0, 0, 1]


def test_a_label_cannot_end_the_script_that_holds_it(card):
    labels = ["</script><p>", "walking"] * 2
    network = ElmanClassifier(2, epochs=1).fit(np.ones((4, 20, 6)), labels)
    network.card_ = card
    assert live_page(network).count("</script>") == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window_steps": None, "window_step": None}, "window_steps"),
        ({"channels": ("acc_x", "acc_y", "body_acc_z")}, "body_acc_z"),
        ({"units": ("g", "g", "as recorded")}, "as recorded"),
    ],
)
def test_a_card_of_what_no_phone_measures_is_refused(changes, message):
    fields = {"channels": ("acc_x", "acc_y", "acc_z"), "units": ("g",) * 3, "rate_hz": 20.0}
    fields |= {"window_steps": 4, "window_step": 2, "data": TrainingData("x")}
    network = ElmanClassifier(2, epochs=1).fit(np.ones((4, 5, 3)), [0, 1, 0, 1])
    network.card_ = ModelCard(**(fields | changes))
    with pytest.raises(ModelError, match=message):
        live_page(network)


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (ElmanClassifier(2, epochs=1), (4, 5, 3), "no card"),
        (MLPClassifier((3, 2), epochs=1), (4, 5), "MLPClassifier is not a recurrent"),
    ],
)
def test_a_model_that_no_page_can_run_is_refused(network, shape, message):
    with pytest.raises(ModelError, match=message):
        live_page(network.fit(np.ones(shape), [0, 1, 0, 1]))


def test_command_names_a_folder_without_a_model(tmp_path, capsys):
    assert main(["live", str(tmp_path), "--out", str(tmp_path / "live.html")]) == 1
    assert str(tmp_path) in capsys.readouterr().err


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def contrast(one, other):
    """Return the contrast of two colours as WCAG 2.2 defines it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)
