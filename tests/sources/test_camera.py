from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import pytest

from camdigits.errors import SourceError
from camdigits.sources import camera
from camdigits.sources.camera import Camera, camera_backends, cameras, find_camera, open_camera, other_cameras
from camdigits.sources.live import LiveParams
from camdigits.sources.ports import UserInput
from camdigits.sources.v4l2 import CameraMode, VideoNode
from tests.fakes import FakeCapture, FakeClock, Gate, plain

NO_INPUT = UserInput()
QUICK = LiveParams(wait_s=0.01, close_s=0.05)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_the_camera_is_asked_for_mjpg_before_the_size(clock: FakeClock) -> None:
    gate = Gate()
    capture = FakeCapture([plain(90), gate], properties={cv2.CAP_PROP_FPS: 25.0})
    source = open_camera(2, (800, 600), connect=lambda *_: capture, params=QUICK, clock=clock)
    gate.open()
    source.close()
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    assert capture.asked == [
        (cv2.CAP_PROP_FOURCC, mjpg),
        (cv2.CAP_PROP_FRAME_WIDTH, 800),
        (cv2.CAP_PROP_FRAME_HEIGHT, 600),
    ]
    assert (source.name, source.live, source.frame_count) == ("camera 2", True, None)
    assert source.frame_period_s == pytest.approx(0.04)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_a_camera_that_is_not_there_is_named_on_every_system(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(camera, "video_nodes", lambda *_: [])
    captures: list[FakeCapture] = []

    def connect(index: int, backend: int) -> FakeCapture:
        assert (index, backend) == (63, camera_backends(platform)[len(captures)])
        captures.append(FakeCapture(opened=False))
        return captures[-1]

    with pytest.raises(SourceError, match="camera 63"):
        open_camera(63, (640, 480), connect=connect, platform=platform)
    assert len(captures) == len(camera_backends(platform))
    assert all(capture.released.is_set() for capture in captures)


def test_windows_tries_a_second_backend(clock: FakeClock) -> None:
    gate = Gate()
    captures = iter([FakeCapture(opened=False), FakeCapture([plain(90), gate])])
    source = open_camera(0, (64, 48), connect=lambda *_: next(captures), platform="win32", params=QUICK, clock=clock)
    assert source.read(NO_INPUT).index == 0
    gate.open()
    source.close()


def test_windows_is_asked_for_mjpg_as_a_change_of_format(clock: FakeClock) -> None:
    gate = Gate()
    capture = FakeCapture([plain(90), gate])
    source = open_camera(0, (64, 48), connect=lambda *_: capture, platform="win32", params=QUICK, clock=clock)
    gate.open()
    source.close()
    formats = [int(value).to_bytes(4, "little") for prop, value in capture.asked if prop == cv2.CAP_PROP_FOURCC]
    assert formats == [b"mjpg", b"MJPG"]


def test_macos_opens_a_camera_on_the_main_thread_where_it_can_ask_for_leave(clock: FakeClock) -> None:
    threads: list[threading.Thread] = []
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        threads.append(threading.current_thread())
        return FakeCapture([plain(90), gate])

    source = open_camera(0, (64, 48), connect=connect, platform="darwin", params=QUICK, clock=clock)
    gate.open()
    source.close()
    assert threads == [threading.main_thread()]


def test_what_opencv_prints_of_a_camera_on_macos_is_not_seen(capfd: pytest.CaptureFixture[str]) -> None:
    def connect(*_: int) -> FakeCapture:
        os.write(2, b"OpenCV: out device of bound (0-0): 7")
        return FakeCapture(opened=False)

    with pytest.raises(SourceError, match="camera 7 cannot be opened"):
        open_camera(7, (64, 48), connect=connect, platform="darwin")
    assert cameras("darwin", connect=connect) == []
    assert capfd.readouterr() == ("", "")


def test_a_camera_that_hangs_when_it_is_opened_is_no_answer(clock: FakeClock) -> None:
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        gate.wait()
        return FakeCapture()

    params = LiveParams(first_frame_s=0.01, close_s=0.01)
    with pytest.raises(SourceError, match="camera 0: no answer"):
        open_camera(0, (64, 48), connect=connect, platform="linux", params=params, clock=clock)
    gate.open()


def test_one_that_hangs_and_is_sought_again_holds_up_no_window(clock: FakeClock) -> None:
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        gate.wait()
        return FakeCapture()

    params = LiveParams(answer_s=0.01, wait_s=0.01, close_s=0.01)
    source = open_camera(0, (64, 48), reconnect=True, connect=connect, platform="linux", params=params, clock=clock)
    assert not source.read(NO_INPUT).settled
    clock.advance(1)
    source.read(NO_INPUT)
    assert source.loss.startswith("camera 0: no answer for 1 s")
    source.close()
    gate.open()


@pytest.mark.parametrize(
    ("there", "now", "others"), [((0, 2, 4), 2, [4, 0]), ((0,), 0, []), ((0, 1), None, [0, 1]), ((), 0, [])]
)
def test_the_next_cameras_are_those_that_linux_lists(
    monkeypatch: pytest.MonkeyPatch, there: tuple[int, ...], now: int | None, others: list[int]
) -> None:
    monkeypatch.setattr(camera, "video_nodes", lambda *_: [VideoNode(index, "HD Webcam", ()) for index in there])
    assert other_cameras(now, "linux") == others


@pytest.mark.skipif(sys.platform == "win32", reason="asks devices as on Linux")
def test_a_device_that_is_no_camera_is_neither_next_nor_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "video0").touch()  # answers nothing, as a node for metadata
    monkeypatch.setattr(camera, "_DEVICES", tmp_path)
    assert other_cameras(None, "linux") == []
    with pytest.raises(SourceError, match=r"camera 3 is not there \(there is none on this machine\)"):
        open_camera(3, (64, 48), connect=lambda *_: FakeCapture(opened=False), platform="linux")


