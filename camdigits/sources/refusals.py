"""Why an address gives no picture: FFmpeg inside OpenCV keeps that to itself, so the camera is asked once more."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import SplitResult, urlsplit, urlunsplit

from camdigits.errors import reason_of

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
_LINE_BYTES = 512
_REASON_CHARS = 60
_UNKNOWN = "refused, or no video there; check the address, the password and that the camera is on"


def refusal(url: str, timeout_s: float, waited_s: float = 0.0) -> str:
    """Why nothing could be read of an http(s) or rtsp(s) URL, and how to mend it: `what; hint`, without any part of the URL.

    The camera is asked without the password, which it may have counted as a failure once already. timeout_s: how long it may
    keep silent, of which `waited_s` are over.
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
    except ValueError:  # no address, or no answer that is one
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
    """Status and reason of what an RTSP server says of an address. Raises OSError, and ValueError where it speaks no RTSP."""
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
    """The same of an HTTP server, by way of the proxy that the environment names."""
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
    """Cameras sign their certificates themselves; FFmpeg takes any, and no secret of ours is sent here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
