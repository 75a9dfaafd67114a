import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from harmodels.errors import ResultsError
from harmodels.reporting.claims import read_claims_csv, write_claims
from harmodels.reporting.page.build import build_page
from harmodels.reporting.page.sections import SectionSpec
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import write_table_files
from tests.reporting.entries import LAST, build_table, entry

PLAIN = {"tables": {"table1": entry("top_k", LAST)}}
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
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass  # <path/> in the plot opens and closes itself

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(html):
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_page_is_well_formed_and_all_its_links_lead_somewhere(section, tmp_path):
    reader = read(build_page("harmodels", [section()], {"toy": CARD}))
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    inner = [link[1:] for link in reader.links if link.startswith("#")]
    files = [unquote(link) for link in reader.links if not link.startswith(("#", "data:"))]
    assert inner
    assert set(inner) <= set(reader.ids)
    assert files
    assert all((tmp_path / file).is_file() for file in files)


def test_recordings_and_pages_of_models_are_linked(section, tmp_path):
    afternoon = tmp_path / "recordings" / "an afternoon"
    afternoon.mkdir(parents=True)
    (afternoon / "timeline.svg").write_text('<svg width="10pt" height="5.5pt"/>')
    (afternoon / "summary.txt").write_text("30 min walking")
    html = build_page("t", [section()], {}, recordings={"an afternoon": afternoon}, live=["gru"])
    reader = read(html)
    assert reader.open == []
    assert "30 min walking" in html
    files = {f"recordings/an%20afternoon/{name}" for name in ("timeline.svg", "activities.csv")}
    assert files | {"live/gru.html"} <= set(reader.links)
    only = read(build_page("t", [section()], {}, live=["gru"]))
    assert {"#recordings", "live/gru.html"} <= set(only.links)


def test_the_page_needs_nothing_from_elsewhere(section):
    made = section()
    preview = made.folder / "figures" / "figure2.svg"
    html = build_page("harmodels", [made], {"toy": CARD}, {"toy": preview})
    reader = read(html)
    assert len(reader.sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in reader.sources)
    assert not any("//" in link for link in reader.links)
    assert "<script src" not in html
    assert "url(" not in html
    assert "default-src 'none'" in html


def test_the_page_is_the_same_text_twice(section):
    made = section()
    assert build_page("t", [made], {"toy": CARD}) == build_page("t", [made], {"toy": CARD})


def test_table_claims_card_and_provenance_are_on_the_page(section):
    html = build_page("harmodels", [section(replicates=5, diverged=(1, 3))], {"toy": CARD})
    for expected in ("2 of 5", "gap", "0000000000", "reference, cpu", "The only experiment"):
        assert expected in html
    assert "Best weights beat last weights" in html


def test_verdicts_on_other_recordings_are_counted_as_carried_over(section):
    made = section(replicates=5)
    ledger = read_claims_csv(made.folder / "claims.csv")
    here, elsewhere = ("not hold<", "<dt>Published<"), ("not carry over<", "on other recordings<")
    for transfer, words in ((False, here), (True, elsewhere)):
        write_claims(ledger.assign(transfer=transfer), made.folder / "claims")
        html = build_page("t", [made], {"toy": CARD})
        assert [word in html for word in (*here, *elsewhere)] == [
            word in words for word in (*here, *elsewhere)
        ]


def test_titles_are_escaped_and_products_are_called_as_people_call_them(section):
    html = build_page("harmodels", [section()], {})
    assert "A toy &lt;report&gt;" in html
    assert "<report>" not in html
    assert "Table 1" in html
    assert "Figure 2" in html
    assert ">Table1" not in html


def test_simulated_recordings_get_a_banner_and_measured_ones_none(section):
    assert 'class="banner"' in build_page("t", [section(simulated=True)], {})
    assert 'class="banner"' not in build_page("t", [section()], {})


def test_simulated_is_said_once_above_all_and_by_each_section(section):
    made = section(simulated=True)
    card = {"title": "Toy", "simulated": True}
    html = build_page("t", [made], {"toy": card}, {"toy": made.folder / "figures" / "figure2.svg"})
    # the banner; the report's card and heading; the heading of its data
    assert html.count("SIMULATED") == html.count('class="simulated"') + 1 == 4


def test_without_published_numbers_the_title_is_the_project_s_and_says_nothing_of_them(section):
    made = section()
    assert "<h1>Human-activity recognition, reproduced</h1>" in build_page("walks", [made], {})
    plain = replace(made, spec=SectionSpec.read(PLAIN))
    write_table_files(
        build_table(PLAIN["tables"]["table1"], load_runs(made.folder.glob("runs/*/*"))),
        made.folder / "tables" / "table1",
    )
    html = build_page("walks", [plain], {})
    assert "<h1>Walks: results</h1>" in html
    assert "ublished" not in html[html.index("<body>") :]
    assert "eproduced" not in html


class Cells(HTMLParser):
    """Collects the texts of the cells of a table, row by row, the headings left out."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag == "td" or (tag == "th" and ("scope", "row") in attrs):
            self.inside = True
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data.strip()


def columns_of(html):
    cells = Cells()
    cells.feed(html)
    return list(zip(*(row for row in cells.rows if len(row) > 1), strict=True))


def test_no_column_of_a_table_is_empty(section):
    html = build_page("t", [section()], {"toy": CARD})
    tables = re.findall(r'<table(?: class="(?!text")[^"]*")?>.*?</table>', html, re.DOTALL)
    ledger, table, lines, times, runs = map(columns_of, tables)
    headings = re.findall(r'<th scope="col">(\w+)</th>', tables[0])
    assert headings == ["Claim", "Verdict", "Measured", "Source"]  # nothing published, no note
    for column in (*ledger, *table, *lines, *times[:-1], *runs):  # the last of times is bars
        assert set(column) - {"", "\N{EN DASH}"}, column


def test_a_missing_figure_is_named(section):
    made = section()
    (made.folder / "figures" / "figure2.svg").unlink()
    with pytest.raises(ResultsError, match=r"figure2\.svg"):
        build_page("t", [made], {})


def test_time_is_told_by_experiment(section):
    known = {("b", "hidden=50"): 11.5, ("b", "hidden=100"): 4.5}
    html = build_page("t", [section(job_seconds=known, seconds=1.5)], {})
    assert "<td>3.0</td><td>13.0</td>" in html  # training and overhead of both runs
    assert "not recorded" in build_page("t", [section()], {})
