import hashlib
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harmodels.data.archives.download import fetch
from harmodels.data.archives.http import RetryPolicy, printable
from harmodels.data.dataset import Archive, Dataset
from harmodels.errors import DownloadError
from harmodels.files import git_blob

FAST = RetryPolicy(attempts=3, timeout_s=0.2, pause_s=0.01)
PAGE = b"<!DOCTYPE html><title>Sorry</title>"


class Server:
    """A web server on this machine that does what the path says and counts the requests."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.requests: list[str] = []
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                server.requests.append(self.path)
                getattr(server, self.path.split("/")[1])(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def address(self, what: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{what}"

    def close(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, content: bytes, length: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(content)

    def good(self, handler: BaseHTTPRequestHandler) -> None:
        self._answer(handler, self.content, len(self.content))

    def other(self, handler: BaseHTTPRequestHandler) -> None:
        self._answer(handler, b"PK other", 8)

    def truncated(self, handler: BaseHTTPRequestHandler) -> None:
        self._answer(handler, self.content[:40], len(self.content))

    def page(self, handler: BaseHTTPRequestHandler) -> None:
        self._answer(handler, PAGE, len(PAGE))

    def missing(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_error(404)

    def redirect(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/good")
        handler.end_headers()

    def loop(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/loop")
        handler.end_headers()

    def nowhere(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/missing")
        handler.end_headers()

    def surplus(self, handler: BaseHTTPRequestHandler) -> None:
        """Send more than the header promises; a client reads what was promised."""
        self._answer(handler, self.content + b"more", len(self.content))

    def appended(self, handler: BaseHTTPRequestHandler) -> None:
        self._answer(handler, self.content + b"more", len(self.content) + 4)

    def endless(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):  # 20 MB are endless to a limit of 10,000 bytes
            try:
                handler.wfile.write(bytes(100_000))
            except OSError:  # the client has had enough
                return

    def typed(self, handler: BaseHTTPRequestHandler) -> None:
        """Send the archive under the name of a web page: its bytes decide."""
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Length", str(len(self.content)))
        handler.end_headers()
        handler.wfile.write(self.content)

    def broken_once(self, handler: BaseHTTPRequestHandler) -> None:
        (self.truncated if len(self.requests) < 2 else self.good)(handler)

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.release.wait(5)

    def trickle(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        self._trickle(handler)

    def trickled_headers(self, handler: BaseHTTPRequestHandler) -> None:
        self._trickle(handler)

    def _trickle(self, handler: BaseHTTPRequestHandler) -> None:
        while not self.release.wait(0.05):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    def coloured(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 404 \x1b[31mgone\x07\x9b\r\n\r\n")

    def flaky(self, handler: BaseHTTPRequestHandler) -> None:
        if len(self.requests) < 3:
            handler.send_error(503)
        else:
            self.good(handler)


@pytest.fixture
def content(make_zip: Callable[..., Path]) -> bytes:
    path = make_zip({"a": b"A" * 100})
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    server = Server(content)
    yield server
    server.close()


@pytest.fixture
def dataset(registry: dict[str, Dataset], content: bytes) -> Dataset:
    archive = Archive(
        file="toy.zip",
        accepted=("other name.zip",),
        sha256=(hashlib.sha256(content).hexdigest(),),
        largest_bytes=10_000,
    )
    return replace(registry["uci-har"], name="toy", title="Toy", archive=archive)


def _with(dataset: Dataset, *addresses: str) -> Dataset:
    assert dataset.archive is not None
    return replace(dataset, archive=replace(dataset.archive, addresses=addresses))


def _get(
    dataset: Dataset, target: Path, mirror: str | None = None, policy: RetryPolicy = FAST
) -> None:
    fetch(dataset, target, mirror, progress=False, policy=policy)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "toy.zip"


@pytest.mark.parametrize("what", ["good", "redirect", "flaky", "broken_once", "surplus", "typed"])
def test_an_archive_comes(
    what: str, server: Server, dataset: Dataset, target: Path, content: bytes
) -> None:
    _get(_with(dataset, server.address(what)), target)
    assert target.read_bytes() == content


REFUSED = {
    "truncated": "IncompleteRead|broken|Chunked",
    "page": "is a web page",
    "missing": "HTTP 404",
    "hang": r"no answer within 0\.2 s",
    "other": "truncated",
    "loop": "HTTP 302|30 redirects",
    "nowhere": "HTTP 404",
    "appended": "has the SHA-256",
    "endless": "sends more than 10,000 bytes",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_archive_is_refused_and_leaves_nothing(
    what: str, server: Server, dataset: Dataset, target: Path
) -> None:
    with pytest.raises(DownloadError, match=f"{server.address(what)}: .*({REFUSED[what]})"):
        _get(_with(dataset, server.address(what)), target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("what", "requests"), [("missing", 1), ("page", 1), ("endless", 1), ("hang", 3)]
)
def test_only_what_may_pass_is_asked_again(
    what: str, requests: int, server: Server, dataset: Dataset, target: Path
) -> None:
    with pytest.raises(DownloadError):
        _get(_with(dataset, server.address(what)), target)
    assert len(server.requests) == requests


def test_the_next_address_is_asked(
    server: Server, dataset: Dataset, target: Path, content: bytes
) -> None:
    _get(_with(dataset, server.address("missing"), server.address("good")), target)
    assert target.read_bytes() == content


def test_nobody_listening_is_an_answer_too(server: Server, dataset: Dataset, target: Path) -> None:
    server.close()
    with pytest.raises(DownloadError, match=r"ConnectionError.*\(3 attempts\)"):
        _get(_with(dataset, server.address("good")), target)


def test_a_mirror_folder_comes_before_the_addresses(
    server: Server, dataset: Dataset, target: Path, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "other name.zip").write_bytes(content)
    _get(_with(dataset, server.address("good")), target, str(tmp_path / "mirror"))
    assert target.read_bytes() == content
    assert server.requests == []


def test_a_mirror_address_is_asked_for_every_accepted_name(
    server: Server, dataset: Dataset, target: Path
) -> None:
    with pytest.raises(DownloadError):
        _get(dataset, target, server.address("missing/"))
    assert server.requests == ["/missing/toy.zip", "/missing/other%20name.zip"]


def test_a_damaged_mirror_does_not_keep_the_address_from_being_asked(
    server: Server, dataset: Dataset, target: Path, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "toy.zip").write_bytes(content[:-30])
    _get(_with(dataset, server.address("good")), target, str(tmp_path))
    assert target.read_bytes() == content


@pytest.mark.parametrize("name", ["toy.zip", "other name.zip"])
def test_a_file_put_by_hand_is_kept_and_nobody_is_asked(
    name: str, server: Server, dataset: Dataset, target: Path, content: bytes
) -> None:
    target.parent.mkdir()
    (target.parent / name).write_bytes(content)
    _get(_with(dataset, server.address("good")), target, server.address("good"))
    assert target.read_bytes() == content
    assert server.requests == []


def test_one_error_names_everything(
    server: Server, dataset: Dataset, target: Path, tmp_path: Path
) -> None:
    mirror = str(tmp_path / "nowhere")
    addresses = (server.address("missing"), server.address("page"))
    with pytest.raises(DownloadError) as caught:
        _get(_with(dataset, *addresses), target, mirror)
    message = str(caught.value)
    named = ["toy.zip", "other name.zip", mirror, *addresses, "HTTP 404", "web page"]
    for expected in [*named, str(target.parent), "make demo"]:
        assert expected in message


HDF5 = b"\x89HDF\r\n\x1a\n..."


def _course(registry: dict[str, Dataset], **changes: Any) -> Dataset:
    """The course's file, which is published, with another hash or other addresses."""
    archive = registry["course-h5"].archive
    assert archive is not None
    return replace(registry["course-h5"], archive=replace(archive, **changes))


