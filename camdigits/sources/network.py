"""Network cameras and what else a URL leads to: streams, clips, stills."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar
from urllib.parse import urlsplit

import cv2

from camdigits.errors import SourceError
from camdigits.runtime.clock import seconds
from camdigits.runtime.native import start_inside
from camdigits.runtime.process import wait_within
from camdigits.sources.clips import ClipSource, Shot, clip_of, connect, grab, shots_of
from camdigits.sources.live import Capture, LiveParams, LiveSource
from camdigits.sources.refusals import refusal
from camdigits.sources.stills import StillSource

Result = TypeVar("Result")
_URL_SCHEMES = ("http", "https", "rtsp", "rtsps")
_PATH_SECRETS = re.compile(r"((?:user\w*|pass\w*|pwd|token|key|secret|auth)=)[^_&;/]*", re.IGNORECASE)
_DECODER_THREADS = 2
"""For a stream. FFmpeg gives a frame of H.264 or H.265 late by one for each thread beside the first, and OpenCV would start one
for each core: most of a second late on sixteen. Two keep up with larger pictures than one does."""


def is_url(name: str) -> bool:
    return "://" in name


def public_name(url: str) -> str:
    """A URL without what may be secret: user and password, fragment, the values of its query; other text as it is.

    Every value of the query is hidden: makers of cameras have a hundred names for a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ":" in authority:
        # The last @, since a password that was not percent-encoded may hold / ? # and @ itself.
        rest = rest.rpartition("@")[2]
    path, _, query = rest.partition("#")[0].partition("?")
    hidden = "&".join(f"{name}=***" if equals else "***" for name, equals, _ in (p.partition("=") for p in query.split("&")))
    place = _PATH_SECRETS.sub(r"\1***", path)
    return f"{scheme}://{place}?{hidden}" if query else f"{scheme}://{place}"


def open_url(url: str, timeout_s: float, reconnect: bool) -> StillSource | ClipSource | LiveSource:
    """Open a URL. timeout_s: how long it may keep silent. reconnect: whether a stream that is lost is sought again.

    Raises SourceError.
    """
    name = public_name(url)
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    url = f"{scheme}{separator}{rest}"  # phones begin what is typed with a capital, which FFmpeg takes for another
    if scheme not in _URL_SCHEMES:
        raise SourceError(f"{name}: only http, https and rtsp addresses can be opened; name a file by its path")
    if not _has_host(url):
        raise SourceError(f"{name}: no address of a camera; it should look like http://192.168.1.20:8080/video")

    timeout_ms = round(timeout_s * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    options += [cv2.CAP_PROP_N_THREADS, _DECODER_THREADS]

    def connect_anew() -> Capture:
        # Not quietened: a server may keep us waiting, and meanwhile nobody could say anything.
        return connect(url, options)

    def begin() -> tuple[Capture, Shot, Shot | None]:
        began_s = seconds()
        capture = connect_anew()
        # FFmpeg opens a stream of which nothing comes, too, and would wait as long again for its first frame.
        first = grab(capture, name) if capture.isOpened() and seconds() - began_s < timeout_s else None
        if first is None:
            capture.release()
            raise SourceError(f"{name}: gives no picture: {refusal(url, timeout_s, seconds() - began_s)}")
        return capture, first, grab(capture, name)

    try:
        capture, first, second = _in_background(begin)
    except UnicodeEncodeError as error:
        raise SourceError(f"{name}: not an address, some of its letters are not UTF-8; write it anew") from error
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        return clip_of(capture, name, shots_of(capture, name, first, second))
    if second is None:  # one picture and no more: a still behind a URL
        capture.release()
        return StillSource(name, first.image)
    lost = "the stream ended or was cut off: check the camera and the network"
    # A stream that ended stays ended, while a camera may drop a frame; one that is taken up again shows nothing before its next
    # keyframe, which many cameras send every four seconds, or ten.
    params = LiveParams(retry_s=0.0, answer_s=timeout_s)
    return LiveSource(name, lambda: capture, lost=lost, reconnect=connect_anew if reconnect else None, params=params)


def _in_background(call: Callable[[], Result]) -> Result:
    """What `call` gives. It runs on a thread of its own, so that Ctrl-C ends the program while a server keeps it waiting."""
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    start_inside(run)
    wait_within(lambda wait_s: wait([outcome], wait_s).done)
    return outcome.result()


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
