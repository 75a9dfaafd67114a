import pytest
import yaml

from harmodels.data.dataset import read_checksums
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


def test_only_the_simulated_ones_are_simulated_with_classes_and_channels_of_the_real_ones(registry):
    real = {"": "uci-har", "-wisdm": "wisdm", "-motionsense": "motionsense", "-hands": "fpha"}
    simulated = {name for name, entry in registry.items() if entry.simulated}
    assert simulated == {f"simulated{ending}" for ending in real}
    for ending, name in list(real.items())[:3]:
        assert registry[f"simulated{ending}"].classes == registry[name].classes
        assert registry[f"simulated{ending}"].channels == registry[name].channels


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


def test_an_unknown_data_set_or_channel_group_is_refused_with_the_known_ones(registry):
    with pytest.raises(ConfigurationError, match="'uci-hat' .did you mean 'uci-har'.*wisdm"):
        get(registry, "uci-hat")
    with pytest.raises(ConfigurationError, match="wisdm: unknown channel group 'gyroscope'"):
        registry["wisdm"].channel_group("gyroscope")


def put(address, **changes):
    """Return a change of a registry: keys of the mapping at `address`; None takes a key out."""

    def change(content):
        for part in address.split("."):
            content = content[part]
        content.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del content[key]

    return change


def other_channel(content):
    channels = content["motionsense"]["channels"]
    channels["magnet_x"] = channels.pop("gyro_x")
    del content["motionsense"]["channel_groups"]["gyroscope"]


def hands_of_another_format(content):
    content["simulated-hands"]["format"] = "sfinge3d"
    del content["simulated-hands"]["normalise"]["origin"]


WRONG = [
    (put("uci-har", licence=None, license="x"), "datasets.yaml.*uci-har.*'licen[cs]e'"),
    (put("wisdm.archive", adresses=[]), "adresses' .did you mean 'addresses'"),
    (put("wisdm", rate_hz="fast"), r"datasets.yaml: wisdm: rate_hz: 'fast' should be a number"),
    (put("wisdm", format="csv"), r"wisdm: format: unknown format 'csv'"),
    (
        put("wisdm", simulation={"seed": 1, "subjects": 2, "seconds_per_class": 4}),
        "either archive or simulation",
    ),
    (put("wisdm", window=None), "needs the key window"),
    (put("wisdm.channel_groups", acceleration=["acc_q"]), "acceleration: unknown channel 'acc_q'"),
    (put("wisdm.official_records", walking=None), "official_records: 'walking'"),
    (put("simulated.simulation", test_subjects=17), "test_subjects must be fewer"),
    (
        put("wisdm", classes=["Walking_Up", "walking up"]),
        "wisdm: classes: 'Walking_Up' and 'walking up' differ in case, blanks, - or _ only",
    ),
    (put("wisdm", classes=["a\n", "b"]), r"wisdm: classes"),
    (
        put("course-h5.archive", file="course.mat"),
        r"course-h5: archive\.file: 'course\.mat' is of an unknown type; use one of \.zip",
    ),
    (put("wisdm.archive", addresses=None), "give addresses, or user_file: true"),
    (put("course-h5.archive", git_blob="c6ff78c2"), r"course-h5: archive\.git_blob"),
    (put("course-h5.archive", git_blob=None), "needs sha256, git_blob or checksums"),
    (put("motionsense", recorded_hz=None), "format motionsense needs the key recorded_hz"),
    (put("motionsense.window", largest_gap_s=0.2), r"motionsense has no key window\.largest_gap_s"),
    (put("wisdm.window", largest_gap_s=None), r"wisdm needs the key window\.largest_gap_s"),
    (other_channel, r"motionsense\.channels: 'magnet_x' should be one of the channels .* acc_x"),
    (
        put("motionsense.channels", acc_x="rad/s"),
        r"motionsense\.channels\.acc_x: g measures acceleration, but rad/s",
    ),
    (
        put("motionsense", classes=["swimming", "walking"]),
        r"motionsense\.classes: 'swimming' should be one of the activities",
    ),
    (put("wisdm.archive", sha256=None, checksums=None), "needs sha256, git_blob or checksums"),
    (put("fpha", normalise=None), "fpha needs the key normalise"),
    (put("fpha.normalise", origin=None), "needs the key normalise.origin"),
    (put("sfinge3d.normalise", origin="wrist"), "sfinge3d has no key normalise.origin"),
    (put("fpha", channels={"x": "m"}), "fpha has no key channels; remove it"),
    (put("wisdm", channels=None, channel_groups=None), "wisdm needs the key channel"),
    (put("wisdm", channel_groups={"all": ["acc_x"]}), "needs the key channel_groups.acceleration"),
    (
        put("simulated-hands.simulation", seconds_per_class=1),
        "simulation: unknown key 'seconds_per_class'",
    ),
    (put("simulated-hands.simulation", repetitions=None), "the key 'repetitions' is missing"),
    (
        put("simulated-hands.simulation", median_frames=10_000),
        "shortest_frames, median_frames and longest_frames must rise",
    ),
    (
        hands_of_another_format,
        "the format sfinge3d has no key simulation; remove it or choose another format",
    ),
    (put("wisdm.archive", checksums="checksums/none"), "cannot read the checksums"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_registry_is_refused(change, message, changed):
    with pytest.raises(ConfigurationError, match=message):
        load_registry(changed(change))


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
    path = changed(put("wisdm", classes=list(classes), official_records=None))
    assert load_registry(path)["wisdm"].classes == classes
