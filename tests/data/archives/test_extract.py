"""Each protection of `extract` with one archive that needs it; random ones are in tests/fuzz."""

import errno
import gzip
import hashlib
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from dataclasses import replace

import pytest

from harmodels.data.archives.extract import extract, pack, unpack, verify
from harmodels.data.archives.members import safe_name
from harmodels.data.dataset import Archive
from harmodels.errors import DataError, ResultsError


def _sha(content):
    return hashlib.sha256(content).hexdigest()


def _names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _zip(members, kind=0):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16
            archive.writestr(info, content)
    return stream.getvalue()


def _tar(*names, kind=tarfile.REGTYPE, comment=0):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            if comment:
                member.pax_headers = {"comment": "x" * comment}
            archive.addfile(member)
    return stream.getvalue()


def _chained_headers():
    block = tarfile.TarInfo("a")
    block.pax_headers = {"comment": "x" * 40_000}
    header = block.tobuf(tarfile.PAX_FORMAT)[: -tarfile.BLOCKSIZE]
    return header * 5 + tarfile.TarInfo("a").tobuf() + bytes(10_240)


def _flipped():
    content = bytearray(_zip({"a": b"A" * 500}))
    content[200] ^= 1
    return bytes(content)


NOISE = bytes(range(256)) * 40 + hashlib.sha256(b"noise").digest() * 10
MANY = [str(number) for number in range(2000)]
ESCAPING = ("../a", "a/../../b", "/etc/passwd", "C:/a", "a\\..\\b", "a//b", "./../a")
HOSTILE = {
    **{
        f"name {name!r}": (lambda name=name: _zip({"good": b"G", name: b"evil"}), "member .*")
        for name in ESCAPING
    },
    "name with a NUL": (lambda: _zip({"aZb": b""}).replace(b"aZb", b"a\0b"), "no plain file name"),
    "name in a nested zip": (
        lambda: _zip({"inner.zip": _zip({"../a": b""})}),
        "outside its folder",
    ),
    "link in a zip": (lambda: _zip({"m": b"/"}, stat.S_IFLNK | 0o777), "'m' is a link or a device"),
    "link in a tar": (lambda: _tar("m", kind=tarfile.SYMTYPE), "'m' is a link or a device"),
    "hard link": (lambda: _tar("m", kind=tarfile.LNKTYPE), "'m' is a link or a device"),
    "device": (lambda: _tar("m", kind=tarfile.CHRTYPE), "'m' is a link or a device"),
    "names alike": (lambda: _zip({"a": b"1", "A": b"2"}), "'A' occurs twice"),
    "file as folder": (lambda: _zip({"a": b"1", "a/b": b"2"}), "'a/b' lies inside another file"),
    "bomb in a member": (lambda: _zip({"a": bytes(100_001)}), "unpacks to more than 100,000 bytes"),
    "bomb in a header": (lambda: _tar("a", comment=5_000_000), "header of a member takes more"),
    "bomb in a name": (lambda: _tar("x" * 5_000_000), "header of a member takes more than"),
    "chained headers": (_chained_headers, "header of a member takes more than"),
    "zeros after the end": (lambda: _tar("a") + bytes(3_000_000), "end of the archive takes more"),
    "members of a tar": (lambda: _tar(*MANY[:60]), "has more than 50 members"),
    "members of a zip": (lambda: _zip(dict.fromkeys(MANY[:60], b"")), "has more than 50 members"),
    "list of members": (lambda: _zip(dict.fromkeys(MANY, b"")), "list of members takes more"),
    "flipped bit": (_flipped, "is damaged"),
    **{
        f"{part:.0%} of a {kind}": (
            lambda part=part, whole=whole: whole[: int(len(whole) * part)],
            "truncated",
        )
        for kind, whole in {
            "zip": _zip({"a": NOISE}),
            "tar.gz": gzip.compress(_tar("a") + NOISE, mtime=0),
        }.items()
        for part in (0.02, 0.5, 0.98)
    },
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_in_little_memory_and_leaves_nothing(
    case, tmp_path, monkeypatch
):
    limits = {"LARGEST_END": 1 << 20, "LARGEST_DIRECTORY": 90_000, "MOST_MEMBERS": 50}
    for limit, value in limits.items():
        monkeypatch.setattr(f"harmodels.data.archives.members.{limit}", value)
    make, message = HOSTILE[case]
    content = make()
    large = len(content) > 1_000_000
    (tmp_path / "archive").write_bytes(gzip.compress(content, 1) if large else content)
    del content
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=rf"^archive\b.*{message}"):
            extract(
                tmp_path / "archive", tmp_path / "raw", None, nested="inner.zip", largest=100_000
            )
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_an_escaping_member_is_refused_though_it_is_not_listed(make_zip, tmp_path):
    with pytest.raises(DataError, match="outside its folder"):
        extract(make_zip({"a": b"A", "../b": b"B"}), tmp_path / "raw", {"a": _sha(b"A")})


