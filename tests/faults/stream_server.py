"""A network camera on loopback that misbehaves as told: MJPEG over HTTP, a plain socket a connection."""

from __future__ import annotations

import contextlib
import socket
from typing import NamedTuple

import cv2
import numpy as np

from camdigits.vision.types import BgrImage
from tests.pluggable import Pluggable

PERIOD_S = 0.03
BOUNDARY = b"--frame\r\n"
HEADER = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


class Fault(NamedTuple):
    """What a connection does. `frames` sound frames come first; then what the name says."""

    name: str = "none"
    frames: int = 10
    size: tuple[int, int] = (320, 240)
    period_s: float = PERIOD_S


class StreamServer(Pluggable):
    """Serves connection after connection, each with the fault that is set when it comes; `fault` may change meanwhile.

    Faults: none; refuse (the port is closed), hang at open (no answer), hang at read (headers, and no picture), stall (silence
    after some frames), stale (the same frame again and again), end (the stream's end), cut (half a frame, and closed), half
    (half a frame now and then, and on it goes), garbage (bytes between the frames that are none), black.
    """

    def __init__(self) -> None:
        self.fault = Fault()
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.fault.name == "hang at open":
            self._ends.wait()
            return
        connection.sendall(HEADER)
        sent = 0
        while not self._ends.is_set():
            fault = self.fault
            due = sent >= fault.frames
            if due and fault.name in ("stall", "hang at read"):
                self._ends.wait(fault.period_s)
                continue
            if due and fault.name == "end":
                connection.sendall(b"--frame--\r\n")
                return
            data = part(jpeg(picture(fault.frames if due and fault.name == "stale" else sent, fault, due)))
            if due and fault.name == "cut":
                connection.sendall(data[: len(data) // 2])
                return
            if due and fault.name == "half" and sent % 5 == 0:
                data = data[: len(data) // 2]
            if due and fault.name == "garbage" and sent % 3 == 0:
                data += np.random.default_rng(sent).bytes(5_000)
            connection.sendall(data)
            sent += 1
            self._ends.wait(fault.period_s)


def picture(count: int, fault: Fault, due: bool) -> BgrImage:
    """A white page on which a bar stands a little further with each frame; black where that is the fault."""
    width, height = fault.size
    page = np.full((height, width, 3), 5 if due and fault.name == "black" else 235, np.uint8)
    if not (due and fault.name == "black"):
        left = 10 + 3 * count % (width - 40)
        cv2.line(page, (left, height // 4), (left, 3 * height // 4), (30, 30, 30), 6)
    return page


def jpeg(image: BgrImage) -> bytes:
    encoded, data = cv2.imencode(".jpg", image)
    assert encoded
    return bytes(data.tobytes())


def part(data: bytes) -> bytes:
    return BOUNDARY + b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(data), data)
