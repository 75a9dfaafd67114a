import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import pack, unpack
from harmodels.data.dataset import Dataset
from harmodels.data.formats.fpha import SPLIT
from harmodels.errors import DataError, DownloadError

SKELETON = "Hand_pose_annotation_v1/Subject_1/stir/1/skeleton.txt"
Zip = Callable[..., Path]


def test_a_zip_is_unpacked_with_its_folders(
    registry: dict[str, Dataset], make_zip: Zip, tmp_path: Path
) -> None:
    archive = make_zip({SKELETON: b"1", SPLIT: b"inside"})
    (tmp_path / SPLIT).write_bytes(b"beside")
    unpack(registry["fpha"], archive, tmp_path / "raw")
    assert (tmp_path / "raw" / SKELETON).read_bytes() == b"1"
    assert (tmp_path / "raw" / SPLIT).read_bytes() == b"inside"


def test_the_split_file_may_lie_beside_the_zip(
    registry: dict[str, Dataset], make_zip: Zip, tmp_path: Path
) -> None:
    (tmp_path / SPLIT).write_bytes(b"beside")
    unpack(registry["fpha"], make_zip({SKELETON: b"1"}), tmp_path / "raw")
    assert (tmp_path / "raw" / SPLIT).read_bytes() == b"beside"


def test_a_users_zip_is_taken_from_a_mirror_and_never_from_an_address(
    registry: dict[str, Dataset], make_zip: Zip, tmp_path: Path
) -> None:
    dataset = registry["fpha"]
    assert dataset.archive is not None
    assert dataset.archive.addresses == ()
    make_zip({SKELETON: b"1"}, dataset.archive.file)
    target = tmp_path / "downloads" / dataset.archive.file
    fetch(dataset, target, str(tmp_path), progress=False)
    assert zipfile.is_zipfile(target)


def test_without_a_copy_the_user_is_told_where_to_put_it(
    registry: dict[str, Dataset], tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match="bring your own copy, put it into .*annotation_v1.zip"):
        fetch(registry["fpha"], tmp_path / "Hand_pose_annotation_v1.zip", None, progress=False)


@pytest.mark.parametrize(
    ("member", "message"), [("../evil", "outside its folder"), ("C:x", "drive letter")]
)
def test_an_unsafe_zip_is_refused(
    member: str, message: str, registry: dict[str, Dataset], make_zip: Zip, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        unpack(registry["fpha"], make_zip({member: b"1"}), tmp_path / "raw")


def test_a_zip_that_unpacks_to_too_much_is_refused(
    registry: dict[str, Dataset], make_zip: Zip, tmp_path: Path
) -> None:
    dataset = registry["fpha"]
    assert dataset.archive is not None
    tight = replace(dataset, archive=replace(dataset.archive, largest_bytes=3))
    with pytest.raises(DataError, match="unpacks to more than 3 bytes"):
        unpack(tight, make_zip({SKELETON: b"1234"}), tmp_path / "raw")


def test_a_packed_folder_unpacks_to_itself(registry: dict[str, Dataset], tmp_path: Path) -> None:
    (tmp_path / SKELETON).parent.mkdir(parents=True)
    (tmp_path / SKELETON).write_bytes(b"1")
    pack(tmp_path / "Hand_pose_annotation_v1", tmp_path / "packed.zip")
    unpack(registry["fpha"], tmp_path / "packed.zip", tmp_path / "raw")
    assert (tmp_path / "raw" / SKELETON).read_bytes() == b"1"


def test_a_folder_with_links_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "hands").mkdir()
    (tmp_path / "hands" / "link").symlink_to(tmp_path)
    with pytest.raises(DataError, match="link is a link or a device"):
        pack(tmp_path / "hands", tmp_path / "packed.zip")


def test_an_empty_folder_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "hands").mkdir()
    with pytest.raises(DataError, match="hands is empty"):
        pack(tmp_path / "hands", tmp_path / "packed.zip")
