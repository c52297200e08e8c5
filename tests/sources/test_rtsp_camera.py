"""RTSP cameras: a real capture, a real server on loopback."""

from __future__ import annotations

import functools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camdigits.errors import SourceError
from camdigits.sources import network
from camdigits.sources.kinds import open_source
from camdigits.sources.live import LiveSource
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.vision.types import Frame
from tests.fakes import WAIT_S, FakeClock
from tests.rtsp_camera import NUMBERS, PASSWORD, REQUESTS, USER, Behaviour, RtspCamera, number_of

NO_INPUT = UserInput()
ROOT = Path(__file__).resolve().parents[2]
SHORT_S = 0.3
LOGIN = f"{USER}:{PASSWORD}@"


@pytest.fixture
def camera() -> Iterator[RtspCamera]:
    server = RtspCamera()
    yield server
    server.unplug()


@pytest.mark.parametrize("udp_only", [False, True], ids=["over TCP", "over UDP alone"])
@pytest.mark.parametrize("codec", ["jpeg", "h264"])
def test_a_stream_is_read_live(camera: RtspCamera, codec: str, udp_only: bool) -> None:
    camera.behaviour = Behaviour(codec=codec, udp_only=udp_only)
    source = open_source(camera.url())
    first = source.read(NO_INPUT)
    assert first is not None
    later = read_until(source, lambda frame: frame.index > first.index + 20)
    source.close()
    assert source.live
    assert source.frame_count is None
    assert source.name == camera.url()
    assert later.image.shape == (48, 64, 3)
    assert later.image.std() < 4, "a frame of one grey is one"
    assert later.time_s > first.time_s
    assert not np.array_equal(later.image, first.image)
    assert source.frame_period_s == pytest.approx(0.01, rel=0.2)


def test_closing_it_ends_its_thread_and_leaves_the_camera(camera: RtspCamera) -> None:
    source = open_source(camera.url())
    source.read(NO_INPUT)
    source.close()
    assert not [thread for thread in threading.enumerate() if thread.name == f"frames of {camera.url()}"]
    wait_until(lambda: camera.asked[-1] == "TEARDOWN")


def test_the_newest_frame_is_read_however_slow_reading_is(camera: RtspCamera) -> None:
    source = open_source(camera.url())
    assert isinstance(source, LiveSource)
    first = source.read(NO_INPUT)
    before = source.dropped
    wait_until(lambda: source.dropped >= before + NUMBERS)
    sent = camera.sent
    second = source.read(NO_INPUT)
    assert second.index > first.index + NUMBERS
    late = (sent - 1 - number_of(second.image)) % NUMBERS
    assert late <= 5 or late >= NUMBERS - 2, f"{late} frames late"
    source.close()


def test_a_frame_of_h264_is_given_when_two_more_have_come(camera: RtspCamera) -> None:
    # FFmpeg keeps one back, and one for each thread beside the first; OpenCV would start a thread for each core.
    camera.behaviour = Behaviour(codec="h264", frames=100)
    source = open_source(camera.url())
    newest = {number % NUMBERS for number in range(97, 100)}
    read_until(source, lambda frame: camera.sent == 100 and number_of(frame.image) in newest)
    source.close()


@pytest.mark.parametrize("leaves", ["end", "cut"])
def test_a_stream_that_ends_is_an_error_that_says_so(camera: RtspCamera, leaves: str) -> None:
    camera.behaviour = Behaviour(frames=60, leaves=leaves)
    source = open_source(camera.url(user=LOGIN))
    numbers: list[int] = []
    with pytest.raises(SourceError, match=r"no picture since .* the stream ended or was cut off") as caught:
        read_until(source, lambda frame: bool(numbers.append(number_of(frame.image))))
    assert PASSWORD not in str(caught.value)
    assert numbers[-1] == 59 % NUMBERS, "the last frame was not given"
    source.close()


