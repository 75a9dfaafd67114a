import errno
import gzip
import hashlib
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.archives.extract import (
    extract,
    pack,
    unpack,
    verify,
)
from harmodels.data.archives.members import safe_name
from harmodels.data.dataset import Archive, Dataset
from harmodels.errors import DataError, ResultsError

MakeZip = Callable[..., Path]
MakeTar = Callable[..., Path]


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_zip_is_unpacked(make_zip: MakeZip, tmp_path: Path) -> None:
    extract(make_zip({"a/": b"", "a/b.txt": b"B"}), tmp_path / "raw", None)
    assert (tmp_path / "raw" / "a" / "b.txt").read_bytes() == b"B"


def test_a_tar_gz_is_unpacked(make_tar: MakeTar, tmp_path: Path) -> None:
    extract(make_tar([tarfile.TarInfo("./a/b.txt")]), tmp_path / "raw", None)
    assert (tmp_path / "raw" / "a" / "b.txt").read_bytes() == b"x"


def test_a_nested_zip_is_unpacked_in_place_of_its_shell(make_zip: MakeZip, tmp_path: Path) -> None:
    inner = make_zip({"a.txt": b"A"}, "inner.zip").read_bytes()
    outer = make_zip({"inner.zip": inner, "readme": b"R"}, "outer.zip")
    extract(outer, tmp_path / "raw", None, nested="inner.zip")
    assert _names(tmp_path / "raw") == ["a.txt"]


def test_only_listed_members_are_unpacked(make_zip: MakeZip, tmp_path: Path) -> None:
    extract(make_zip({"a": b"A", "__MACOSX/a": b"?"}), tmp_path / "raw", {"a": _sha(b"A")})
    assert _names(tmp_path / "raw") == ["a"]


def test_an_older_folder_is_replaced_as_a_whole(make_zip: MakeZip, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "old").write_text("old", encoding="utf-8")
    extract(make_zip({"new": b"N"}), tmp_path / "raw", None)
    assert _names(tmp_path / "raw") == ["new"]


def test_a_wrong_member_is_named_and_nothing_is_left(make_zip: MakeZip, tmp_path: Path) -> None:
    archive = make_zip({"a": b"A", "b": b"B"})
    with pytest.raises(DataError, match=r"archive\.zip: member 'b' has the SHA-256"):
        extract(archive, tmp_path / "raw", {"a": _sha(b"A"), "b": _sha(b"C")})
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


def test_a_missing_member_is_named(make_zip: MakeZip, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks the member 'b'"):
        extract(make_zip({"a": b"A"}), tmp_path / "raw", {"b": _sha(b"B")})


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "C:/a", "a\\..\\b", "a//b"])
def test_a_zip_member_that_would_escape_is_refused(
    name: str, make_zip: MakeZip, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"archive\.zip: member"):
        extract(make_zip({"good": b"G", name: b"evil"}), tmp_path / "raw", None)
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


def test_an_escaping_member_is_refused_though_it_is_not_listed(
    make_zip: MakeZip, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="outside its folder"):
        extract(make_zip({"a": b"A", "../b": b"B"}), tmp_path / "raw", {"a": _sha(b"A")})


def test_an_escaping_member_of_a_nested_zip_is_refused(make_zip: MakeZip, tmp_path: Path) -> None:
    inner = make_zip({"../a": b"A"}, "inner.zip").read_bytes()
    with pytest.raises(DataError, match="outside its folder"):
        extract(make_zip({"inner.zip": inner}), tmp_path / "raw", None, nested="inner.zip")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar_is_refused(
    kind: bytes, make_tar: MakeTar, tmp_path: Path
) -> None:
    member = tarfile.TarInfo("member")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="'member' is a link or a device"):
        extract(make_tar([member]), tmp_path / "raw", None)


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="'link' is a link or a device"):
        extract(tmp_path / "a.zip", tmp_path / "raw", None)