@pytest.mark.parametrize("name", ["a", "b b/ä", "x.txt/a/x.txt"])
def test_plain_names_are_kept(name):
    assert safe_name(name) == safe_name(f"./{name}") == name


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_any_compression_is_unpacked(mode, tmp_path):
    member = tarfile.TarInfo("./" + "a" * 120)  # longer than the field of the name
    member.size = 200_000
    with tarfile.open(tmp_path / "archive", mode) as archive:
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    extract(tmp_path / "archive", tmp_path / "raw", None)
    assert (tmp_path / "raw" / member.name).stat().st_size == member.size


def test_a_nested_zip_is_unpacked_instead_of_its_shell(make_zip, tmp_path):
    inner = make_zip({"a/": b"", "a/b.txt": b"A"}, "inner.zip").read_bytes()
    outer = make_zip({"inner.zip": inner, "readme": b"R"}, "outer.zip")
    extract(outer, tmp_path / "raw", None, nested="inner.zip")
    assert _names(tmp_path / "raw") == ["a/b.txt"]


def test_only_listed_members_replace_an_older_folder(make_zip, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "old").write_text("old", encoding="utf-8")
    extract(make_zip({"a": b"A", "__MACOSX/a": b"?"}), tmp_path / "raw", {"a": _sha(b"A")})
    assert _names(tmp_path / "raw") == ["a"]


@pytest.mark.parametrize(
    ("checksums", "message"),
    [
        ({"a": _sha(b"A"), "b": _sha(b"C")}, r"archive\.zip: member 'b' has the SHA-256"),
        ({"c": _sha(b"C")}, "lacks the member 'c'"),
    ],
)
def test_a_wrong_or_missing_member_is_named_and_nothing_is_left(
    checksums, message, make_zip, tmp_path
):
    archive = make_zip({"a": b"A", "b": b"B"})
    with pytest.raises(DataError, match=message):
        extract(archive, tmp_path / "raw", checksums)
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


