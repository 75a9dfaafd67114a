"""Pages that lie outside `docs/`, and links of the repository that the site has no page for."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PAGES = {
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "config/README.md": "configuration.md",
}
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside."""
    root = Path(config.config_file_path).parent
    for source, place in PAGES.items():
        text = _localise((root / source).read_text(encoding="utf-8"), source, place)
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links that leave `docs/` point to the page that stands for their target."""
    source = page.file.src_uri
    if source in PAGES.values():
        return markdown
    return _localise(markdown, f"docs/{source}", source)


def _localise(markdown: str, source: str, place: str) -> str:
    """Rewrite the links of a file of the repository, and its escapes, for its page on the site."""

    def rewrite(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if path in PAGES:
            path = f"docs/{PAGES[path]}"
        if not path.startswith("docs/"):
            return f"{text} (`{path}`)" if text.strip("`") not in path else text
        wanted = path.removeprefix("docs/")
        return f"[{text}]({posixpath.relpath(wanted, posixpath.dirname(place) or '.')}{anchor})"

    # the site's Markdown, other than GitHub's, knows no \<
    return LINK.sub(rewrite, markdown).replace(r"\<", "&lt;")


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Take the script that lets the search work from a disk from the site, not from a network."""
    depth = page.url.count("/")
    local = "../" * depth + "javascripts/iframe-worker.js"
    return output.replace("https://unpkg.com/iframe-worker/shim", local)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Do the same for pages that are no Markdown, such as 404.html."""
    return output_content.replace(
        "https://unpkg.com/iframe-worker/shim", "javascripts/iframe-worker.js"
    )
