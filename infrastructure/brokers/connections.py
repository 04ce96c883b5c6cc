"""Connections that know by which way they lead, and when it is enough.

`requests` bounds every wait for bytes and no answer as a whole: a far side that sends a byte now
and then holds a thread for ever. And what it is asked to send from is what it tries, not what it
proves. Both are put right below it, where the socket is.
"""

import functools
import http.client
import io
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
import requests
import requests.adapters
from urllib3.exceptions import NewConnectionError
from urllib3.poolmanager import PoolManager

from application.ports.egress import Egress

_CONNECTIONS: Final = 64
_ADDRESSES: Final = 4


@dataclass
class Attempt:
    """One request of one thread. `begun` once bytes of it may have left.

    `leaving` is called just before; what it raises keeps the request here.
    """

    egress: Egress
    ends_at: float
    leaving: Callable[[], None] | None = None
    begun: bool = False


ATTEMPT: Final[ContextVar[Attempt | None]] = ContextVar("attempt", default=None)


class Transport(requests.adapters.HTTPAdapter):
    """Connections of one way, to be shared by all clients that take it. No retries of its own."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self._through = {"http": egress.proxy, "https": egress.proxy} if egress.proxy else {}
        super().__init__(pool_connections=_ADDRESSES, pool_maxsize=_CONNECTIONS, max_retries=0)

    # Any: whatever `requests` passes on.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self.egress.source:
            kwargs["source_address"] = (self.egress.source, 0)
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager, self.egress)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy not in self.proxy_manager:
            if proxy.startswith("https"):
                kwargs["proxy_ssl_context"] = _tls()
            _watch(super().proxy_manager_for(proxy, **kwargs), self.egress)
        return super().proxy_manager_for(proxy, **kwargs)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            pool["ssl_context"] = _tls()
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The shared context verifies; the original would load the authorities anew each time."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        kwargs["proxies"] = self._through
        return super().send(request, *args, **kwargs)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Of the whole process: a private one costs 0.9 MB and 29 ms."""
    return ssl.create_default_context(cafile=certifi.where())


def _watch(manager: PoolManager, egress: Egress) -> None:
    """Let this manager's pools make connections of the kind below, whatever kind they made."""
    classes: dict[str, Any] = dict(manager.pool_classes_by_scheme)
    manager.pool_classes_by_scheme = {
        scheme: type(
            pool.__name__,
            (pool,),
            {"ConnectionCls": type("Watched", (_Watched, pool.ConnectionCls), {"egress": egress})},
        )
        for scheme, pool in classes.items()
    }


class _BoundedReads(io.RawIOBase):
    """The bytes of one answer: each wait is cut to what the attempt has left."""

    def __init__(self, raw: Any, connection: Any, ends_at: float) -> None:
        """Any: the standard library's file over a socket or over TLS, and that socket."""
        self._raw = raw
        self._socket = connection
        self._ends_at = ends_at
        self._each_seconds = connection.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        each = self._each_seconds
        self._socket.settimeout(left if each is None else min(left, each))
        read: int = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        attempt = ATTEMPT.get()
        if attempt is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_BoundedReads(raw, sock, attempt.ends_at))

    def begin(self) -> None:
        """Up to the head of the answer itself. The original passes over 100 only, and leaves the
        answer behind another early word in the connection, for whoever uses it next."""
        super().begin()
        while 100 < self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]  # the original's own mark
            super().begin()
        if self.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self.will_close = True


class _Watched:
    """Mixed into urllib3's connections, plain, over TLS and through SOCKS alike."""

    egress: Egress
    response_class = _BoundedResponse
    # Any, and what is ignored below: urllib3's own, of the class that this is mixed into.
    sock: Any
    proxy: Any
    connect: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # apart from sending: what fails here has sent nothing
        attempt = ATTEMPT.get()
        if (attempt is not None and attempt.egress != self.egress) or not self._leads_by_its_way():
            raise NewConnectionError(self, "this connection leads another way")  # type: ignore[arg-type]
        if attempt is not None:
            if attempt.leaving is not None:
                attempt.leaving()
            if time.monotonic() >= attempt.ends_at:
                raise NewConnectionError(self, "too late to begin")  # type: ignore[arg-type]
            attempt.begun = True
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _leads_by_its_way(self) -> bool:
        if self.egress.source is not None:
            return bool(self.sock.getsockname()[0] == self.egress.source)
        socks = getattr(self, "_socks_options", None)
        through = (
            (socks["proxy_host"], socks["proxy_port"])
            if socks
            else (self.proxy.host.strip("[]"), self.proxy.port)
            if self.proxy
            else None
        )
        if self.egress.proxy is None:
            return through is None
        wanted = urlsplit(self.egress.proxy)
        return through == (wanted.hostname, wanted.port)
