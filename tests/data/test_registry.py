import pytest
import yaml

from harmodels.data.checksums import read_checksums
from harmodels.data.formats import FORMATS
from harmodels.data.formats.motionsense import CODES, TRIALS
from harmodels.data.registry import get, load_registry
from harmodels.data.simulation.hand_motion import ACTIONS
from harmodels.errors import ConfigurationError


@pytest.fixture
def changed(tmp_path, repository):
    """Return a function that writes the registry with a change."""
    folder = repository / "config"

    def write(change):
        content = yaml.safe_load((folder / "datasets.yaml").read_text(encoding="utf-8"))
        # a deep copy without the aliases that YAML anchors leave
        content = yaml.safe_load(yaml.dump(content, Dumper=_NoAliases, sort_keys=False))
        change(content)
        (tmp_path / "checksums").mkdir(exist_ok=True)
        for file in (folder / "checksums").iterdir():
            (tmp_path / "checksums" / file.name).write_bytes(file.read_bytes())
        path = tmp_path / "datasets.yaml"
        path.write_text(yaml.dump(content, Dumper=_NoAliases, sort_keys=False), encoding="utf-8")
        return path

    return write


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


@pytest.fixture(scope="session")
def activities(registry):
    """The data sets of accelerometers; those of hands have tests of their own."""
    return [entry for entry in registry.values() if FORMATS[entry.format].skeleton is None]


def test_every_accelerometer_has_three_axes(activities):
    assert len(activities) >= 5
    assert all(len(entry.channel_group("acceleration")) == 3 for entry in activities)


def test_every_data_set_of_activities_has_six_classes(activities):
    assert {len(entry.classes) for entry in activities} == {6}


def test_only_the_simulated_ones_are_simulated(registry):
    simulated = {name for name, entry in registry.items() if entry.simulated}
    assert simulated == {"simulated", "simulated-wisdm", "simulated-motionsense", "simulated-hands"}


def test_simulated_recordings_have_classes_and_channels_of_the_real_ones(registry):
    for simulated, real in (
        ("simulated", "uci-har"),
        ("simulated-wisdm", "wisdm"),
        ("simulated-motionsense", "motionsense"),
    ):
        assert registry[simulated].classes == registry[real].classes
        assert registry[simulated].channels == registry[real].channels


def test_checksums_cover_all_that_the_parser_reads(registry):
    archive = registry["uci-har"].archive
    assert "UCI HAR Dataset/train/Inertial Signals/total_acc_x_train.txt" in archive.checksums
    motion = registry["motionsense"].archive
    trials = {
        f"A_DeviceMotion_data/{code}_{number}/sub_{person}.csv"
        for code, activity in CODES.items()
        for number in TRIALS[activity]
        for person in registry["motionsense"].subjects
    }
    assert set(motion.checksums) == trials


def test_activities_are_in_one_order_wherever_they_are_the_same(registry):
    names = ("wisdm", "motionsense", "course-h5", "simulated-wisdm", "simulated-motionsense")
    assert len({registry[name].classes for name in names}) == 1


def test_hands_have_the_actions_channels_and_members_of_their_benchmark(registry):
    fpha, simulated = registry["fpha"], registry["simulated-hands"]
    assert fpha.classes == tuple(ACTIONS)
    assert set(simulated.classes) < set(ACTIONS)
    assert (simulated.channels, simulated.normalise) == (fpha.channels, fpha.normalise)
    assert (fpha.archive.user_file, fpha.archive.addresses) == (True, ())
    sfinge = registry["sfinge3d"].archive
    assert len(sfinge.checksums) == 13 * 36 + 72 + 1


def test_an_unknown_data_set_is_refused_with_the_known_ones(registry):
    with pytest.raises(ConfigurationError, match="'uci-hat' .did you mean 'uci-har'.*wisdm"):
        get(registry, "uci-hat")


def test_an_unknown_channel_group_is_refused(registry):
    with pytest.raises(ConfigurationError, match="wisdm: unknown channel group 'gyroscope'"):
        registry["wisdm"].channel_group("gyroscope")


def _rename(entry, old, new):
    entry[new] = entry.pop(old)


