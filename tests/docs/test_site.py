"""The site loads nothing from elsewhere; navigation, links and anchors are checked by mkdocs."""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# what a browser fetches to show a page; a link that is followed is none of it
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\ssrc=["']?([^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|icon))[^>]*\shref=["']?([^"'\s>]+)"""
    r"""|url\(["']?([^"')]+)"""
)


def loaded_from_elsewhere(text):
    urls = ("".join(found) for found in LOADED.findall(text))
    return [url for url in urls if re.match(r"(?:https?:)?//", url)]


def test_what_is_loaded_from_elsewhere_is_found():
    page = """<a href="//a/b"><img alt="" src="https://a/b.png"><link rel=stylesheet href=//a/c.css>
    <script src="https://a/d.js"></script><script src="e.js"></script> url('http://a/f.woff')"""
    assert len(loaded_from_elsewhere(page)) == 4


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    pytest.importorskip("mkdocs", reason="make docs installs mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_no_page_loads_anything_from_elsewhere(site):
    pages = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(pages) > 20
    foreign = {path.name: loaded_from_elsewhere(path.read_text("utf-8")) for path in pages}
    assert not {name: urls for name, urls in foreign.items() if urls}


def test_a_name_in_angle_brackets_is_text(site):
    page = (site / "configuration.html").read_text("utf-8")
    assert "results/&lt;name&gt;.html" in page
    assert "<name>" not in page


def test_the_answer_of_an_exercise_is_folded(site):
    for page in sorted((site / "notebooks").glob("*.html")):
        _, _, exercises = page.read_text("utf-8").partition('id="exercises"')
        _, folded, answer = exercises.partition('<details class="success">')
        assert folded, page.name
        assert 'class="language-text' in answer
        assert 'class="language-text' not in exercises.partition(folded)[0]


def test_the_reference_names_what_exists():
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            if name.startswith("harmodels.adapters."):  # whose libraries may be missing
                assert importlib.util.find_spec(name.rpartition(".")[0]), name
                continue
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                module, _, attribute = name.rpartition(".")
                assert hasattr(importlib.import_module(module), attribute), name