def test_a_users_file_is_only_looked_for(registry: dict[str, Dataset], tmp_path: Path) -> None:
    dataset = _course(registry, addresses=())
    with pytest.raises(DownloadError, match="Please bring your own copy.*as 'course.h5'"):
        _get(dataset, tmp_path / "course.h5")
    (tmp_path / "data.h5").write_bytes(HDF5)
    _get(dataset, tmp_path / "course.h5")
    assert (tmp_path / "course.h5").exists()


def test_a_published_file_is_downloaded_where_its_git_blob_is_the_known_one(
    server: Server, registry: dict[str, Dataset], tmp_path: Path
) -> None:
    server.content = HDF5
    (tmp_path / "known").write_bytes(HDF5)
    dataset = _course(
        registry, addresses=(server.address("good"),), git_blob=git_blob(tmp_path / "known")
    )
    _get(dataset, tmp_path / "course.h5")
    assert (tmp_path / "course.h5").read_bytes() == HDF5


def test_a_download_with_another_git_blob_is_refused_with_what_to_do(
    server: Server, registry: dict[str, Dataset], tmp_path: Path
) -> None:
    server.content = HDF5
    dataset = _course(registry, addresses=(server.address("good"),))
    with pytest.raises(DownloadError) as caught:
        _get(dataset, tmp_path / "course.h5")
    assert not (tmp_path / "course.h5").exists()
    for expected in (
        "has the git blob hash ",
        "not eedb6d709ea38e2482489215ceb21ab56e72143b",
        f"Please download it by hand or bring your own copy, put it into {tmp_path}",
        "or a mirror as 'course.h5' or ",
        "'data3.h5'",
        "https://github.com/cakirataberk/EEE443-Neural-Networks-",
    ):
        assert expected in str(caught.value)


