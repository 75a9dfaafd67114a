import pytest

from harmodels.config.parts import Part, parts_of, split_name


@pytest.mark.parametrize(("before", "after"), [(5, 20), (5, 6), (10, 12), (1, 2)])
def test_more_replicates_leave_the_full_blocks_as_they_were(before, after):
    full = [part for part in parts_of(before, 5) if part.replicates == 5]
    assert set(full) <= set(parts_of(after, 5))


@pytest.mark.parametrize("replicates", [1, 4, 5, 6, 20, 23])
def test_every_replicate_is_in_one_part_of_each_fold(replicates):
    found = [(p.fold, n) for p in parts_of(replicates, 5, ("a", "b")) for n in p.numbers]
    assert sorted(found) == [(fold, n) for fold in "ab" for n in range(replicates)]


@pytest.mark.parametrize("part", [*parts_of(12, 5), *parts_of(7, 5, ("12", "p_3.x-1"))])
@pytest.mark.parametrize("name", ["hidden=50", "learning_rate=1e-05+hidden=50", "model=a"])
def test_the_name_of_a_folder_is_taken_apart_again(name, part):
    assert split_name(name + part.suffix) == (name, part.suffix)


def test_the_first_block_has_one_name_whatever_its_size():
    assert Part(0, 3).suffix == Part(0, 5).suffix == ""
