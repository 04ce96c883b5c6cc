"""The one module that imports Kite's SDK, and what has to be put right about it.

Importing it takes a quarter of a second, so import it on first use. As shipped, the SDK would also
bring twisted's process-wide reactor, let the environment's proxies and `~/.netrc` into the request,
follow redirects, wait for as long as the network likes while connecting, hold a TLS context per
user, and switch a class of warnings off for the whole process.
"""

import logging
import sys
import warnings
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from types import ModuleType
from typing import Any, Protocol

import requests
import requests.adapters
from urllib3.exceptions import HTTPWarning, MaxRetryError, NewConnectionError


def _leave_the_ticker_out() -> None:
    """Its module installs twisted's reactor on import, and nothing here streams."""
    stub = ModuleType("kiteconnect.ticker")
    stub.__dict__["KiteTicker"] = None
    sys.modules.setdefault("kiteconnect.ticker", stub)


_leave_the_ticker_out()

from kiteconnect import KiteConnect  # noqa: E402  # after the stub is in place
from kiteconnect.exceptions import (  # noqa: E402
    DataException,
    GeneralException,
    InputException,
    KiteException,
    NetworkException,
    OrderException,
    PermissionException,
    TokenException,
)

__all__ = [
    "DataException",
    "GeneralException",
    "InputException",
    "KiteClient",
    "KiteException",
    "NetworkException",
    "OrderException",
    "PermissionException",
    "TokenException",
    "new_client",
    "new_transport",
    "was_never_sent",
]

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
_CONNECTIONS = 64
_warnings_lock = Lock()

# Any: the SDK is not annotated; `mapping` checks what comes out of it.
Row = Mapping[str, Any]


class KiteClient(Protocol):
    """The SDK's methods that are used here."""

    def place_order(self, **terms: str | int) -> object: ...
    def orders(self) -> list[Row]: ...
    def holdings(self) -> list[Row]: ...
    def positions(self) -> Mapping[str, list[Row]]: ...
    def profile(self) -> Row: ...
    def generate_session(self, request_token: str, api_secret: str) -> Row: ...
    def invalidate_access_token(self) -> object: ...


class _Session(requests.Session):
    """One user's session: nothing from the environment, no cookies, no redirects."""

    def __init__(self, transport: requests.adapters.HTTPAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", transport)
        self.mount("http://", transport)

    # Any: whatever `requests` passes on to its own method.
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        # A redirected order would be asked again as a GET, and its failure would look unsent.
        kwargs |= {"allow_redirects": False, "timeout": (CONNECT_SECONDS, READ_SECONDS)}
        return super().send(request, **kwargs)


def new_transport() -> requests.adapters.HTTPAdapter:
    """Connections and the TLS context, to be shared by all clients of one broker. No retries."""
    return requests.adapters.HTTPAdapter(
        pool_connections=4, pool_maxsize=_CONNECTIONS, max_retries=0
    )


def new_client(
    api_key: str,
    access_token: str | None,
    root: str | None,
    transport: requests.adapters.HTTPAdapter,
) -> KiteClient:
    """A client for one token, never to be given another. `root` `None` is Kite's own address."""
    switched_off = ("ignore", None, HTTPWarning, None, 0)
    with _warnings_lock:
        was_off = switched_off in warnings.filters
        client = KiteConnect(api_key=api_key, access_token=access_token, root=root, debug=False)
        if not was_off and switched_off in warnings.filters:
            # The SDK has just silenced urllib3 for everybody. The stubs call the list a sequence.
            warnings.filters.remove(switched_off)  # type: ignore[attr-defined]
    client.reqsession.close()
    client.reqsession = _Session(transport)
    kite: KiteClient = client
    return kite


def was_never_sent(error: Exception) -> bool:
    """Whether this error proves that no byte of the request left: no connection came about.

    Reads where `requests` and urllib3 put the cause, and not `__context__`: that may hold whatever
    the caller was handling before.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


class _WithoutTokens(logging.Filter):
    """Ending a login puts its token into the address, which urllib3 writes down at DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "access_token=" not in record.getMessage()


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutTokens())
