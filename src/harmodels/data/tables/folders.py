"""The folder or zip of an app as one recording of one person, its sensors joined on the clock."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from harmodels.data.facts import SequenceFacts
from harmodels.data.look import Look
from harmodels.data.reading.clock import Pace
from harmodels.data.reading.meaning import Given
from harmodels.data.reading.recording import open_recording
from harmodels.data.table_layout import TableLayout
from harmodels.data.tables.cutting import NO_LABEL, NOT_A_CLASS, NOT_A_NUMBER, Cuts, Stream
from harmodels.data.tables.intervals import Intervals, IntervalsOfOne
from harmodels.data.tables.names import NO_CLASS, Labels
from harmodels.data.tables.sources import Source
from harmodels.errors import DataError


class Folder:
    """A recording in several files; its person is known from its path or a list."""

    def __init__(
        self, source: Source, facts: SequenceFacts, layout: TableLayout, intervals: Intervals | None
    ) -> None:
        self.source, self.path = source, source.path
        self._layout, self._intervals = layout, intervals
        given = Given(layout.columns, layout.units, layout.time_unit, layout.recorded_hz)
        self._recording = open_recording(source.path, facts.channels, facts.units, given)
        self.files = self._recording.files
        said = dict(source.given)
        if intervals is not None and layout.subject not in said:
            said |= intervals.person_of(source)
        needed = [layout.subject] if intervals else [layout.subject, layout.label]
        missing = [name for name in needed if name not in said]
        if missing:
            raise DataError(
                f"{source.path}: files that are joined hold no column {missing[0]!r}; say it by "
                "the path (files: PATTERN) or a list (label_file)"
            )
        self._said = said
        self.paces = {(said[layout.subject], ""): Pace(self._recording.rate_hz)}
        self.labelled: dict[tuple[str, str], IntervalsOfOne] = {}

    @property
    def file_units(self) -> Mapping[str, str]:
        """Unit in the files by channel."""
        return self._recording.file_units

    @property
    def origin(self) -> Any:
        """Time of the first sample as in the files."""
        return self._recording.origin

    def cut(self, names: Mapping[str, str], labels: Labels, several: bool, cuts: Cuts) -> None:
        """Cut all windows; `several` says whether there are other recordings."""
        facts, recording = cuts.windows.facts, self._recording
        ((key, pace),) = self.paces.items()
        person = names[key[0]]
        look = Look(facts.channels, facts.units, None, [self.file_units[c] for c in facts.channels])
        stem = f"{person}/{self.source.name}"
        stream = Stream(str(self.path), stem, person, pace, look, cuts, timed=False)
        if self._intervals is not None:
            self.labelled[key] = self._intervals.of(self.source, key[0], several, self.origin)
        apart = 2 * cuts.windows.window.largest_gap_s  # between sessions, so that none is crossed
        for samples in recording.samples():
            if key in self.labelled:
                text = self.labelled[key].labels_at(samples.times)
            else:
                said = self._said[self._layout.label]
                text = np.full(len(samples.times), said, dtype=np.object_)
            codes = labels.codes(text)
            stream.push(samples.times + apart * samples.session, samples.values, codes)
            cuts.dropped.add(NO_LABEL, int((text == "").sum()), str(self.path))
            strange = (text != "") & (codes == NO_CLASS)
            cuts.dropped.add(NOT_A_CLASS, int(strange.sum()), str(self.path))
        stream.finish()
        cuts.dropped.add(NOT_A_NUMBER, recording.dropped, str(self.path))
        cuts.mended += [(str(self.path), note) for note in recording.notes]