def test_a_folder_that_cannot_be_written_is_named(make_zip, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ResultsError, match="cannot write .*file/raw"):
        extract(make_zip({"a": b"A"}), tmp_path / "file" / "raw", None)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), ResultsError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["full disk", "Ctrl-C"],
)
def test_what_interrupts_leaves_nothing(event, error, make_zip, tmp_path, monkeypatch):
    def stop(*_):
        raise event

    path = make_zip({"a": b"A"})
    monkeypatch.setattr("harmodels.data.archives.extract.copy_member", stop)
    with pytest.raises(error):
        extract(path, tmp_path / "raw", None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive.zip"]


def test_an_archive_is_known_by_its_hash_or_by_its_members(make_zip, toy_archive):
    path = make_zip({"a": b"A"})
    verify(path, toy_archive.replaced(sha256=(_sha(path.read_bytes()),)))
    verify(path, toy_archive.replaced(checksums={"a": _sha(b"A")}))
    with pytest.raises(DataError, match="member 'a'"):
        verify(path, toy_archive.replaced(checksums={"a": _sha(b"B")}))
    with pytest.raises(DataError, match="has the SHA-256 .* not 0000"):
        verify(path, toy_archive.replaced(sha256=("0" * 64,)))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("mine.zip", b"\n<!DOCTYPE html><html>Not found</html>", r"mine\.zip is a web page"),
        ("mine.zip", b"", "is empty"),
        ("mine.tar.gz", b"nothing of the kind", "is no zip and no tar archive"),
        ("mine.h5", b"nothing of the kind", "is not the hdf5 file that its name promises"),
        ("mine.parquet", b"nothing of the kind", "is not the table file that its name promises"),
        ("mine.csv", bytes(101), "has 101 bytes, more than 100; raise largest_bytes"),
    ],
)
def test_a_users_file_is_what_its_name_says(file, content, message, tmp_path):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=message):
        verify(tmp_path / file, Archive(file=file, largest_bytes=100, user_file=True))


@pytest.mark.parametrize("date", [b"\x00" * 4, b"\xff" * 4], ids=["month 0", "month 15"])
def test_a_date_that_does_not_exist_is_no_damage(date, make_zip, tmp_path):
    path = make_zip({"a": b"A"})
    content = path.read_bytes()
    assert b"\x00\x00\x21\x00" in content
    path.write_bytes(content.replace(b"\x00\x00\x21\x00", date))
    extract(path, tmp_path / "raw", None)
    assert (tmp_path / "raw" / "a").read_bytes() == b"A"


@pytest.mark.parametrize("year", [-10, 50, 200], ids=["1960", "2020", "2170"])
def test_a_folder_with_files_of_any_date_is_packed(year, registry, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_bytes(b"A")
    os.utime(tmp_path / "mine" / "a", (year * 365.25 * 24 * 3600,) * 2)
    pack(tmp_path / "mine", tmp_path / "mine.zip")
    unpack(registry["fpha"], tmp_path / "mine.zip", tmp_path / "raw")
    assert (tmp_path / "raw" / "mine" / "a").read_bytes() == b"A"


def test_an_empty_folder_and_one_with_links_are_not_packed(tmp_path):
    (tmp_path / "hands").mkdir()
    with pytest.raises(DataError, match="hands is empty"):
        pack(tmp_path / "hands", tmp_path / "packed.zip")
    (tmp_path / "hands" / "link").symlink_to(tmp_path)
    with pytest.raises(DataError, match="link is a link or a device"):
        pack(tmp_path / "hands", tmp_path / "packed.zip")


@pytest.mark.parametrize("file", ["mine.h5", "mine.tar", "mine.zip"])
def test_a_users_file_or_archive_of_it_is_put_where_its_parser_looks(file, registry, tmp_path):
    kinds = {"mine.h5": b"\x89HDF\r\n\x1a\n...", "mine.tar": _tar("course.h5")}
    (tmp_path / file).write_bytes(kinds.get(file, _zip({"course.h5": b"x"})))
    archive = Archive(file=file, largest_bytes=10_000, user_file=True)
    unpack(replace(registry["course-h5"], archive=archive), tmp_path / file, tmp_path / "raw")
    assert _names(tmp_path / "raw") == ["course.h5"]


@pytest.mark.parametrize("inside", [True, False])
def test_what_may_lie_beside_a_users_zip_is_taken_where_the_zip_lacks_it(
    inside, registry, make_zip, tmp_path
):
    split = registry["fpha"].archive.beside[0]
    (tmp_path / split).write_bytes(b"beside")
    path = make_zip({"a/b": b"1", **({split: b"inside"} if inside else {})})
    unpack(registry["fpha"], path, tmp_path / "raw")
    assert (tmp_path / "raw" / split).read_bytes() == (b"inside" if inside else b"beside")
    assert (tmp_path / "raw" / "a" / "b").read_bytes() == b"1"
