from html.parser import HTMLParser

import pytest

from harmodels.errors import ResultsError
from harmodels.reporting.claims import write_claims
from harmodels.reporting.figures import save_figure
from harmodels.reporting.page.build import ReportSection, build_page
from harmodels.reporting.runs.load import load_runs
from harmodels.reporting.tables import write_table_files
from tests.reporting.entries import build_table, draw_figure, evaluate_claims

SPEC = {
    "title": "A toy <report>",
    "experiments": {"b": {"title": "The only experiment"}},
    "tables": {
        "table1": {"title": "Top-k", "kind": "top_k", "experiment": "b", "checkpoint": "last"}
    },
    "figures": {
        "figure2": {"title": "M", "kind": "confusion", "experiment": "b", "checkpoint": "last"}
    },
    "claims": {
        "better": {
            "statement": "Best weights beat last weights",
            "kind": "comparison",
            "left": {"experiment": "b", "checkpoint": "best"},
            "right": {"experiment": "b", "checkpoint": "last"},
            "metric": "top_1",
            "expected": "greater",
        }
    },
}
CARD = {"title": "Toy", "counts": {"train": 10}, "dropped": [{"reason": "gap", "rows": 3}]}


class Reader(HTMLParser):
    """Collects ids, links, sources, and the tags that are left open."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.sources, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.sources += [attributes["src"]] if "src" in attributes else []
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def section(write_run, tmp_path):
    """Make every file that a section of the page shows."""

    def make(**options):
        options = {"classes": ["sitting", "walking"], "epochs": 2} | options
        folders = [write_run(tmp_path / "runs", "b", {"hidden": h}, **options) for h in (50, 100)]
        runs = load_runs(folders)
        write_table_files(
            build_table(SPEC["tables"]["table1"], runs, {}), tmp_path / "tables" / "table1"
        )
        figure = draw_figure(SPEC["figures"]["figure2"], runs)
        save_figure(figure, tmp_path / "figures" / "figure2")
        write_claims(evaluate_claims(SPEC["claims"], runs), tmp_path / "claims")
        facts = [run.facts for group in runs.values() for run in group]
        return ReportSection("toy_report", "toy", SPEC, tmp_path, facts)

    return make


def test_the_page_is_well_formed_and_all_its_links_lead_somewhere(section):
    reader = Reader()
    reader.feed(build_page("harmodels", [section()], {"toy": CARD}))
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    inner = [link[1:] for link in reader.links if link.startswith("#")]
    assert inner
    assert set(inner) <= set(reader.ids)


def test_the_page_needs_nothing_from_elsewhere(section, tmp_path):
    preview = tmp_path / "figures" / "figure2.svg"
    made = section()
    html = build_page("harmodels", [made], {"toy": CARD}, {"toy": preview})
    reader = Reader()
    reader.feed(html)
    assert len(reader.sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in reader.sources)
    assert all(link.startswith(("#", "data:")) for link in reader.links)
    assert "<script" not in html
    assert "url(" not in html


def test_the_page_is_the_same_text_twice(section):
    made = section()
    assert build_page("t", [made], {"toy": CARD}) == build_page("t", [made], {"toy": CARD})


def test_table_claims_card_and_provenance_are_on_the_page(section):
    html = build_page("harmodels", [section(replicates=5, diverged=(1, 3))], {"toy": CARD})
    for expected in (
        "Best weights beat last weights",
        "2 of 5",
        "gap",
        "0000000000",
        "reference, cpu",
        "The only experiment",
    ):
        assert expected in html


def test_titles_are_escaped(section):
    html = build_page("harmodels", [section()], {})
    assert "A toy &lt;report&gt;" in html
    assert "<report>" not in html


def test_simulated_recordings_get_a_banner_and_measured_ones_none(section):
    assert 'class="banner"' in build_page("t", [section(simulated=True)], {})
    assert 'class="banner"' not in build_page("t", [section()], {})


def test_a_missing_figure_is_named(section, tmp_path):
    made = section()
    (tmp_path / "figures" / "figure2.svg").unlink()
    with pytest.raises(ResultsError, match=r"figure2\.svg"):
        build_page("t", [made], {})