def test_names_that_differ_in_case_only_occur_twice(make_zip: MakeZip, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'A' occurs twice"):
        extract(make_zip({"a": b"1", "A": b"2"}), tmp_path / "raw", None)


def test_a_member_inside_a_file_is_refused(make_zip: MakeZip, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'a/b' lies inside another file"):
        extract(make_zip({"a": b"1", "a/b": b"2"}), tmp_path / "raw", None)


def test_a_bomb_is_refused_before_it_is_unpacked(make_zip: MakeZip, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unpacks to more than 1,000 bytes"):
        extract(make_zip({"a": bytes(1001)}), tmp_path / "raw", None, largest=1000)


def _tar_gz(members: list[tarfile.TarInfo], path: Path, after: int = 0) -> Path:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            archive.addfile(member)
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(stream.getvalue() + bytes(after))
    return path


def _pax_bomb(path: Path) -> Path:
    member = tarfile.TarInfo("a")
    member.pax_headers = {"comment": "x" * 5_000_000}
    return _tar_gz([member], path)


def _bombs(path: Path) -> dict[str, tuple[Callable[[], Path], str]]:
    many = [tarfile.TarInfo(str(number)) for number in range(21)]
    return {
        "pax header": (lambda: _pax_bomb(path), "header of a member takes more than"),
        "long name": (
            lambda: _tar_gz([tarfile.TarInfo("x" * 5_000_000)], path),
            "header of a member takes more than",
        ),
        "zeros after the end": (
            lambda: _tar_gz([tarfile.TarInfo("a")], path, after=3_000_000),
            "end of the archive takes more than",
        ),
        "members of a tar": (lambda: _tar_gz(many, path), "has more than 20 members"),
    }


@pytest.mark.parametrize(
    "kind", ["pax header", "long name", "zeros after the end", "members of a tar"]
)
def test_a_bomb_outside_the_members_is_refused_in_little_memory(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("LARGEST_END", "LARGEST_DIRECTORY"):
        monkeypatch.setattr(f"harmodels.data.archives.members.{limit}", 1 << 20)
    monkeypatch.setattr("harmodels.data.archives.members.MOST_MEMBERS", 20)
    make, message = _bombs(tmp_path / "bomb.tar.gz")[kind]
    path = make()
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=rf"bomb\.tar\.gz.*{message}"):
            extract(path, tmp_path / "raw", None)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_chained_headers_share_one_allowance(tmp_path: Path) -> None:
    block = tarfile.TarInfo("a")
    block.pax_headers = {"comment": "x" * 40_000}
    header = block.tobuf(tarfile.PAX_FORMAT)[: -tarfile.BLOCKSIZE]
    (tmp_path / "bomb.tar").write_bytes(header * 5 + tarfile.TarInfo("a").tobuf() + bytes(10_240))
    with pytest.raises(DataError, match="header of a member takes more than"):
        extract(tmp_path / "bomb.tar", tmp_path / "raw", None)


@pytest.mark.parametrize(
    ("limit", "message"),
    [("MOST_MEMBERS", "more than 50 members"), ("LARGEST_DIRECTORY", "list of members takes more")],
)
def test_a_zip_with_an_endless_list_of_members_is_refused(
    limit: str, message: str, make_zip: MakeZip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip({str(number): b"" for number in range(2000)})
    value = {"MOST_MEMBERS": 50, "LARGEST_DIRECTORY": 90_000}[limit]
    monkeypatch.setattr(f"harmodels.data.archives.members.{limit}", value)
    with pytest.raises(DataError, match=message):
        extract(path, tmp_path / "raw", None)


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_any_compression_is_unpacked(mode: str, tmp_path: Path) -> None:
    member = tarfile.TarInfo("a" * 120)  # longer than the field of the name
    member.size = 200_000
    with tarfile.open(tmp_path / "archive", mode) as archive:
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    extract(tmp_path / "archive", tmp_path / "raw", None)
    assert (tmp_path / "raw" / member.name).stat().st_size == member.size


@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_a_truncated_archive_is_refused(
    part: float, ending: str, make_zip: MakeZip, make_tar: MakeTar, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 40 + hashlib.sha256(b"noise").digest() * 10
    whole = (
        make_zip({"a": content}) if ending == "zip" else make_tar([tarfile.TarInfo("a")], content)
    )
    short = tmp_path / f"short.{ending}"
    short.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * part)])
    with pytest.raises(DataError, match=r"short\..*truncated"):
        extract(short, tmp_path / "raw", None)


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", b"A" * 500)
    content = bytearray(stream.getvalue())
    content[200] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.zip is damaged"):
        extract(tmp_path / "a.zip", tmp_path / "raw", None)


def test_a_folder_that_cannot_be_written_is_named(make_zip: MakeZip, tmp_path: Path) -> None:
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
def test_what_interrupts_leaves_nothing(
    event: BaseException,
    error: type[BaseException],
    make_zip: MakeZip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object) -> str:
        raise event

    path = make_zip({"a": b"A"})
    monkeypatch.setattr("harmodels.data.archives.extract.copy_member", stop)
    with pytest.raises(error):
        extract(path, tmp_path / "raw", None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive.zip"]


def test_a_web_page_is_called_a_web_page(tmp_path: Path, toy_archive: Archive) -> None:
    (tmp_path / "toy.zip").write_bytes(b"\n<!DOCTYPE html><html>Not found</html>")
    with pytest.raises(DataError, match=r"toy\.zip is a web page"):
        verify(tmp_path / "toy.zip", toy_archive)


def test_an_empty_file_is_called_empty(tmp_path: Path, toy_archive: Archive) -> None:
    (tmp_path / "toy.zip").write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        verify(tmp_path / "toy.zip", toy_archive)


def test_a_known_hash_is_enough(make_zip: MakeZip, toy_archive: Archive) -> None:
    path = make_zip({"a": b"A"})
    verify(path, replace(toy_archive, sha256=(_sha(path.read_bytes()),)))


def test_a_repacked_archive_is_known_by_its_members(
    make_zip: MakeZip, toy_archive: Archive
) -> None:
    verify(make_zip({"a": b"A"}), replace(toy_archive, checksums={"a": _sha(b"A")}))
    with pytest.raises(DataError, match="member 'a'"):
        verify(make_zip({"a": b"B"}), replace(toy_archive, checksums={"a": _sha(b"A")}))


def test_another_archive_without_checksums_is_refused(
    make_zip: MakeZip, toy_archive: Archive
) -> None:
    with pytest.raises(DataError, match="has the SHA-256 .* not 0000"):
        verify(make_zip({"a": b"A"}), replace(toy_archive, sha256=("0" * 64,)))


@pytest.mark.parametrize("date", [b"\x00" * 4, b"\xff" * 4], ids=["month 0", "month 15"])
def test_a_date_that_does_not_exist_is_no_damage(
    date: bytes, make_zip: MakeZip, tmp_path: Path
) -> None:
    path = make_zip({"a": b"A"})
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        known = archive.infolist()[0]
    assert known.date_time == (1980, 1, 1, 0, 0, 0)
    path.write_bytes(content.replace(b"\x00\x00\x21\x00", date))
    extract(path, tmp_path / "raw", None)
    assert (tmp_path / "raw" / "a").read_bytes() == b"A"


@pytest.mark.parametrize("year", [-10, 50, 200], ids=["1960", "2020", "2170"])
def test_files_of_any_date_can_be_packed(year: int, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a").write_bytes(b"A")
    seconds = year * 365.25 * 24 * 3600
    os.utime(folder / "a", (seconds, seconds))
    pack(folder, tmp_path / "mine.zip")
    extract(tmp_path / "mine.zip", tmp_path / "raw", None)
    assert (tmp_path / "raw" / "mine" / "a").read_bytes() == b"A"


def test_a_users_file_is_put_where_its_parser_looks(
    registry: dict[str, Dataset], tmp_path: Path
) -> None:
    (tmp_path / "mine.h5").write_bytes(b"\x89HDF\r\n\x1a\n...")
    unpack(registry["course-h5"], tmp_path / "mine.h5", tmp_path / "raw")
    assert _names(tmp_path / "raw") == ["course.h5"]


@given(st.text(alphabet="ab./\\:\x00C ", max_size=12))
def test_a_name_is_refused_or_stays_inside(name: str) -> None:
    folder = Path("/base/folder")
    try:
        safe = safe_name(name)
    except DataError:
        return
    path = Path(f"{folder}/{safe}")
    assert not {"..", "."} & set(safe.split("/"))
    assert folder in path.parents
    assert not set(safe) & set("\\:\x00")


@given(st.lists(st.sampled_from(["a", "b b", "ä", "x.txt"]), min_size=1, max_size=4))
def test_plain_names_are_kept(parts: list[str]) -> None:
    name = "/".join(parts)
    assert safe_name(name) == name


@pytest.mark.parametrize("file", ["mine.tar.gz", "mine.zip"])
def test_a_users_file_may_be_any_archive(
    file: str, registry: dict[str, Dataset], make_zip: MakeZip, make_tar: MakeTar, tmp_path: Path
) -> None:
    member = tarfile.TarInfo("course.h5")
    path = make_zip({"course.h5": b"x"}) if file.endswith("zip") else make_tar([member])
    archive = Archive(file=file, largest_bytes=10_000, user_file=True)
    unpack(replace(registry["course-h5"], archive=archive), path, tmp_path / "raw")
    assert _names(tmp_path / "raw") == ["course.h5"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("mine.tar.gz", "is no zip and no tar archive"),
        ("mine.h5", "is not the hdf5 file that its name promises"),
        ("mine.parquet", "is not the table file that its name promises"),
    ],
)
def test_a_users_file_is_what_its_name_says(file: str, message: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=message):
        verify(tmp_path / file, Archive(file=file, largest_bytes=10_000, user_file=True))


def test_a_users_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(bytes(101))
    with pytest.raises(DataError, match="has 101 bytes, more than 100; raise largest_bytes"):
        verify(tmp_path / "mine.csv", Archive(file="mine.csv", largest_bytes=100, user_file=True))
