import hashlib
import threading
import traceback
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harmodels.data.archives import download
from harmodels.data.archives.download import fetch, printable
from harmodels.data.dataset import Archive
from harmodels.errors import DownloadError
from harmodels.files import git_blob

PAGE = b"<!DOCTYPE html><title>Sorry</title>"
HDF5 = b"\x89HDF\r\n\x1a\n..."


class Server:
    """A web server on this machine that does what the path says and counts the requests."""

    def __init__(self, content):
        self.content = content
        self.requests: list[str] = []
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                server.requests.append(self.path)
                server.answer(self, self.path.split("/")[1])

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def address(self, what):
        return f"http://127.0.0.1:{self.http.server_port}/{what}"

    def close(self):
        self.release.set()
        self.http.shutdown()
        self.http.server_close()

    def answer(self, handler, what):
        whole, early = self.content, len(self.requests) < 3
        bodies = {
            "good": (whole, len(whole)),
            "truncated": (whole[:40], len(whole)),
            "broken_twice": (whole[:40] if early else whole, len(whole)),
            "appended": (whole + b"more", len(whole) + 4),
            "other": (b"PK other", 8),
            "page": (PAGE, len(PAGE)),
        }
        moved = {"redirect": "/good", "loop": "/loop"}
        if what == "hang":
            self.release.wait(5)
        elif what == "coloured":
            handler.wfile.write(b"HTTP/1.1 404 \x1b[31mgone\x07\x9b\r\n\r\n")
        elif what == "missing" or (what == "flaky" and early):
            handler.send_error(404 if what == "missing" else 503)
        elif what == "endless":
            handler.send_response(200)
            handler.end_headers()
            try:
                for _ in range(200):  # 20 MB are endless to a limit of 10,000 bytes
                    handler.wfile.write(bytes(100_000))
            except OSError:  # the client has had enough
                return
        else:
            content, length = bodies.get(what, bodies["good"])
            handler.send_response(302 if what in moved else 200)
            handler.send_header("Location", moved.get(what, ""))
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            handler.wfile.write(content)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)


@pytest.fixture
def content(make_zip):
    path = make_zip({"a": b"A" * 100})
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def server(content):
    server = Server(content)
    yield server
    server.close()


@pytest.fixture
def dataset(registry, content):
    archive = Archive(
        file="toy.zip",
        accepted=("other name.zip",),
        sha256=(hashlib.sha256(content).hexdigest(),),
        largest_bytes=10_000,
    )
    return replace(registry["uci-har"], name="toy", title="Toy", archive=archive)


def _with(dataset, *addresses, **changes):
    return replace(dataset, archive=dataset.archive.replaced(addresses=addresses, **changes))


@pytest.fixture
def target(tmp_path):
    return tmp_path / "downloads" / "toy.zip"


@pytest.mark.parametrize(
    ("what", "requests"), [("good", 1), ("redirect", 2), ("flaky", 3), ("broken_twice", 3)]
)
def test_an_archive_comes(what, requests, server, dataset, target, content):
    fetch(_with(dataset, server.address(what)), target, None)
    assert target.read_bytes() == content
    assert len(server.requests) == requests


