"""Whether gravity points the same way in the recordings of all people."""

from collections.abc import Iterator

import numpy as np

from harmodels.data.look import gravity_of
from harmodels.data.sequences import Sequences

FEWEST_PEOPLE = 3  # of fewer nobody knows who is the exception
ALIKE = 0.8  # length of the mean of directions, and cosine, from which they are one


def turned_people(sequences: Sequences) -> Iterator[str]:
    """Yield a line for each person for whom gravity is opposite to all others', in each class.

    `sequences` are windows of one length. It is no error: a sensor may have been worn upside down.
    """
    facts, by_person = sequences.facts, {}
    windows = sequences.values.reshape(len(sequences), -1, len(facts.channels))
    for person in np.unique(sequences.subjects):
        own = sequences.subjects == person
        for record in (
            gravity_of(windows[own], sequences.labels[own], facts.channels, facts.units) or ()
        ):
            means = {each.label: np.array(each.mean) for each in record.directions}
            by_person[str(person), record.sensor] = means
    for (person, sensor), means in by_person.items():
        others = [
            own for (name, kind), own in by_person.items() if name != person and kind == sensor
        ]
        if len(others) + 1 < FEWEST_PEOPLE or not means:
            continue
        usual = {label: [own[label] for own in others if label in own] for label in means}
        known = [(means[label], np.mean(own, axis=0)) for label, own in usual.items() if own]
        sure = [(own, mean) for own, mean in known if np.linalg.norm(mean) > ALIKE]
        if sure and all(own @ mean < -ALIKE * np.linalg.norm(mean) for own, mean in sure):
            yield (
                f"gravity in {sensor} of {person} points opposite to that of the others in every "
                "activity: the sensor was worn upside down, or a program turned all signs (units: "
                f"{{{sensor}: -…}} in an entry of its own)"
            )
