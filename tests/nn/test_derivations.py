import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_every_page_of_docs_that_the_code_cites_exists():
    cited = {
        page: source
        for source in SOURCES
        for page in re.findall(r"docs/[\w/]+\.md", source.read_text(encoding="utf-8"))
    }
    assert "docs/derivations/mlp.md" in cited
    assert not {page: source for page, source in cited.items() if not (ROOT / page).is_file()}


def test_the_derivations_name_files_of_the_package():
    index = (ROOT / "docs/derivations/README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+(?:/\w+)*\.py)`", index)
    assert named
    assert not [path for path in named if not (ROOT / "src/harmodels" / path).is_file()]


def test_every_derivation_is_in_the_index():
    folder = ROOT / "docs/derivations"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\((\w+\.md)\)", index))