REFUSED = {
    "truncated": (3, "IncompleteRead|broken|Chunked"),
    "hang": (3, r"timed out.*\(3 attempts\)"),
    "page": (1, "is a web page"),
    "missing": (1, "HTTP 404 Not Found"),
    "other": (1, "truncated"),
    "loop": (31, "HTTP 302|30 redirects"),
    "appended": (1, "has the SHA-256"),
    "endless": (1, "sends more than 10,000 bytes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_archive_is_refused_and_leaves_nothing(what, server, dataset, target):
    requests, message = REFUSED[what]
    with pytest.raises(DownloadError, match=f"{server.address(what)}: .*({message})"):
        fetch(_with(dataset, server.address(what)), target, None)
    assert list(target.parent.iterdir()) == []
    assert len(server.requests) == requests


def test_nobody_listening_is_an_answer_too(server, dataset, target):
    server.close()
    with pytest.raises(DownloadError, match=r"ConnectionError.*\(3 attempts\)"):
        fetch(_with(dataset, server.address("good")), target, None)


def test_ctrl_c_leaves_nothing(server, dataset, target, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download._Bounded, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(_with(dataset, server.address("good")), target, None)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("place", ["by hand", "by hand, other name", "mirror, other name"])
def test_a_file_of_an_accepted_name_comes_before_every_address(
    place, server, dataset, target, content, tmp_path
):
    folder = tmp_path / "mirror" if place.startswith("mirror") else target.parent
    folder.mkdir()
    (folder / ("other name.zip" if "other" in place else "toy.zip")).write_bytes(content)
    fetch(_with(dataset, server.address("good")), target, str(tmp_path / "mirror"))
    assert target.read_bytes() == content
    assert server.requests == []


def test_a_damaged_mirror_and_a_missing_address_do_not_keep_the_next_from_being_asked(
    server, dataset, target, content, tmp_path
):
    (tmp_path / "toy.zip").write_bytes(content[:-30])
    addresses = (server.address("missing"), server.address("good"))
    fetch(_with(dataset, *addresses), target, str(tmp_path))
    assert target.read_bytes() == content


def test_a_mirror_address_is_asked_for_every_accepted_name(server, dataset, target):
    with pytest.raises(DownloadError):
        fetch(dataset, target, server.address("missing/").replace("http", "HTTP"))
    assert server.requests == ["/missing/toy.zip", "/missing/other%20name.zip"]


def test_one_error_names_everything(server, dataset, target, tmp_path):
    mirror = str(tmp_path / "nowhere")
    addresses = (server.address("missing"), server.address("page"))
    with pytest.raises(DownloadError) as caught:
        fetch(_with(dataset, *addresses), target, mirror)
    named = ["toy.zip", "other name.zip", mirror, *addresses, "HTTP 404", "web page"]
    for expected in [*named, str(target.parent), "make demo"]:
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("mirror", "shown"),
    [
        ("~nobody-of-this-name/data", "mirror ~nobody-of-this-name/data: neither a folder"),
        ("ftp://me:s3cret@host", r"mirror ftp://\*\*\*@host: neither .* nor an http"),
    ],
)
def test_a_mirror_that_cannot_be_read_is_explained_and_passed_over(
    mirror, shown, server, dataset, target, content
):
    with pytest.raises(DownloadError, match=shown):
        fetch(dataset, target, mirror)
    fetch(_with(dataset, server.address("good")), target, mirror)
    assert target.read_bytes() == content


def test_a_users_file_is_only_looked_for(registry, tmp_path):
    dataset = _with(registry["course-h5"])
    with pytest.raises(DownloadError, match=r"bring your own copy, put it into .*as 'course\.h5'"):
        fetch(dataset, tmp_path / "course.h5", None)
    (tmp_path / "data.h5").write_bytes(HDF5)
    fetch(dataset, tmp_path / "course.h5", None)
    assert (tmp_path / "course.h5").read_bytes() == HDF5


def test_the_users_folder_is_packed_from_a_mirror(registry, tmp_path):
    dataset = registry["fpha"]
    split = dataset.archive.beside[0]
    (tmp_path / "mirror" / dataset.path).mkdir(parents=True)
    (tmp_path / "mirror" / dataset.path / "a").write_bytes(b"A")
    (tmp_path / "mirror" / split).write_bytes(b"beside")
    fetch(dataset, tmp_path / "downloads" / dataset.archive.file, str(tmp_path / "mirror"))
    assert zipfile.ZipFile(tmp_path / "downloads" / dataset.archive.file).namelist() == [
        f"{dataset.path}/a"
    ]
    assert (tmp_path / "downloads" / split).read_bytes() == b"beside"


def test_a_download_has_the_known_git_blob_and_a_users_own_copy_any(server, registry, tmp_path):
    server.content = HDF5
    target = tmp_path / "downloads" / "course.h5"
    other = _with(registry["course-h5"], server.address("good"))
    with pytest.raises(DownloadError) as caught:
        fetch(other, target, None)
    assert not target.exists()
    for expected in (
        "has the git blob hash ",
        "not eedb6d709ea38e2482489215ceb21ab56e72143b",
        f"Please download it by hand or bring your own copy, put it into {target.parent}",
        "or a mirror as 'course.h5' or ",
        "'data3.h5'",
        "https://github.com/cakirataberk/EEE443-Neural-Networks-",
    ):
        assert expected in str(caught.value)
    (tmp_path / "data3.h5").write_bytes(HDF5)
    blob = git_blob(tmp_path / "data3.h5")
    fetch(_with(registry["course-h5"], server.address("good"), git_blob=blob), target, None)
    assert target.read_bytes() == HDF5
    target.unlink()
    server.requests.clear()
    fetch(other, target, str(tmp_path))
    assert target.read_bytes() == HDF5
    assert server.requests == []


def test_an_archive_is_known_by_its_git_blob_though_its_members_are_others(
    server, dataset, target, content, tmp_path
):
    (tmp_path / "known").write_bytes(content)
    changes = {"sha256": (), "checksums": {"toy.txt": "0" * 64}}
    known = _with(dataset, server.address("good"), git_blob=git_blob(tmp_path / "known"), **changes)
    fetch(known, target, None)
    assert target.read_bytes() == content
    target.unlink()
    with pytest.raises(DownloadError, match=r"lacks the member 'toy\.txt'"):
        fetch(_with(dataset, server.address("good"), git_blob="0" * 40, **changes), target, None)


@pytest.mark.parametrize("what", ["missing", "page", "hang", "loop", "flaky"])
def test_a_password_reaches_no_message_no_traceback_and_no_log(
    what, server, dataset, target, caplog, capfd
):
    caplog.set_level("DEBUG", logger="harmodels")
    address, said = server.address(what).replace("://", "://me:s3cret@"), ""
    try:
        fetch(dataset, target, address)
    except DownloadError as error:
        said = "".join(traceback.format_exception(error))
    assert (said == "") == (what == "flaky")
    assert "http://***@127.0.0.1" in (said or caplog.text)
    assert "s3cret" not in said + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:s3cret@host/a", "http://***@host/a"),
        ("https://me@host:8080/a@b", "https://***@host:8080/a@b"),
        ("HTTP://me:s3/c@ret@host/a", "HTTP://***@host/a"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
    ],
)
def test_what_stands_before_a_host_is_hidden(address, shown):
    assert printable(address) == shown


def test_control_characters_of_a_server_are_not_printed(server, dataset, target, caplog):
    with pytest.raises(DownloadError, match=r"HTTP 404 \?\[31mgone\?\?") as caught:
        fetch(_with(dataset, server.address("coloured")), target, None)
    assert not set("\x1b\x07\x9b") & set(str(caught.value) + caplog.text)
