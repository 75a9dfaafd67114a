from harmodels.seeds import Purpose, generator


def first(*arguments):
    return generator(*arguments).integers(2**62)


def test_the_same_key_gives_the_same_numbers():
    assert first(1, Purpose.ORDER, 2, 3) == first(1, Purpose.ORDER, 2, 3)


def test_every_part_of_the_key_changes_the_numbers():
    keys = [
        (1, Purpose.ORDER, 2, 3),
        (2, Purpose.ORDER, 2, 3),
        (1, Purpose.DROPOUT, 2, 3),
        (1, Purpose.ORDER, 3, 3),
        (1, Purpose.ORDER, 2, 4),
        (1, Purpose.ORDER, 3, 2),
    ]
    assert len({first(*key) for key in keys}) == len(keys)
