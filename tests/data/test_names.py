import pytest

from harmodels.data.names import alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Walking", "walking"),
        ("walking_upstairs", " walking  upstairs\n"),
        ("Gehen für Å", "GEHEN FU\N{COMBINING DIAERESIS}R A\N{COMBINING RING ABOVE}"),
        ("Straße", "STRASSE"),
    ],
)
def test_two_ways_of_writing_a_label_are_alike(one, other):
    assert alike(one) == alike(other)


@pytest.mark.parametrize(
    ("one", "other"), [("walk", "walking"), ("1", "1.0"), ("01", "1"), ("NA", "")]
)
def test_other_names_are_not(one, other):
    assert alike(one) != alike(other)
