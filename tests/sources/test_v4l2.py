"""What Linux tells of its cameras, through a stand-in of its drivers that knows the kernel's structures by their bytes."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from camdigits.sources.v4l2 import CameraMode, video_nodes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices are opened as on Linux")

# As the kernel's headers print them on x86-64 and 64-bit ARM.
QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS = 0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B
LENGTHS = {QUERYCAP: 104, ENUM_FMT: 64, ENUM_FRAMESIZES: 44, ENUM_FRAMEINTERVALS: 52}
CAPTURE, PLANES, OUTPUT, M2M, METADATA, OWN = 0x1, 0x1000, 0x2, 0x8000, 0x00800000, 0x80000000
DISCRETE, CONTINUOUS, STEPWISE = 1, 2, 3

Intervals = Mapping[tuple[int, int], Sequence[tuple[int, ...]]]
"""By size, the type of each entry and its numbers."""


class Driver(NamedTuple):
    """What a device tells."""

    capabilities: int
    of_node: int = 0
    formats: Mapping[bytes, Sequence[tuple[int, ...]]] = MappingProxyType({})
    intervals: Intervals = MappingProxyType({})
    buffer: int = 1


class FakeMachine:
    """A folder of devices and one of their names, and the ioctl that asks them."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.names = folder / "dev", folder / "sys"
        self.devices.mkdir()
        self.drivers: dict[str, Driver] = {}
        self.requests: list[int] = []

    def plug(self, index: int, name: str, driver: Driver, place: int = 0) -> Path:
        folder = self.names / f"video{index}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n", encoding="utf-8")
        (folder / "index").write_text(f"{place}\n", encoding="utf-8")
        device = self.devices / f"video{index}"
        device.touch()
        self.drivers[str(device)] = driver
        return device

    def ioctl(self, descriptor: int, request: int, filled: bytearray) -> int:
        driver = self.drivers[str(Path(f"/proc/self/fd/{descriptor}").readlink())]
        assert len(filled) == LENGTHS[request]
        self.requests.append(request)
        if request == QUERYCAP:
            struct.pack_into("=II", filled, 84, driver.capabilities, driver.of_node)
            return 0
        (entry,) = struct.unpack_from("=I", filled, 0)
        try:
            self._fill(driver, request, filled, entry)
        except LookupError:
            raise OSError(errno.EINVAL, "Invalid argument") from None
        return 0

    def _fill(self, driver: Driver, request: int, filled: bytearray, entry: int) -> None:
        if request == ENUM_FMT:
            if struct.unpack_from("=I", filled, 4) != (driver.buffer,):
                raise LookupError
            struct.pack_into("=4s", filled, 44, list(driver.formats)[entry])
        elif request == ENUM_FRAMESIZES:
            kind, *numbers = driver.formats[bytes(filled[4:8])][entry]
            struct.pack_into(f"={1 + len(numbers)}I", filled, 8, kind, *numbers)
        else:
            assert bytes(filled[4:8]) in driver.formats
            width, height = struct.unpack_from("=II", filled, 8)
            kind, *numbers = driver.intervals[width, height][entry]
            struct.pack_into(f"={1 + len(numbers)}I", filled, 16, kind, *numbers)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    if not os.path.exists("/proc/self/fd"):  # noqa: PTH110
        pytest.skip("tells devices apart by /proc")
    return FakeMachine(tmp_path)


WEBCAM = Driver(
    CAPTURE | METADATA | OWN,
    CAPTURE,
    {b"MJPG": [(DISCRETE, 1280, 720), (DISCRETE, 640, 480)], b"YUYV": [(DISCRETE, 640, 480)]},
    {(1280, 720): [(DISCRETE, 1, 15), (DISCRETE, 1, 30)], (640, 480): [(DISCRETE, 1001, 30000)]},
)


def test_a_camera_tells_its_name_and_each_size_with_its_rates(machine: FakeMachine) -> None:
    machine.plug(2, "HD Webcam", WEBCAM)
    (node,) = video_nodes(machine.devices, machine.names, machine.ioctl)
    assert (node.index, node.name) == (2, "HD Webcam")
    assert node.modes == (
        CameraMode("MJPG", (1280, 720), (1280, 720), (30.0, 15.0)),
        CameraMode("MJPG", (640, 480), (640, 480), (29.97,)),
        CameraMode("YUYV", (640, 480), (640, 480), (29.97,)),
    )
    assert set(machine.requests) == set(LENGTHS)  # nothing that would start the camera or need it for us alone


