"""A network camera on loopback: RTSP (RFC 2326) with JPEG (RFC 2435) or H.264 (RFC 6184) in RTP, a thread a connection."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import select
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from camdigits.vision.types import BgrImage
from tests.fakes import plain
from tests.pluggable import Pluggable

USER, PASSWORD, REALM, NONCE = "user", "s3cret", "camera", "5ca1ab1e"
PERIOD_S = 0.01
SIZE_PX = (64, 48)
NUMBERS = 40
"""The numbers of frames start again after so many."""
_GREY_STEP = 5
_CLOCK_HZ = 90_000
_SSRC = 0xC0FFEE
REQUESTS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY")
"""What a client asks, in this order."""
_REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 453: "Not Enough Bandwidth", 461: "Unsupported Transport"}


@dataclass
class Behaviour:
    """What the camera does, from the next request or frame on.

    codec: jpeg or h264. scheme: how it asks for the password: Basic, Digest, or "" for no password. udp_only: whether it
    refuses to send over the connection itself. busy: whether it serves nobody. answers: the requests that it answers, others
    are met by silence. frames: so many are sent on a connection, and no more. leaves: what comes after them: nothing
    ("stall"), a goodbye ("end") or half a frame and a closed connection ("cut").
    """

    codec: str = "jpeg"
    scheme: str = ""
    udp_only: bool = False
    busy: bool = False
    answers: frozenset[str] = frozenset({*REQUESTS, "TEARDOWN", "GET_PARAMETER"})
    frames: float = float("inf")
    leaves: str = "stall"


@dataclass
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]


@dataclass
class _Session:
    """A connection and what was agreed on over it."""

    connection: socket.socket
    coder: Callable[[int], list[bytes]]
    payload_type: int
    send: Callable[[int, bytes], object] = lambda _channel, _data: None
    playing: bool = False
    sent: int = 0
    sequence: int = 0
    waiting: bytearray = field(default_factory=bytearray)


class RtspCamera(Pluggable):
    """Serves each connection frames that say by their grey which one they are, `number_of(image)`, until it is unplugged.

    `paths` are those at which there is video. `served` counts connections, `asked` are all methods and `asked_for` the URLs,
    `sent` counts all frames, `refused_passwords` those that were wrong.
    """

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.paths = {"/cam"}
        self.sent = self.refused_passwords = 0
        self.asked: list[str] = []
        self.asked_for: list[str] = []
        super().__init__()

    def url(self, path: str = "/cam", user: str = "") -> str:
        return f"rtsp://{user}127.0.0.1:{self.port}{path}"

    def _serve(self, connection: socket.socket) -> None:
        coder, payload_type = (h264_coder(), 96) if self.behaviour.codec == "h264" else (jpeg_payload, 26)
        session = _Session(connection, coder, payload_type)
        with connection, contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            while not self._ends.is_set():
                readable, _, _ = select.select([connection], [], [], PERIOD_S)
                if readable:
                    data = connection.recv(65536)
                    if not data:
                        return
                    session.waiting += data
                    for request in _requests(session.waiting):
                        self._answer(session, request, stack)
                elif session.playing and not self._send_next(session):
                    return

    # What is asked

    def _answer(self, session: _Session, request: _Request, stack: contextlib.ExitStack) -> None:
        self.asked.append(request.method)
        self.asked_for.append(request.url)
        if request.method not in self.behaviour.answers:
            return
        status, headers, body = self._answered(session, request, stack)
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {request.headers['cseq']}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        session.connection.sendall("\r\n".join([*lines, "", body]).encode())
        if request.method == "PLAY":
            session.playing = True

    def _answered(self, session: _Session, request: _Request, stack: contextlib.ExitStack) -> tuple[int, list[str], str]:
        """Status, headers and body."""
        if request.method == "OPTIONS":
            return 200, ["Public: " + ", ".join(sorted(self.behaviour.answers))], ""
        if self.behaviour.scheme and not self._may(request):
            self.refused_passwords += "authorization" in request.headers
            asks = f'Basic realm="{REALM}"' if self.behaviour.scheme == "Basic" else f'Digest realm="{REALM}", nonce="{NONCE}"'
            return 401, [f"WWW-Authenticate: {asks}"], ""
        if self.behaviour.busy:
            return 453, [], ""
        if request.method == "DESCRIBE":
            path = re.sub(r"^rtsp://[^/]*|\?.*", "", request.url)
            return (200, ["Content-Type: application/sdp"], self._described(session)) if path in self.paths else (404, [], "")
        if request.method == "SETUP":
            return self._set_up(session, request.headers["transport"], stack)
        return 200, ["Session: 1"], ""

    def _may(self, request: _Request) -> bool:
        given = request.headers.get("authorization", "")
        if self.behaviour.scheme == "Basic":
            return given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        secret, place = _md5(f"{USER}:{REALM}:{PASSWORD}"), _md5(f"{request.method}:{request.url}")
        return given.startswith("Digest ") and _md5(f"{secret}:{NONCE}:{place}") in given

    def _described(self, session: _Session) -> str:
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=range:npt=now-"]
        lines += [f"m=video 0 RTP/AVP {session.payload_type}", f"a=framerate:{1 / PERIOD_S:g}", "a=control:video"]
        if session.payload_type == 96:
            lines += [f"a=rtpmap:96 H264/{_CLOCK_HZ}", "a=fmtp:96 packetization-mode=1"]
        return "\r\n".join([*lines, ""])

    def _set_up(self, session: _Session, transport: str, stack: contextlib.ExitStack) -> tuple[int, list[str], str]:
        over_tcp = "RTP/AVP/TCP" in transport
        if over_tcp == self.behaviour.udp_only:
            return 461, [], ""
        if over_tcp:
            session.send = lambda channel, data: session.connection.sendall(
                struct.pack(">cBH", b"$", channel, len(data)) + data
            )
            return 200, ["Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"], ""
        ports = re.search(r"client_port=(\d+)-(\d+)", transport)
        assert ports is not None
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in ports.groups()]
        for own in sockets:
            own.bind(("127.0.0.1", 0))
        session.send = lambda channel, data: sockets[channel].sendto(data, ("127.0.0.1", int(ports[channel + 1])))
        own_ports = "-".join(str(own.getsockname()[1]) for own in sockets)
        return 200, ["Session: 1", f"Transport: RTP/AVP;unicast;{ports[0]};server_port={own_ports}"], ""

    # What is sent

    def _send_next(self, session: _Session) -> bool:
        """Send a frame, or do what the camera does instead; whether the connection stays."""
        if session.sent >= self.behaviour.frames:
            if self.behaviour.leaves == "end":
                session.send(1, struct.pack(">BBHI", 0x81, 203, 1, _SSRC))  # RTCP's BYE
            elif self.behaviour.leaves == "cut":
                session.connection.sendall(struct.pack(">cBH", b"$", 0, 1000) + bytes(500))
            return self.behaviour.leaves == "stall"
        payloads = session.coder(session.sent)
        for payload in payloads:
            marker = 0x80 if payload is payloads[-1] else 0
            time = round(session.sent * PERIOD_S * _CLOCK_HZ)
            session.send(0, struct.pack(">BBHII", 0x80, session.payload_type | marker, session.sequence, time, _SSRC) + payload)
            session.sequence += 1
        session.sent += 1
        self.sent += 1
        return True


def picture(frame: int) -> BgrImage:
    """A frame of a grey that says its number."""
    return plain(30 + _GREY_STEP * (frame % NUMBERS), *SIZE_PX)


def number_of(image: BgrImage) -> int:
    """The number of a frame, up to `NUMBERS`, by its picture."""
    return round((float(np.mean(image)) - 30) / _GREY_STEP) % NUMBERS


def jpeg_payload(frame: int) -> list[bytes]:
    """A frame as RTP payloads by RFC 2435: one here, since loopback takes large packets; Q 255 sends the tables along."""
    width, height = SIZE_PX
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    encoded, data = cv2.imencode(".jpg", picture(frame), sampling)
    assert encoded
    tables, scan = _jpeg_parts(data.tobytes())
    return [struct.pack(">IBBBB", 0, 1, 255, width // 8, height // 8) + struct.pack(">HH", 0, len(tables)) + tables + scan]


def _jpeg_parts(data: bytes) -> tuple[bytes, bytes]:
    """The quantization tables of a baseline JPEG, 64 bytes each, and its scan."""
    tables, place = b"", 2
    while True:
        _, marker, size = struct.unpack_from(">BBH", data, place)
        segment, place = data[place + 4 : place + 2 + size], place + 2 + size
        if marker == 0xDB:
            tables += b"".join(segment[at + 1 : at + 65] for at in range(0, len(segment), 65))
        if marker == 0xDA:
            return tables, data[place:-2]


def h264_coder() -> Callable[[int], list[bytes]]:
    """Frame by frame as RTP payloads by RFC 6184, a NAL unit each; every 25th is a keyframe."""
    import av

    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *SIZE_PX, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 100), Fraction(100)
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "keyint=25:min-keyint=25:threads=1"}

    def encode(frame: int) -> list[bytes]:
        planes = cv2.cvtColor(picture(frame), cv2.COLOR_BGR2YUV_I420)
        coded = b"".join(map(bytes, codec.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p"))))
        return [unit.rstrip(b"\0") for unit in coded.split(b"\0\0\1") if unit.strip(b"\0")]

    return encode


def _requests(waiting: bytearray) -> Iterator[_Request]:
    """The requests that have come whole, taken out of what waits; what a client reports in RTCP is passed over."""
    while waiting:
        if waiting[:1] == b"$":
            if len(waiting) < 4 or len(waiting) < (end := 4 + int.from_bytes(waiting[2:4], "big")):
                return
            del waiting[:end]
            continue
        head, whole, _ = bytes(waiting).partition(b"\r\n\r\n")
        if not whole:
            return
        del waiting[: len(head) + 4]
        first, *rest = head.decode().split("\r\n")
        method, url, _ = first.split(" ")
        yield _Request(method, url, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)})


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
