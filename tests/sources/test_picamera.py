"""A Raspberry Pi's cameras, through a stand-in of picamera2."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from camdigits.errors import SourceError
from camdigits.sources import camera
from camdigits.sources.picamera import PiCapture, pi_cameras
from tests.fakes import FakeCapture

CSI, USB = {"Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a"}, {"Model": "webcam", "Id": "/base/scb/pcie/usb@0,0"}


class FakePicamera2:
    """The part of Picamera2 that is used."""

    known: ClassVar[list[dict[str, str]]] = [CSI, USB]
    made: ClassVar[list[FakePicamera2]] = []
    busy = False

    def __init__(self, index: int) -> None:
        if self.busy:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.index = index
        self.calls: list[str] = []
        self.made.append(self)

    @classmethod
    def global_camera_info(cls) -> list[dict[str, str]]:
        return cls.known

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        return {"main": main}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration

    def start(self) -> None:
        self.calls.append("start")

    def capture_array(self, name: str) -> np.ndarray[Any, Any]:
        width, height = self.configuration[name]["size"]
        return np.full((height, width, 3), (200, 10, 10), np.uint8)

    def capture_metadata(self) -> dict[str, int]:
        return {"FrameDuration": 40_000}

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakePicamera2]]:
    module = ModuleType("picamera2")
    module.__spec__ = importlib.machinery.ModuleSpec("picamera2", None)
    module.Picamera2 = FakePicamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    yield FakePicamera2
    FakePicamera2.made.clear()


def test_pictures_come_in_the_size_asked_for_as_bgr(library: type[FakePicamera2]) -> None:
    capture = PiCapture(1, (64, 48))
    ok, pixels = capture.read()
    (made,) = library.made
    assert made.index == 1
    assert made.configuration["main"]["format"] == "RGB888", "libcamera's name for blue, green, red"
    assert ok
    assert pixels.shape == (48, 64, 3)
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)


def test_a_released_camera_is_free_and_gives_no_more(library: type[FakePicamera2]) -> None:
    capture = PiCapture(0, (64, 48))
    capture.release()
    capture.release()
    assert library.made[0].calls == ["start", "stop", "close"]
    assert not capture.isOpened()
    assert capture.read() == (False, None)


def test_a_camera_in_use_is_named(library: type[FakePicamera2], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "busy", True)
    with pytest.raises(SourceError, match="camera 0 cannot be opened through picamera2"):
        PiCapture(0, (64, 48))


@pytest.mark.usefixtures("library")
def test_cameras_at_usb_are_left_to_opencv() -> None:
    assert pi_cameras() == ["imx708"]


def test_without_the_library_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert pi_cameras() == []


@pytest.mark.parametrize(
    ("receiver", "index", "through_the_library"),
    [("unicam", 0, True), ("rp1-cfe-csi2_ch0", 0, True), ("", 0, True), ("HD Webcam", 0, False), ("unicam", 1, False)],
)
def test_the_ports_that_opencv_waits_for_in_vain_are_read_through_the_library(
    library: type[FakePicamera2],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    receiver: str,
    index: int,
    through_the_library: bool,
) -> None:
    if receiver:
        (tmp_path / f"video{index}").mkdir()
        (tmp_path / f"video{index}" / "name").write_text(receiver + "\n")
    monkeypatch.setattr(camera, "_NAMES", tmp_path)
    asked: list[int] = []

    def connect(*how: int) -> FakeCapture:
        asked.append(how[0])
        return FakeCapture([None])

    source = camera.open_camera(index, (64, 48), connect=connect, platform="linux")
    source.close()
    assert bool(library.made) is through_the_library
    assert bool(asked) is not through_the_library
