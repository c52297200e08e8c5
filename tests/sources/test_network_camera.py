from __future__ import annotations

import base64
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.errors import SourceError
from camdigits.sources.kinds import open_source
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.sources.refusals import refusal
from camdigits.vision.types import Frame
from tests.fakes import WAIT_S, plain

NO_INPUT = UserInput()
FRAME_PAUSE_S = 0.01
PASSWORD = "s3cret"


class Camera(ThreadingHTTPServer):
    """An MJPEG camera on loopback: sends pictures that change until it is told to end or to cut its stream off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.ends = threading.Event()
        self.cuts = False
        self.width = 64
        self.files: dict[str, bytes] = {}

    def url(self, path: str = "/video", user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}{path}"


class _Answer(BaseHTTPRequestHandler):
    server: Camera

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in self.server.files:
            self._send_file(self.server.files[path])
        elif path == "/video" or (path == "/private" and self.headers["Authorization"] == _basic("user", PASSWORD)):
            self._stream()
        elif path == "/private":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        else:
            self.send_error(404)

    def _send_file(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        count = 0
        try:
            while not self.server.ends.wait(FRAME_PAUSE_S):
                self.wfile.write(_part(_jpeg(count % 200, self.server.width)))
                count += 1
            self.wfile.write(_part(_jpeg(0))[:200] if self.server.cuts else b"--frame--\r\n")
        except ConnectionError:  # the reader has closed
            return


@pytest.fixture
def camera() -> Iterator[Camera]:
    server = Camera()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.ends.set()
    server.shutdown()
    thread.join(WAIT_S)
    server.server_close()


def test_a_stream_is_read_live(camera: Camera) -> None:
    source = open_source(camera.url())
    first, later = source.read(NO_INPUT), _read_until(source, index=20)
    assert source.live
    assert source.frame_count is None
    assert source.name == camera.url()
    assert first is not None
    assert first.image.shape == (48, 64, 3)
    assert later.time_s > first.time_s
    assert not np.array_equal(later.image, first.image)
    source.close()


@pytest.mark.parametrize("cuts", [False, True], ids=["ended", "cut off"])
def test_a_stream_that_ends_is_an_error_that_says_so(camera: Camera, cuts: bool) -> None:
    camera.cuts = cuts
    source = open_source(camera.url())
    _read_until(source, index=5)
    camera.ends.set()
    with pytest.raises(SourceError, match=r"no picture since .* the stream ended or was cut off"):
        _read_until(source, index=1_000_000)
    source.close()


def test_a_stream_whose_frames_change_size_goes_on(camera: Camera) -> None:
    source = open_source(camera.url())
    before = _read_until(source, index=3)
    camera.width = 96
    after = _read_until(source, index=before.index + 50)
    assert after.image.shape[2] == 3
    assert after.image.std() < 8, "a frame of one grey stays one"
    source.close()


def test_closing_a_stream_ends_its_thread(camera: Camera) -> None:
    source = open_source(camera.url())
    source.read(NO_INPUT)
    source.close()
    assert not [thread for thread in threading.enumerate() if thread.name == f"frames of {camera.url()}"]


def test_a_password_opens_a_camera_and_reaches_no_name(camera: Camera) -> None:
    source = open_source(camera.url(f"/private?token={PASSWORD}", user=f"user:{PASSWORD}@"))
    assert source.read(NO_INPUT) is not None
    assert source.name == camera.url("/private?token=***")
    camera.ends.set()
    with pytest.raises(SourceError) as caught:
        _read_until(source, index=1_000_000)
    assert PASSWORD not in str(caught.value)
    source.close()


def test_a_wrong_password_is_refused_and_not_repeated(camera: Camera) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(camera.url(f"/private?token={PASSWORD}", user=f"admin:{PASSWORD}@"))
    assert str(caught.value) == (
        f"{camera.url('/private?token=***')}: gives no picture: user and password refused, or no video at that path; check both"
    )
    assert PASSWORD not in str(caught.value)


def test_a_still_picture_behind_a_url_is_one_recorded_frame(camera: Camera) -> None:
    camera.files["/page.jpg"] = _jpeg(77)
    source = open_source(camera.url("/page.jpg"))
    assert (source.live, source.frame_count) == (False, 1)
    frame = source.read(NO_INPUT)
    assert frame is not None
    assert int(frame.image[0, 0, 0]) == pytest.approx(77, abs=1)
    assert source.read(NO_INPUT) is None


def test_an_address_may_begin_with_capitals(camera: Camera) -> None:
    camera.files["/Page.jpg"] = _jpeg(77)
    url = camera.url("/Page.jpg").replace("http", "Http")
    source = open_source(url)
    assert source.name == url
    assert source.read(NO_INPUT) is not None


def test_a_clip_behind_a_url_is_replayed_frame_by_frame(camera: Camera, tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for index in range(12):
        writer.write(plain(10 * index))
    writer.release()
    camera.files["/clip.avi"] = path.read_bytes()
    source = open_source(camera.url("/clip.avi"))
    assert (source.live, source.frame_count) == (False, 12)
    frames = []
    while (frame := source.read(NO_INPUT)) is not None:
        frames.append(frame)
    assert [frame.index for frame in frames] == list(range(12))
    source.close()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/missing", "no video at that path"),
        ("/words", "no video there that can be read"),
        ("/private", "it asks for a user and password; write them into the address: http://user:password@..."),
    ],
)
def test_a_url_without_pictures_is_refused_and_it_is_said_why(camera: Camera, path: str, why: str) -> None:
    camera.files["/words"] = b"no picture here" * 50
    with pytest.raises(SourceError, match=re.escape(f"{camera.url(path)}: gives no picture: {why}")):
        open_source(camera.url(path))


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_host_that_is_none_is_told_of(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> socket.socket:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    assert refusal(f"{scheme}://camera.invalid/video", timeout_s=1) == "no such host; check the address"


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_a_camera_that_does_not_encrypt_is_told_of(scheme: str, camera: Camera) -> None:
    why = refusal(f"{scheme}://127.0.0.1:{camera.server_port}/video", timeout_s=WAIT_S)
    assert why == f"no encrypted connection there; check the address, or write {scheme[:-1]}://"


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_port_that_refuses_is_an_error(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceError, match=rf"{scheme}://127\.0\.0\.1:{port}/video: gives no picture: refused"):
        open_source(f"{scheme}://user:{PASSWORD}@127.0.0.1:{port}/video")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_never_answers_is_an_error(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/video"
        with pytest.raises(SourceError, match=r"silent for 0\.2 s"):
            open_source(url, timeout_s=0.2)


def _read_until(source: FrameSource, index: int) -> Frame:
    for _ in range(100_000):
        frame = source.read(NO_INPUT)
        if frame is not None and frame.index >= index:
            return frame
    raise AssertionError(f"no frame {index}")


def _jpeg(value: int, width: int = 64) -> bytes:
    encoded, data = cv2.imencode(".jpg", plain(value, width))
    assert encoded
    return bytes(data.tobytes())


def _part(jpeg: bytes) -> bytes:
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
