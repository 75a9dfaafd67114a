import argparse
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import map as speed_map


def test_every_shape_but_the_corners_differs_from_its_centre_in_one_size():
    apart = [
        sum(asdict(shape)[name] != size for name, size in asdict(centre).items())
        for network, centre in speed_map.CENTRES.items()
        for shape in speed_map.shapes()
        if shape.network == network
    ]
    assert apart.count(0) == len(speed_map.CENTRES)
    assert sum(count > 1 for count in apart) <= len(speed_map.CORNERS) * len(speed_map.CENTRES)


def test_all_contenders_of_a_shape_do_the_same_work():
    for network, centre in speed_map.CENTRES.items():
        if network != "gru":  # as the LSTM
            small = replace(centre, hidden=4, batch=8, steps=min(centre.steps, 5))
            row = speed_map.measure(small, 1, 0.001)  # which compares the weights
            assert row["microseconds"] > 0
            assert row["network"] == network


def test_the_crossover_is_where_the_line_on_logarithmic_scales_passes_one():
    sizes, ratio = np.array([1.0, 10.0, 1000.0]), np.array([2.0, 4.0, 0.25])
    assert speed_map.crossings(sizes, ratio) == [pytest.approx(100.0)]


def test_a_map_goes_on_where_it_was_and_draws_what_it_has(tmp_path, monkeypatch):
    first, second, third, *_ = every = list(speed_map.shapes())
    row = dict.fromkeys(("microseconds", "ratio", "ratio_min", "ratio_max", "torch", "jax"), 2.0)
    row |= {"best": "torch.nn, autograd", "best_microseconds": 4.0}
    row |= {"first_call": 9.0, "best_first_call": 1.0}
    pd.DataFrame([asdict(first) | row, asdict(third) | row]).to_csv(
        tmp_path / "speed-map.csv", index=False
    )
    timed = []

    def measure(shape, rounds, seconds):
        timed.append(shape)
        return asdict(shape) | row

    monkeypatch.setattr(speed_map, "measure", measure)
    monkeypatch.setattr(speed_map, "shapes", lambda: iter(every[:4]))
    speed_map.run(argparse.Namespace(output=tmp_path, rounds=1, seconds=0.1, minutes=1.0))
    assert timed == [second, every[3]]
    assert len(pd.read_csv(tmp_path / "speed-map.csv")) == 4
    assert (tmp_path / "speed-map.svg").stat().st_size > 0