def test_a_stream_that_falls_silent_is_an_error_that_says_so(camera: RtspCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = with_clock(monkeypatch)
    camera.behaviour = Behaviour(frames=60)
    source = open_source(camera.url())
    read_until(source, lambda frame: camera.sent == 60 and number_of(frame.image) == 59 % NUMBERS)
    clock.advance(5)
    with pytest.raises(SourceError, match=r"no picture since .* the stream ended or was cut off"):
        source.read(NO_INPUT)
    source.close()


def test_a_stream_that_is_lost_is_told_of_and_taken_up_again(camera: RtspCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = with_clock(monkeypatch)
    source = open_source(camera.url(user=LOGIN), reconnect=True)
    before = read_until(source, lambda frame: frame.index > 5)
    camera.unplug()
    read_until(source, lambda _: bool(source.loss))
    assert source.loss.startswith(f"{camera.url()}: no picture for")
    clock.advance(0.5)
    read_until(source, lambda _: "cannot be opened" in source.loss)
    assert PASSWORD not in source.loss
    camera.plug_in()
    clock.advance(2)
    back = read_until(source, lambda _: not source.loss)
    assert back.index >= before.index
    assert read_until(source, lambda frame: frame.index > back.index + 5).settled
    source.close()


def test_a_camera_that_shows_nothing_before_its_next_keyframe_is_waited_for(
    camera: RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = with_clock(monkeypatch)
    source = open_source(camera.url(), reconnect=True)
    read_until(source, lambda frame: frame.index > 5)
    camera.behaviour = Behaviour(frames=0)
    camera.unplug()
    camera.plug_in()
    served = camera.served
    read_until(source, lambda _: bool(source.loss))
    clock.advance(0.5)
    read_until(source, lambda _: camera.served > served)
    clock.advance(9)
    for _ in range(3):
        source.read(NO_INPUT)
    assert source.loss
    camera.behaviour = Behaviour()
    read_until(source, lambda _: not source.loss)
    assert camera.served == served + 1, "it was asked again while it was getting ready"
    source.close()


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_letters_of_a_password_may_be_percent_encoded(camera: RtspCamera, scheme: str) -> None:
    camera.behaviour = Behaviour(scheme=scheme)
    encoded = "".join(f"%{ord(letter):02X}" for letter in PASSWORD)
    source = open_source(camera.url(user=f"{USER}:{encoded}@"))
    assert source.read(NO_INPUT) is not None
    source.close()


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_password_opens_a_camera_and_reaches_no_name(camera: RtspCamera, scheme: str) -> None:
    camera.behaviour = Behaviour(scheme=scheme)
    source = open_source(camera.url(f"/cam?token={PASSWORD}", user=LOGIN))
    assert source.read(NO_INPUT) is not None
    assert source.name == camera.url("/cam?token=***")
    source.close()


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_wrong_password_is_refused_told_of_and_not_repeated(camera: RtspCamera, scheme: str) -> None:
    camera.behaviour = Behaviour(scheme=scheme)
    assert refused(camera.url(f"/cam?token={PASSWORD}", user=f"{USER}:{PASSWORD}x@")) == (
        f"{camera.url('/cam?token=***')}: gives no picture: user and password refused, or no video at that path; check both"
    )
    assert camera.refused_passwords == 1, "cameras count failures, and shut whoever has too many out"
    assert {url.partition("?")[0] for url in camera.asked_for} == {camera.url()}, "it was sent where everybody can read it"


def test_a_camera_that_wants_a_password_is_told_of(camera: RtspCamera) -> None:
    camera.behaviour = Behaviour(scheme="Digest")
    assert refused(camera.url()) == (
        f"{camera.url()}: gives no picture: it asks for a user and password; "
        "write them into the address: rtsp://user:password@..."
    )


def test_a_path_without_video_is_told_of(camera: RtspCamera) -> None:
    assert refused(camera.url("/other", user=LOGIN)) == (
        f"{camera.url('/other')}: gives no picture: no video at that path; check what follows the host in the address"
    )


def test_what_else_a_camera_answers_is_told(camera: RtspCamera) -> None:
    camera.behaviour = Behaviour(busy=True)
    assert refused(camera.url()) == (
        f"{camera.url()}: gives no picture: the camera answers 453 Not Enough Bandwidth; "
        "check the address and whether others use the camera"
    )


@pytest.mark.parametrize("silent_after", ["", "OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_falls_silent_while_it_is_opened_is_given_up_in_time(
    camera: RtspCamera, silent_after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []

    class Capture:
        """OpenCV's, counting reads; one that inherits from it crashes when it is let go."""

        def __init__(self, *arguments: Any) -> None:
            self._capture = opencv_capture(*arguments)

        def read(self) -> tuple[bool, Any]:
            reads.append(self)
            return self._capture.read()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._capture, name)

    opencv_capture = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    answers = REQUESTS[: REQUESTS.index(silent_after) + 1] if silent_after else ()
    camera.behaviour = Behaviour(answers=frozenset(answers), frames=0)
    assert refused(camera.url(), timeout_s=SHORT_S) == (
        f"{camera.url()}: gives no picture: silent for {SHORT_S:g} s; check the address and that the camera is on"
    )
    assert reads == [], "its first frame was waited for once more"
    assert camera.served == 1, "it was asked once more"


def test_a_port_of_something_else_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def chatter() -> None:
            for _ in range(2):
                connection, _ = other.accept()
                with connection:
                    connection.sendall(b"220 mail.example ESMTP ready\r\n")

        thread = threading.Thread(target=chatter)
        thread.start()
        url = f"rtsp://127.0.0.1:{other.getsockname()[1]}/cam"
        assert refused(url).startswith(f"{url}: gives no picture: ")
        thread.join(WAIT_S)


def test_a_script_that_does_not_close_its_stream_ends_as_any_other(camera: RtspCamera) -> None:
    script = f"import camdigits\nscenes = camdigits.stream({camera.url()!r})\nnext(scenes)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")


def refused(url: str, timeout_s: float = 10.0) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(url, timeout_s=timeout_s)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def with_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock by which sources are found to be lost; the network keeps its own time."""
    clock = FakeClock()
    monkeypatch.setattr(network, "LiveSource", functools.partial(LiveSource, clock=clock))
    return clock


def wait_until(look: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not look():
        assert time.monotonic() < deadline_s, "in vain"


def read_until(source: FrameSource, look: Callable[[Frame], bool]) -> Frame:
    deadline_s = time.monotonic() + WAIT_S
    while True:
        frame = source.read(NO_INPUT)
        assert frame is not None
        if look(frame):
            return frame
        assert time.monotonic() < deadline_s, f"in vain; {source.loss or source.notice}"
