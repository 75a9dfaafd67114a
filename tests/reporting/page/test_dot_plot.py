import re
from xml.etree import ElementTree

import pytest

from harmodels.reporting.page.dot_plot import SIZE, Pair, dot_plot


def pair(published, value, half=0.05, measure="top_1", name="a row"):
    return Pair(name, measure, published, value, value - half, value + half, "table1-line-2")


def circles(svg, kind):
    found = re.findall(rf'<circle class="{kind}" cx="([\d.]+)" cy="([\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in found]


def test_a_reproduced_number_lies_on_the_diagonal():
    svg = dot_plot([pair(0.6, 0.6)])
    ((x, y),) = circles(svg, "main")
    ends = re.search(r'class="diagonal" d="M(\d+),(\d+)L(\d+),(\d+)"', svg).groups()
    left, bottom, right, top = (float(end) for end in ends)
    assert (x - left) / (right - left) == pytest.approx((y - bottom) / (top - bottom), abs=0.01)


def test_a_published_number_on_the_bound_of_our_interval_lies_inside():
    assert Pair("A", "top_1", 0.1 + 0.2, 0.2, 0.1, 0.3, "a").inside
    assert not Pair("A", "top_1", 0.301, 0.2, 0.1, 0.3, "a").inside
    assert not Pair("A", "top_1", 0.3, 0.3, float("nan"), float("nan"), "a").inside


def test_a_higher_number_of_ours_is_drawn_higher():
    (_, low), (_, high) = circles(dot_plot([pair(0.5, 0.4), pair(0.5, 0.6)]), "main")
    assert high < low


@pytest.mark.parametrize("value", [0.02, 0.99])
def test_an_interval_beyond_the_range_of_shares_is_cut(value):
    svg = dot_plot([pair(0.5, value, half=0.7)])
    low, high = re.search(r'class="bar" d="M[\d.]+,([\d.]+)V([\d.]+)"', svg).groups()
    assert 0 <= float(high) <= float(low) <= SIZE


def test_each_dot_leads_to_its_line_and_names_its_numbers():
    root = ElementTree.fromstring(dot_plot([pair(0.5, 0.6, name="5 < 6 & more")]))
    (link,) = root.iter("a")
    assert link.get("href") == "#table1-line-2"
    assert link.find("title").text == "5 < 6 & more: published 0.500, ours 0.600 [0.550, 0.650]"


def test_only_top_1_is_large_and_the_best_is_ringed():
    best = pair(0.9, 0.8)
    svg = dot_plot([best, pair(0.95, 0.9, measure="top_2")], best)
    assert len(circles(svg, "main")) == len(circles(svg, "other")) == 1
    assert svg.count('class="ring"') == svg.count('class="bar"') == 1


def test_without_published_numbers_nothing_is_drawn():
    assert dot_plot([]) == ""