WRONG = {
    "misspelt key": (
        lambda c: _rename(c["uci-har"], "licence", "license"),
        "datasets.yaml.*uci-har.*'licen[cs]e'",
    ),
    "misspelt key below": (
        lambda c: c["wisdm"]["archive"].update(adresses=[]),
        r"datasets.yaml: wisdm: archive: unknown key 'adresses' .did you mean 'addresses'",
    ),
    "wrong type": (
        lambda c: c["wisdm"].update(rate_hz="fast"),
        r"wisdm: rate_hz: 'fast' should be a number",
    ),
    "unknown format": (
        lambda c: c["wisdm"].update(format="csv"),
        r"wisdm: format: unknown format 'csv'",
    ),
    "both sources": (
        lambda c: c["wisdm"].update(simulation=c["simulated"]["simulation"]),
        "either archive or simulation",
    ),
    "no window": (lambda c: c["wisdm"].pop("window"), "needs the key window"),
    "unknown channel": (
        lambda c: c["wisdm"]["channel_groups"].update(acceleration=["acc_q"]),
        "channel_groups.acceleration: unknown channel 'acc_q'",
    ),
    "totals of other classes": (
        lambda c: c["wisdm"]["official_records"].pop("walking"),
        "official_records: 'walking'",
    ),
    "all subjects tested": (
        lambda c: c["simulated"]["simulation"].update(test_subjects=17),
        "test_subjects must be fewer",
    ),
    "classes that look alike": (
        lambda c: c["wisdm"].update(classes=["Walking_Up", "walking up"]),
        "wisdm: classes: 'Walking_Up' and 'walking up' differ in case or underscores only",
    ),
    "class with a line break": (
        lambda c: c["wisdm"].update(classes=["a\n", "b"]),
        r"wisdm: classes",
    ),
    "user's file of an unknown kind": (
        lambda c: c["course-h5"]["archive"].update(file="course.mat"),
        r"course-h5: archive\.file: 'course\.mat' is of an unknown type; use one of \.zip",
    ),
    "no address": (
        lambda c: c["wisdm"]["archive"].pop("addresses"),
        "give addresses, or user_file: true",
    ),
    "a blob hash that is none": (
        lambda c: c["course-h5"]["archive"].update(git_blob="c6ff78c2"),
        r"course-h5: archive\.git_blob",
    ),
    "a user's file whose download has no hash": (
        lambda c: c["course-h5"]["archive"].pop("git_blob"),
        "needs sha256, git_blob or checksums",
    ),
    "no rate of the files": (
        lambda c: c["motionsense"].pop("recorded_hz"),
        "format motionsense needs the key recorded_hz",
    ),
    "a pause without times": (
        lambda c: c["motionsense"]["window"].update(largest_gap_s=0.2),
        r"motionsense: the format motionsense has no key window\.largest_gap_s",
    ),
    "no longest pause": (
        lambda c: c["wisdm"]["window"].pop("largest_gap_s"),
        r"wisdm: the format wisdm needs the key window\.largest_gap_s",
    ),
    "a channel that the files lack": (
        lambda c: (
            _rename(c["motionsense"]["channels"], "gyro_x", "magnet_x")
            or c["motionsense"]["channel_groups"].pop("gyroscope")
        ),
        r"motionsense\.channels: 'magnet_x' is none of the channels .* acc_x",
    ),
    "a unit of something else": (
        lambda c: c["motionsense"]["channels"].update(acc_x="rad/s"),
        r"motionsense\.channels\.acc_x: g measures acceleration, but rad/s",
    ),
    "an activity that the files lack": (
        lambda c: c["motionsense"]["classes"].append("swimming"),
        r"motionsense\.classes: 'swimming' is none of the activities",
    ),
    "nothing to check a download against": (
        lambda c: [c["wisdm"]["archive"].pop(key) for key in ("sha256", "checksums")],
        "needs sha256, git_blob or checksums",
    ),
    "no normalise": (lambda c: c["fpha"].pop("normalise"), "fpha needs the key normalise"),
    "no origin": (lambda c: c["fpha"]["normalise"].pop("origin"), "needs the key normalise.origin"),
    "origin of the palm": (
        lambda c: c["sfinge3d"]["normalise"].update(origin="wrist"),
        "sfinge3d has no key normalise.origin",
    ),
    "channels of a hand": (
        lambda c: c["fpha"].update(channels={"x": "m"}),
        "fpha has no key channels; remove it",
    ),
    "no channels": (
        lambda c: [c["wisdm"].pop(key) for key in ("channels", "channel_groups")],
        "wisdm needs the key channel",
    ),
    "no acceleration": (
        lambda c: c["wisdm"].update(channel_groups={"all": ["acc_x"]}),
        "wisdm needs the key channel_groups.acceleration",
    ),
    "seconds of hands": (
        lambda c: c["simulated-hands"]["simulation"].update(seconds_per_class=1),
        "simulation: unknown key 'seconds_per_class'",
    ),
    "no repetitions": (
        lambda c: c["simulated-hands"]["simulation"].pop("repetitions"),
        "simulation: the key 'repetitions' is missing",
    ),
    "lengths that do not rise": (
        lambda c: c["simulated-hands"]["simulation"].update(median_frames=10_000),
        "shortest_frames, median_frames and longest_frames must rise",
    ),
    "hands that cannot be simulated": (
        lambda c: (
            c["simulated-hands"].update(format="sfinge3d"),
            c["simulated-hands"]["normalise"].pop("origin"),
        ),
        "the format sfinge3d has no key simulation; remove it or choose another format",
    ),
    "missing checksums": (
        lambda c: c["wisdm"]["archive"].update(checksums="checksums/none"),
        "cannot read the checksums",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_registry_is_refused(case, changed):
    change, message = WRONG[case]
    with pytest.raises(ConfigurationError, match=message):
        load_registry(changed(change))


def test_an_unchanged_copy_is_accepted(changed):
    assert "wisdm" in load_registry(changed(lambda content: None))


def test_a_broken_line_of_checksums_is_refused(tmp_path):
    path = tmp_path / "list"
    path.write_text(f"{'0' * 64}  a\nnot a hash  b\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2: 'not a hash  b'"):
        read_checksums(path)


@pytest.mark.parametrize(
    "classes",
    [("Walking", "Nordic walking"), ("sit/stand", "2"), ("Geh'n", "走る"), ("A+B (C)", "d.")],
)
def test_a_class_has_any_name_that_people_write(classes, changed):
    def change(content):
        content["wisdm"].update(classes=list(classes))
        content["wisdm"].pop("official_records")

    assert load_registry(changed(change))["wisdm"].classes == classes