def test_a_users_own_copy_is_taken_whatever_its_hash(
    server: Server, registry: dict[str, Dataset], tmp_path: Path
) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "data3.h5").write_bytes(HDF5)
    dataset = _course(registry, addresses=(server.address("good"),))
    _get(dataset, tmp_path / "course.h5", str(tmp_path / "mirror"))
    assert (tmp_path / "course.h5").read_bytes() == HDF5
    assert server.requests == []


def test_an_archive_is_known_by_its_git_blob_though_its_members_are_others(
    server: Server, dataset: Dataset, target: Path, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "known").write_bytes(content)
    assert dataset.archive is not None
    archive = replace(
        dataset.archive,
        sha256=(),
        checksums={"toy.txt": "0" * 64},
        git_blob=git_blob(tmp_path / "known"),
    )
    _get(_with(replace(dataset, archive=archive), server.address("good")), target)
    assert target.read_bytes() == content
    archive = replace(archive, git_blob="0" * 40)
    target.unlink()
    with pytest.raises(DownloadError, match="toy"):
        _get(_with(replace(dataset, archive=archive), server.address("good")), target)


@pytest.mark.parametrize("what", ["trickle", "trickled_headers"])
def test_a_server_that_trickles_is_given_up(
    what: str, server: Server, dataset: Dataset, target: Path
) -> None:
    impatient = RetryPolicy(2, timeout_s=5, pause_s=0.01, least_bytes=1000, progress_s=0.3)
    with pytest.raises(DownloadError, match=r"bytes in 0\.3 s, fewer than 1,000 \(2 attempts\)"):
        _get(_with(dataset, server.address(what)), target, policy=impatient)
    assert list(target.parent.iterdir()) == []


def _with_password(server: Server, what: str) -> str:
    return server.address(what).replace("://", "://me:s3cret@")


@pytest.mark.parametrize("what", ["missing", "page", "hang", "loop"])
def test_a_password_reaches_no_message_and_no_traceback(
    what: str, server: Server, dataset: Dataset, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="harmodels")
    with pytest.raises(DownloadError, match=r"http://\*\*\*@127\.0\.0\.1") as caught:
        _get(dataset, target, _with_password(server, what))
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in caplog.text


def test_a_password_is_used_and_not_logged(
    server: Server, dataset: Dataset, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="harmodels")
    _get(dataset, target, _with_password(server, "flaky"))
    assert "toy.zip comes from http://***@127.0.0.1" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:s3cret@host/a", "http://***@host/a"),
        ("https://me@host:8080/a@b", "https://***@host:8080/a@b"),
        ("HTTP://me:s3/c@ret@host/a", "HTTP://***@host/a"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
    ],
)
def test_what_stands_before_a_host_is_hidden(address: str, shown: str) -> None:
    assert printable(address) == shown


def test_control_characters_of_a_server_are_not_printed(
    server: Server, dataset: Dataset, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DownloadError, match=r"HTTP 404 \?\[31mgone\?\?") as caught:
        _get(_with(dataset, server.address("coloured")), target)
    assert not set("\x1b\x07\x9b") & set(str(caught.value) + caplog.text)


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        ("~nobody-of-this-name/data", "nobody here has this home"),
        ("file:///data", "scheme file:// is not known.*http:// or https://"),
        ("ftp://me:s3cret@host", r"mirror ftp://\*\*\*@host: the scheme ftp://"),
    ],
)
def test_a_mirror_that_cannot_be_read_is_explained_and_passed_over(
    mirror: str, message: str, server: Server, dataset: Dataset, target: Path, content: bytes
) -> None:
    with pytest.raises(DownloadError, match=message):
        _get(dataset, target, mirror)
    _get(_with(dataset, server.address("good")), target, mirror)
    assert target.read_bytes() == content


def test_a_scheme_in_capitals_is_a_scheme(
    server: Server, dataset: Dataset, target: Path, content: bytes
) -> None:
    _get(dataset, target, server.address("good").replace("http", "HTTP"))
    assert target.read_bytes() == content
