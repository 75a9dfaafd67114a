"""Every file of the repository that a document names or links to exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md")),
    *(ROOT / "docs").rglob("*.md"),
]
TOP = "config|docs|profiles|rules|src|tests|workflow|benchmarks|[.]ci|[.]github"
PATH = re.compile(
    rf"(?<![\w/.<*-])(?:(?:{TOP})/[\w./-]*\w|(?:[\w-]+/)+[\w.-]+[.](?:py|smk|yaml|j2|js))(?![\w*<{{+])"
)
PLACES = ("", "docs", "src/harmodels", "docs/patterns/interruptible")
# a user's, Snakemake's
FOREIGN = {"profiles/pbs/profile.yaml", "scheduling/job_scheduler.py"}
FOREIGN |= {"own/config.yaml", "own/registry.yaml", "reports/mine.yaml", "reports/units.yaml"}


def test_every_path_that_a_document_names_exists():
    named = {
        (document, path)
        for document in DOCUMENTS
        for path in PATH.findall(document.read_text(encoding="utf-8"))
        if not path.startswith("results/") and path not in FOREIGN
    }
    assert len(named) > 100
    missing = [
        f"{document.relative_to(ROOT)}: {path}"
        for document, path in sorted(named)
        if not any(
            (base / path).exists() for base in (document.parent, *map(ROOT.joinpath, PLACES))
        )
    ]
    assert missing == []


def test_every_link_leads_to_a_file():
    missing = []
    for document in DOCUMENTS:
        text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#\s]+)", text):
            made = Path(link).name in {"contributing.md", "changes.md", "configuration.md"}
            notebook = re.sub(r"\.md$", ".py", link)  # the site makes a page of it
            found = any((document.parent / each).exists() for each in (link, notebook))
            if not (re.match(r"[a-z]+:", link) or made or found):
                missing.append(f"{document.relative_to(ROOT)}: {link}")
    assert missing == []


def test_no_document_installs_from_a_package_index_what_is_not_there():
    """There is no release: an extra comes from a checkout."""
    wrong = [
        f"{document.relative_to(ROOT)}: {found}"
        for document in DOCUMENTS
        for found in re.findall(r"pip install [^`\n]*harmodels[^`\n]*", document.read_text("utf-8"))
    ]
    assert wrong == []
