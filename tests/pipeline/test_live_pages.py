from types import SimpleNamespace

import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.digests import HARMODELS
from harmodels.pipeline.models import ModelInputs

MODELS = {"mine": {"report": "rnn_tbptt", "dataset": "simulated", "experiment": "part_c"}}


def test_each_model_of_the_key_live_gets_a_page(load):
    inputs = ModelInputs(load(models=MODELS, live=["mine"]))
    assert inputs.live_pages() == ["results/live/mine.html"]
    assert inputs.code("write_live_page.py")(SimpleNamespace(model="mine"))


def test_the_key_live_names_models(load):
    with pytest.raises(ConfigurationError, match="has no model 'other'"):
        load(models=MODELS, live=["other"])


def test_a_changed_script_or_style_of_the_page_is_changed_code():
    names = {path.name for path in HARMODELS.files_of(["harmodels.live.page"])}
    assert {"network.js", "recording.js", "drawing.js", "page.js", "page.css", "page.html"} <= names
