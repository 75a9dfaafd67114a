"""The site: complete, without dead links, and loading nothing from elsewhere."""

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_every_page_of_docs_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert pages <= set(re.findall(r"[\w/-]+\.md", navigation))


def test_every_link_between_the_pages_leads_to_a_file():
    dead = []
    for page in DOCS.rglob("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            made = {"contributing.md", "changes.md", "configuration.md"}  # from outside of docs
            notebook = re.sub(r"\.md$", ".py", target)
            outside = re.match(r"[a-z]+:", target) or Path(target).name in made
            found = any((page.parent / each).exists() for each in (target, notebook))
            if not (outside or found):
                dead.append(f"{page.relative_to(DOCS)}: {target}")
    assert not dead


def test_snippets_are_written_as_the_site_reads_them():
    lines = [line for page in DOCS.rglob("*.md") for line in page.read_text("utf-8").splitlines()]
    snippets = [line for line in lines if re.search(r"8 ?<", line)]
    assert len(snippets) == 2
    for line in snippets:
        assert (DOCS / line.removeprefix('--8<-- "').removesuffix('"')).is_file(), line


def test_the_reference_names_what_exists():
    for page in (DOCS / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                module, _, attribute = name.rpartition(".")
                assert hasattr(importlib.import_module(module), attribute), name


class Links(HTMLParser):
    """What a page loads, what it links to, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded, self.linked, self.anchors = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.anchors.add(values["id"])
        if tag == "a" and values.get("href"):
            self.linked.add(values["href"])
        elif tag == "link" and values.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.add(values["href"])
        elif values.get("src"):
            self.loaded.add(values["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages of the built site by path; `make docs` installs what builds them."""
    pytest.importorskip("mkdocs", reason="make docs installs mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: Links(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}


def test_no_page_loads_anything_from_elsewhere(site):
    foreign = {url for page in site.values() for url in page.loaded if urlsplit(url).netloc}
    assert not foreign
    folder = min(site, key=lambda path: len(path.parts)).parent
    styles = [path.read_text(encoding="utf-8") for path in folder.rglob("*.css")]
    assert not [url for text in styles for url in re.findall(r"url\(['\"]?(?:https?:)?//", text)]


def test_every_link_of_the_site_leads_to_a_page_and_an_anchor(site):
    dead = []
    for path, page in site.items():
        if path.name == "404.html":  # its links start at the root of a server
            continue
        for url in page.linked | page.loaded:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = site[target].anchors if target in site else set()
            if not target.is_file() or (
                parts.fragment and target in site and unquote(parts.fragment) not in anchors
            ):
                dead.append(f"{path.name}: {url}")
    assert not dead
