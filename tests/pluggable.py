"""Servers on loopback that can be unplugged and plugged in again: what the network cameras of tests are made on."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Pluggable:
    """Serves each connection on a thread of its own, `_serve`, until it is unplugged; `served` counts them."""

    def __init__(self) -> None:
        self.served = self.port = 0
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.plug_in()

    def plug_in(self) -> None:
        """Listen, on the same port as before."""
        self._ends.clear()
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)

    def unplug(self) -> None:
        """Close the port and every connection; threads are ended."""
        self._ends.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # ends accept on every system
        self._listening.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._open.clear()

    def _start(self, call: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ends.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if self._ends.is_set():
                connection.close()
                return
            self._open.append(connection)
            self.served += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError
