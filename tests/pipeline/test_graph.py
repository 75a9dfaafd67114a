from xml.etree import ElementTree

import pytest

from harmodels.pipeline.graph import draw, lay_out, read_graph

DOT = """
digraph snakemake_dag {
    node[shape=box];
	0[label = "all", color = "0.00 0.6 0.85", style="rounded"];
	1[label = "build_page", color = "0.04 0.6 0.85", style="rounded"];
	2[label = "train_network", color = "0.08 0.6 0.85", style="rounded"];
	3[label = "draw_splits", color = "0.59 0.6 0.85", style="rounded"];
	4[label = "prepare_sequences", color = "0.47 0.6 0.85", style="rounded"];
	5[label = "draw_preview", color = "0.47 0.6 0.85", style="rounded"];
	1 -> 0
	2 -> 1
	4 -> 1
	5 -> 1
	4 -> 2
	3 -> 2
	4 -> 3
	4 -> 5
}
"""


@pytest.fixture
def picture():
    return lay_out(read_graph(DOT))


def test_edges_that_a_longer_way_replaces_and_the_target_rule_are_left_out():
    assert read_graph(DOT) == [
        ("draw_preview", "build_page"),
        ("draw_splits", "train_network"),
        ("prepare_sequences", "draw_preview"),
        ("prepare_sequences", "draw_splits"),
        ("train_network", "build_page"),
    ]


def test_a_rule_stands_below_every_rule_that_it_reads_from(picture):
    assert all(picture.layer[a] < picture.layer[b] for a, b in picture.edges)


def test_no_two_boxes_overlap(picture):
    rules = {rule for edge in picture.edges for rule in edge}
    for one in rules:
        for other in rules - {one}:
            apart = abs(picture.x[one] - picture.x[other]) >= 168
            assert apart or picture.layer[one] != picture.layer[other]


def test_the_picture_names_every_rule_once_and_is_the_same_every_time(picture):
    svg = draw(picture)
    texts = [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert sorted(texts) == sorted(
        ["build page", "train network", "draw splits", "prepare sequences", "draw preview"]
    )
    assert draw(lay_out(read_graph(DOT))) == svg
