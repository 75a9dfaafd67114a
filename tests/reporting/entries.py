"""Tables, figures and ledgers from entries as a report's configuration writes them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from harmodels.config.specs import parse_claim, parse_figure, parse_table
from harmodels.reporting import claims, figures, tables
from harmodels.reporting.runs.load import Runs

Entry = Mapping[str, Any]


def build_table(entry: Entry, *given: Any) -> tables.Table:
    return tables.build_table(parse_table(entry), *given)


def draw_figure(entry: Entry, runs: Runs, *given: Any) -> Figure:
    return figures.draw_figure(parse_figure(entry), runs, *given)


def evaluate_claims(entries: Mapping[str, Entry], runs: Runs, *given: Any) -> pd.DataFrame:
    return claims.evaluate_claims({n: parse_claim(e) for n, e in entries.items()}, runs, *given)
