"""Reasons why an address gives no picture. FFmpeg inside OpenCV does not report them, so the camera is asked once more."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import SplitResult, urlsplit, urlunsplit

from camdigits.errors import reason_of

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
"""Default ports of RTSP, by scheme."""
_LINE_BYTES = 512
"""Length of an RTSP answer's first line at most, in bytes."""
_REASON_CHARS = 60
"""A server's own reason is cut to this many characters."""
_UNKNOWN = "refused, or no video there; check the address, the password and that the camera is on"
"""What to say when the reason cannot be found."""


def refusal(url: str, timeout_s: float, waited_s: float = 0.0) -> str:
    """Return why an http(s) or rtsp(s) URL gives no picture and what to do: `what; hint`, without any part of the URL.

    timeout_s: how long the camera may keep silent, in seconds.
    waited_s: how much of that has passed.
    The request carries no password, since the camera may already have counted a failure with it.
    """
    silent = f"silent for {timeout_s:g} s; check the address and that the camera is on"
    if waited_s >= timeout_s:
        return silent
    parts = urlsplit(url)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    try:
        ask = _ask_rtsp if parts.scheme in _RTSP_PORTS else _ask_http
        status, reason = ask(place, timeout_s - waited_s)
    except TimeoutError:
        return silent
    except ConnectionRefusedError:
        return "refused: nothing listens there; check the address, its port and that the camera is on"
    except socket.gaierror:
        return "no such host; check the address"
    except ssl.SSLError:
        return f"no encrypted connection there; check the address, or write {parts.scheme[:-1]}://"
    except OSError as error:
        return f"cannot be reached ({reason_of(error)}); check the address and the network"
    except ValueError:  # an invalid address or answer
        return _UNKNOWN
    if status in (401, 403):
        if "@" in parts.netloc:
            return "user and password refused, or no video at that path; check both"
        return f"it asks for a user and password; write them into the address: {parts.scheme}://user:password@..."
    if status == 404:
        return "no video at that path; check what follows the host in the address"
    if status >= 400:
        return f"the camera answers {status} {reason}".rstrip() + "; check the address and whether others use the camera"
    return "no video there that can be read; check what follows the host in the address"


def _ask_rtsp(place: SplitResult, timeout_s: float) -> tuple[int, str]:
    """Return status and reason of an RTSP server's answer. Raises OSError, and ValueError where it does not speak RTSP."""
    request = f"DESCRIBE {urlunsplit(place)} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    address = (place.hostname or "", place.port or _RTSP_PORTS[place.scheme])
    connection = socket.create_connection(address, timeout_s)
    try:
        if place.scheme == "rtsps":
            connection = _any_certificate().wrap_socket(connection)
        connection.sendall(request.encode())
        answer = b""
        while b"\n" not in answer and len(answer) < _LINE_BYTES and (data := connection.recv(_LINE_BYTES)):
            answer += data
    finally:
        connection.close()
    line = re.match(r"RTSP/\S+ (\d{3})([ -~]*)", answer.decode("ascii", "replace"))
    if line is None:
        raise ValueError("no RTSP")
    return int(line[1]), line[2].strip()[:_REASON_CHARS]


def _ask_http(place: SplitResult, timeout_s: float) -> tuple[int, str]:
    """Return status and reason of an HTTP server's answer, through the proxy that the environment names.

    Raises OSError, and ValueError where it does not speak HTTP.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with urlopen(urlunsplit(place), timeout=timeout_s, context=_any_certificate()) as answer:
            return answer.status, answer.reason
    except HTTPError as error:
        with error:
            return error.code, str(error.reason)[:_REASON_CHARS]
    except URLError as error:
        if isinstance(error.reason, OSError) and not isinstance(error.reason, HTTPException):
            raise error.reason from error
        raise ValueError("no HTTP") from error
    except HTTPException as error:
        raise ValueError("no HTTP") from error


def _any_certificate() -> ssl.SSLContext:
    """Return a context that accepts any certificate: cameras sign their own, FFmpeg accepts any, and no secret is sent here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
