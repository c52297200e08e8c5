"""Network cameras and whatever else a URL leads to: streams, clips, stills."""

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
"""What a call in the background returns."""
_URL_SCHEMES = ("http", "https", "rtsp", "rtsps")
"""Schemes of the URLs that can be opened."""
_PATH_SECRETS = re.compile(r"((?:user\w*|pass\w*|pwd|token|key|secret|auth)=)[^_&;/]*", re.IGNORECASE)
"""Names and values in a URL's path that may be passwords."""
_DECODER_THREADS = 2
"""Threads that decode a stream. Two keep up with larger pictures than one does.

FFmpeg delays frames of H.264 and H.265 by one for each further thread. OpenCV would start a thread for each core: on sixteen, a
delay of most of a second.
"""


def is_url(name: str) -> bool:
    return "://" in name


def public_name(url: str) -> str:
    """Return a URL without its secrets: user and password, fragment, and the values of its query. Other text stays as it is.

    All values of the query are hidden, since makers of cameras have a hundred names for a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ":" in authority:
        # The last @ counts: a password that was not percent-encoded may contain / ? # and @ itself.
        rest = rest.rpartition("@")[2]
    path, _, query = rest.partition("#")[0].partition("?")
    hidden = "&".join(f"{name}=***" if equals else "***" for name, equals, _ in (p.partition("=") for p in query.split("&")))
    place = _PATH_SECRETS.sub(r"\1***", path)
    return f"{scheme}://{place}?{hidden}" if query else f"{scheme}://{place}"


def open_url(url: str, timeout_s: float, reconnect: bool) -> StillSource | ClipSource | LiveSource:
    """Open a URL.

    timeout_s: how long it may keep silent, in seconds.
    reconnect: whether a stream that is lost is opened again.
    Raises SourceError.
    """
    name = public_name(url)
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    url = f"{scheme}{separator}{rest}"  # phones capitalise what is typed; FFmpeg knows schemes in lower case
    if scheme not in _URL_SCHEMES:
        raise SourceError(f"{name}: only http, https and rtsp addresses can be opened; name a file by its path")
    if not _has_host(url):
        raise SourceError(f"{name}: no address of a camera; it should look like http://192.168.1.20:8080/video")

    timeout_ms = round(timeout_s * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    options += [cv2.CAP_PROP_N_THREADS, _DECODER_THREADS]

    def connect_anew() -> Capture:
        # stderr is not silenced here: a server may keep us waiting, and nobody could write to it meanwhile.
        return connect(url, options)

    def begin() -> tuple[Capture, Shot, Shot | None]:
        began_s = seconds()
        capture = connect_anew()
        # FFmpeg also opens a stream that sends nothing, and would wait as long again for its first frame.
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
    # A stream that ended stays ended, unlike a camera that drops a frame. A reopened one shows nothing before its next
    # keyframe, which many cameras send every four or ten seconds.
    params = LiveParams(retry_s=0.0, answer_s=timeout_s)
    return LiveSource(name, lambda: capture, lost=lost, reconnect=connect_anew if reconnect else None, params=params)


def _in_background(call: Callable[[], Result]) -> Result:
    """Return what `call` returns, from a thread of its own, so that Ctrl-C works while a server keeps it waiting."""
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
