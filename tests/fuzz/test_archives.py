"""Whatever an archive holds, it is unpacked into its folder or refused with a DataError."""

import hashlib
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.archives.extract import extract
from harmodels.errors import DataError

pytestmark = pytest.mark.attack("damaged or hostile archive")
MEMBERS = {"a/one.txt": b"one " * 50, "a/two.txt": b"two " * 50, "three.txt": b"3"}
HOSTILE = ("../out", "/tmp/out", "a/../../out", "C:\\out", "a\\..\\..\\out", "a\x00", "out/", "./.")


def zipped(members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return stream.getvalue()


def tarred(members, mode, kind=tarfile.REGTYPE):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, "../out", len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


WHOLE = {
    "stored zip": zipped(MEMBERS, zipfile.ZIP_STORED),
    "zip": zipped(MEMBERS),
    "bzip2 zip": zipped(MEMBERS, zipfile.ZIP_BZIP2),
    "lzma zip": zipped(MEMBERS, zipfile.ZIP_LZMA),
    "zip in a zip": zipped({"inner.zip": zipped(MEMBERS)}, zipfile.ZIP_STORED),
    "tar": tarred(MEMBERS, "w:"),
    "tar.gz": tarred(MEMBERS, "w:gz"),
    "tar.bz2": tarred(MEMBERS, "w:bz2"),
    "tar.xz": tarred(MEMBERS, "w:xz"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which an archive and its raw files may stand, and nothing else."""
    return tmp_path_factory.mktemp("place")


def unpacked(place, content, checksums=None):
    """Return the unpacked files by name, None if the archive was refused."""
    archive, raw = place / "archive", place / "raw"
    archive.write_bytes(content)
    before = {path for path in place.rglob("*") if raw not in path.parents} - {raw}
    try:
        extract(archive, raw, checksums, nested="inner.zip", largest=10_000)
    except DataError:
        return None
    finally:
        assert {path for path in place.rglob("*") if raw not in path.parents} - {raw} == before
    files = [path for path in raw.rglob("*") if path.is_file()]
    return {path.relative_to(raw).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", WHOLE)
@given(data=st.data())
def test_a_damaged_archive_is_refused_or_unpacked_inside_its_folder(
    kind, place, spoiled, outcome, data
):
    assert unpacked(place, WHOLE[kind]) == MEMBERS
    files = unpacked(place, data.draw(spoiled(WHOLE[kind])))
    outcome("refused" if files is None else "unpacked inside")
    if files is not None:
        assert sum(map(len, files.values())) <= 10_000


@pytest.mark.attack("flipped bit in an archive whose members are known")
@pytest.mark.parametrize("kind", WHOLE)
def test_no_flipped_bit_changes_a_member_whose_checksum_is_known(
    kind, place, tries, drawn, outcome
):
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in MEMBERS.items()}
    for _ in range(tries(100)):
        content = bytearray(WHOLE[kind])
        byte, bit = drawn.randrange(len(content)), drawn.randrange(8)
        content[byte] ^= 1 << bit
        files = unpacked(place, bytes(content), checksums)
        assert files in (None, MEMBERS), (byte, bit)
        outcome("refused" if files is None else "of the same content")


NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(alphabet="a./\\:\x00ä", min_size=1, max_size=8))


@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    mode=st.sampled_from(["zip", "w:", "w:gz"]),
    kind=st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
)
def test_hostile_names_never_leave_the_folder(names, mode, kind, place):
    members = dict.fromkeys(names, b"")
    unpacked(place, zipped(members) if mode == "zip" else tarred(members, mode, kind))