def test_one_that_is_absent_is_told_of_with_those_that_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(camera, "_DEVICES", tmp_path)
    monkeypatch.setattr(camera, "video_nodes", lambda *_: [VideoNode(0, "HD Webcam", ()), VideoNode(2, "Logi Brio", ())])
    with pytest.raises(SourceError, match=r"camera 3 is not there \(there are: 0 HD Webcam, 2 Logi Brio\); plug one in"):
        open_camera(3, (64, 48), connect=lambda *_: FakeCapture(opened=False), platform="linux")


@pytest.mark.parametrize(("now", "others"), [(None, [0]), (0, [1]), (2, [3, 0])])
def test_where_the_system_lists_none_the_next_camera_is_tried(
    monkeypatch: pytest.MonkeyPatch, now: int | None, others: list[int]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    assert other_cameras(now, "win32") == others


def test_the_next_cameras_are_those_that_windows_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("cv2_enumerate_cameras")
    vars(library)["enumerate_cameras"] = lambda _: [SimpleNamespace(index=index, name="HD Webcam") for index in (0, 3, 700)]
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", library)
    assert other_cameras(3, "win32") == [700, 0]


class TestCamerasThatAreThere:
    @pytest.fixture(autouse=True)
    def no_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)

    @pytest.fixture
    def linux(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[VideoNode]:
        nodes: list[VideoNode] = []
        monkeypatch.setattr(camera, "video_nodes", lambda *_: nodes)
        monkeypatch.setattr(camera, "_NAMES", tmp_path)
        return nodes

    def test_linux_lists_its_own(self, linux: list[VideoNode]) -> None:
        mode = CameraMode("MJPG", (640, 480), (640, 480), (30.0,))
        linux += [VideoNode(0, "HD Webcam", (mode,)), VideoNode(4, "bcm2835-isp", ()), VideoNode(6, "unicam-image", ())]
        assert cameras("linux") == [Camera(0, "HD Webcam", (mode,))]

    def test_a_pi_lists_its_own_cameras_by_the_indices_that_open_them(
        self, linux: list[VideoNode], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(camera, "pi_cameras", lambda: ["imx708", "ov5647"])
        for index, name in ((0, "rp1-cfe-csi2_ch0"), (1, "HD Webcam")):  # the webcam has the index of the second
            (tmp_path / f"video{index}").mkdir()
            (tmp_path / f"video{index}" / "name").write_text(name, encoding="utf-8")
            linux.append(VideoNode(index, name, ()))
        assert cameras("linux") == [Camera(0, "imx708"), Camera(1, "HD Webcam")]

    def test_windows_names_them_as_the_backends_that_open_them_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = {cv2.CAP_DSHOW: ["Cam\nA", "OBS"], cv2.CAP_MSMF: ["OBS", "Cam A", "Infrared"]}
        library = ModuleType("cv2_enumerate_cameras")
        vars(library)["enumerate_cameras"] = lambda backend: [
            SimpleNamespace(index=index, name=name) for index, name in enumerate(names[backend])
        ]
        monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", library)
        assert cameras("win32") == [Camera(0, "Cam A"), Camera(1, "OBS"), Camera(2, "Infrared")]

    def test_without_names_those_that_open_are_there(self) -> None:
        captures: list[FakeCapture] = []

        def connect(index: int, backend: int) -> FakeCapture:  # noqa: ARG001
            sizes = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0, cv2.CAP_PROP_FPS: 25.0}
            captures.append(FakeCapture(opened=index < 2, properties=sizes))
            return captures[-1]

        there = cameras("darwin", connect=connect)
        assert [str(each) for each in there] == ["0 camera 0", "1 camera 1"]
        assert there[0].sizes() == "640x480@25"
        assert len(captures) == 3
        assert all(capture.released.is_set() for capture in captures)


def test_sizes_are_told_once_with_the_rates_of_all_formats_and_largest_first() -> None:
    modes = (
        CameraMode("YUYV", (640, 480), (640, 480), (30.0, 7.5)),
        CameraMode("MJPG", (1280, 720), (1280, 720), (30.0, 15.0)),
        CameraMode("MJPG", (640, 480), (640, 480), (60.0, 30.0)),
        CameraMode("GREY", (320, 240), (320, 240)),
        CameraMode("YU12", (32, 16), (3840, 2160), (90.0, 1.0), any_rate=True),
    )
    assert Camera(0, "HD", modes).sizes() == "32x16-3840x2160@1-90 1280x720@30,15 640x480@60,30,7.5 320x240"


def test_json_has_every_mode_and_the_ends_of_ranges() -> None:
    modes = (
        CameraMode("MJPG", (1280, 720), (1280, 720), (30.0, 15.0)),
        CameraMode("YU12", (32, 16), (3840, 2160), (90.0, 1.0), any_rate=True),
    )
    assert json.loads(json.dumps(Camera(3, "HD", modes).to_dict())) == {
        "index": 3,
        "name": "HD",
        "modes": [
            {"format": "MJPG", "width": 1280, "height": 720, "rates": [30.0, 15.0]},
            {
                "format": "YU12",
                "width": 3840,
                "height": 2160,
                "least_width": 32,
                "least_height": 16,
                "rates": [90.0],
                "least_rate": 1.0,
            },
        ],
    }


class TestNames:
    THERE = (Camera(0, "HD Webcam"), Camera(2, "Logi Brio"), Camera(4, "Logi Brio 500"), Camera(6, "HD Webcam"))

    @pytest.mark.parametrize(("wanted", "index"), [("logi brio", 2), ("BRIO 5", 4), (" 500 ", 4), ("7", 7)])
    def test_the_whole_name_or_a_part_of_one_only_is_the_camera(self, wanted: str, index: int) -> None:
        assert find_camera(wanted, lambda: self.THERE) == index

    @pytest.mark.parametrize(
        ("wanted", "meant"), [("hd webcam", "0 HD Webcam, 6 HD Webcam"), ("logi", "2 Logi Brio, 4 Logi Brio 500")]
    )
    def test_several_are_named(self, wanted: str, meant: str) -> None:
        with pytest.raises(SourceError) as refused:
            find_camera(wanted, lambda: self.THERE)
        assert str(refused.value) == f"several cameras are called {wanted}: {meant}; name one by its index"

    @pytest.mark.parametrize("wanted", ["Canon", "", "-1"])
    def test_where_none_is_meant_those_that_are_there_are_named(self, wanted: str) -> None:
        with pytest.raises(SourceError, match=r"there are: 0 HD Webcam, 2 Logi Brio, 4 Logi Brio 500, 6 HD Webcam\)"):
            find_camera(wanted, lambda: self.THERE)

    def test_where_there_is_none_that_is_said(self) -> None:
        with pytest.raises(SourceError, match="there is none on this machine"):
            find_camera("Logi", list)