@pytest.mark.parametrize(
    "driver",
    [
        Driver(CAPTURE | METADATA | OWN, METADATA),
        Driver(OUTPUT),
        Driver(CAPTURE | OUTPUT | M2M),
        Driver(CAPTURE | OWN, 0),
    ],
)
def test_nodes_without_pictures_are_no_cameras(machine: FakeMachine, driver: Driver) -> None:
    machine.plug(0, "HD Webcam", WEBCAM)
    machine.plug(1, "HD Webcam", driver, place=1)
    assert [node.index for node in video_nodes(machine.devices, machine.names, machine.ioctl)] == [0]


@pytest.mark.parametrize("kind", [CONTINUOUS, STEPWISE])
def test_ranges_of_sizes_and_rates_tell_their_ends(machine: FakeMachine, kind: int) -> None:
    sizes, rates = (kind, 32, 3840, 2, 16, 2160, 2), (kind, 1, 90, 1, 1, 1, 90)
    machine.plug(0, "sensor", Driver(CAPTURE, 0, {b"YU12": [sizes, sizes]}, {(3840, 2160): [rates]}))
    (node,) = video_nodes(machine.devices, machine.names, machine.ioctl)
    assert node.modes == (CameraMode("YU12", (32, 16), (3840, 2160), (90.0, 1.0), any_rate=True),)


def test_a_camera_of_several_planes_is_asked_for_those(machine: FakeMachine) -> None:
    machine.plug(0, "bridge", Driver(PLANES, 0, {b"NM12": [(DISCRETE, 640, 480)]}, buffer=9))
    (node,) = video_nodes(machine.devices, machine.names, machine.ioctl)
    assert node.modes == (CameraMode("NM12", (640, 480), (640, 480)),)


def test_a_list_without_end_is_left(machine: FakeMachine) -> None:
    machine.plug(0, "HD Webcam", WEBCAM)

    def ioctl(descriptor: int, request: int, filled: bytearray) -> int:
        filled[:4] = bytes(4)  # the driver knows its first entry only, whatever it is asked for
        return machine.ioctl(descriptor, request, filled)

    webcam = WEBCAM._replace(formats={b"MJPG": [(STEPWISE, 640, 640, 1, 480, 480, 1)]})
    machine.drivers[str(machine.devices / "video0")] = webcam
    (node,) = video_nodes(machine.devices, machine.names, ioctl)
    assert set(node.modes) == {CameraMode("MJPG", (640, 480), (640, 480), (29.97,))}


def test_devices_that_are_no_cameras_at_all_are_left_out(machine: FakeMachine) -> None:
    (machine.devices / "video0").touch()
    (machine.devices / "video-codec").touch()

    def ioctl(*_: object) -> int:
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    assert video_nodes(machine.devices, machine.names, ioctl) == []


def test_one_that_may_not_be_opened_is_there_all_the_same(machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.plug(0, "HD Webcam", WEBCAM)
    machine.plug(1, "HD Webcam", WEBCAM, place=1)
    (machine.devices / "video2").symlink_to(machine.devices / "gone")

    def refuse(path: Path, *_: int) -> int:
        if path.name == "video2":
            raise OSError(errno.ENODEV, "No such device")
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    (node,) = video_nodes(machine.devices, machine.names, machine.ioctl)
    assert (node.index, node.name, node.modes) == (0, "HD Webcam", ())


def test_names_are_one_line_without_control_signs(machine: FakeMachine) -> None:
    machine.plug(0, "HD\x1b[31m\tWeb\ncam", WEBCAM)
    (node,) = video_nodes(machine.devices, machine.names, machine.ioctl)
    assert node.name == "HD [31m Web cam"


def test_devices_are_closed_again(machine: FakeMachine) -> None:
    machine.plug(0, "HD Webcam", WEBCAM)
    machine.plug(1, "HD Webcam", Driver(OUTPUT))
    before = set(Path("/proc/self/fd").iterdir())
    video_nodes(machine.devices, machine.names, machine.ioctl)
    assert set(Path("/proc/self/fd").iterdir()) == before
