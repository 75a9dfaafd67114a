"""Tables, figures and ledgers from entries as a report's configuration writes them."""

from harmodels.reporting.claims import ClaimSpec, judge_claims
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import TableSpec


def build_table(entry, runs, tables=None, subjects=None, published=None):
    return TableSpec.read(entry).build(Sources(runs, tables or {}, published or {}, subjects))


def draw_figure(entry, runs, subjects=None, published=None):
    return FigureSpec.read(entry).draw(Sources(runs, {}, published or {}, subjects))


def evaluate_claims(entries, runs, published=None):
    return judge_claims(ClaimSpec.read_all(entries), Sources(runs, published=published or {}))


def texts(figure):
    """Return every text of a figure, a line each."""
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return "\n".join(str(artist.get_text()) for artist in found)
