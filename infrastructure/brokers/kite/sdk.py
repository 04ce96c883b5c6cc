"""The one module that imports Kite's SDK, and what has to be put right about it.

Importing it takes a quarter of a second, so import it on first use. As shipped, the SDK would also
bring twisted's process-wide reactor and switch a class of warnings off for the whole process; what
is wrong with how it sends, `transport` says.
"""

import sys
import warnings
from collections.abc import Mapping
from threading import Lock
from types import ModuleType
from typing import Any, Protocol

from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPWarning

from infrastructure.brokers.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Session,
    new_transport,
    was_never_sent,
)


def _leave_the_ticker_out() -> None:
    """Its module installs twisted's reactor on import, and nothing here streams."""
    stub = ModuleType("kiteconnect.ticker")
    stub.__dict__["KiteTicker"] = None
    sys.modules.setdefault("kiteconnect.ticker", stub)


_leave_the_ticker_out()

from kiteconnect import KiteConnect  # noqa: E402  # after the stub is in place
from kiteconnect.exceptions import (  # noqa: E402  # likewise
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


def new_client(
    api_key: str,
    access_token: str | None,
    root: str | None,
    transport: HTTPAdapter,
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
    client.reqsession = Session(transport, (CONNECT_SECONDS, READ_SECONDS))
    kite: KiteClient = client
    return kite
