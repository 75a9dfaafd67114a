"""Tables, figures and ledgers from entries as a report's configuration writes them."""

import pandas as pd

from harmodels.reporting.claims import ClaimSpec, judge_claims
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import TableSpec
from harmodels.reporting.tables.markdown import markdown_table

B = {"experiment": "b"}
LAST = {"experiment": "b", "checkpoint": "last"}


def entry(kind, of=None, **keys):
    return {"title": "T", "kind": kind} | (of or {}) | keys


def side(checkpoint="last", title=None, **where):
    given = {"checkpoint": checkpoint, "title": title, "where": where}
    return B | {key: value for key, value in given.items() if value}


def build_table(entry, runs, tables=None, subjects=None, published=None):
    return TableSpec.read(entry).build(Sources(runs, tables or {}, published or {}, subjects))


def printed(entry, runs, **sources):
    return markdown_table(build_table(entry, runs, **sources))


def draw_figure(entry, runs, subjects=None, published=None):
    return FigureSpec.read(entry).draw(Sources(runs, {}, published or {}, subjects))


def evaluate_claims(entries, runs, published=None, families=None, subjects=None):
    sources = Sources(runs, published=published or {}, subjects=subjects)
    return judge_claims(ClaimSpec.read_all(entries), sources, families)


def texts(figure):
    """Return every text of a figure, a line each."""
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return "\n".join(str(artist.get_text()) for artist in found)


def losses(metric, replicates=1, **by_split):
    """Make a history: values of each split by epoch, or a function from the replicate to them."""
    rows = [
        (r, epoch, split, metric, value)
        for r in range(replicates)
        for split, values in by_split.items()
        for epoch, value in enumerate(values(r) if callable(values) else values, start=1)
    ]
    return pd.DataFrame(rows, columns=["replicate", "epoch", "split", "metric", "value"])
