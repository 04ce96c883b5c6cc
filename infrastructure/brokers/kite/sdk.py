"""The one module that imports Kite's SDK, and what has to be put right about it.

Importing it takes a quarter of a second, so import it on first use. As shipped, the SDK would also
bring twisted's process-wide reactor and switch a class of warnings off for the whole process; what
is wrong with how it sends, `transport` says.
"""

import sys
import warnings
from collections.abc import Mapping, Sequence
from threading import Lock
from types import ModuleType
from typing import Any, Protocol

from urllib3.exceptions import HTTPWarning

from infrastructure.brokers.calls import Line
from infrastructure.brokers.transport import Session


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
]

_warnings_lock = Lock()

# Any: the SDK is not annotated; the `map_*` modules check what comes out of it.
Answer = Any


class KiteClient(Protocol):
    """The SDK's methods that are used here."""

    def place_order(self, **terms: str | int) -> Answer: ...
    def modify_order(self, **terms: str | int) -> Answer: ...
    def cancel_order(self, variety: str, order_id: str) -> Answer: ...
    def convert_position(self, **terms: str | int) -> Answer: ...
    def place_gtt(self, **terms: Any) -> Answer: ...
    def modify_gtt(self, trigger_id: str, **terms: Any) -> Answer: ...
    def delete_gtt(self, trigger_id: str) -> Answer: ...
    def profile(self) -> Answer: ...
    def margins(self) -> Answer: ...
    def orders(self) -> Answer: ...
    def order_history(self, order_id: str) -> Answer: ...
    def trades(self) -> Answer: ...
    def holdings(self) -> Answer: ...
    def positions(self) -> Answer: ...
    def get_gtts(self) -> Answer: ...
    def ltp(self, *instruments: str) -> Answer: ...
    def ohlc(self, *instruments: str) -> Answer: ...
    def quote(self, *instruments: str) -> Answer: ...
    def historical_data(
        self, instrument_token: int, from_date: str, to_date: str, interval: str, *, oi: bool
    ) -> Answer: ...
    def order_margins(self, params: Sequence[Mapping[str, Any]]) -> Answer: ...
    def basket_order_margins(
        self, params: Sequence[Mapping[str, Any]], consider_positions: bool
    ) -> Answer: ...
    def get_virtual_contract_note(self, params: Sequence[Mapping[str, Any]]) -> Answer: ...
    def generate_session(self, request_token: str, api_secret: str) -> Answer: ...
    def invalidate_access_token(self) -> Answer: ...


class _Client(KiteConnect):  # type: ignore[misc]  # the SDK is not annotated
    """The SDK without its parsers: they find the date of each row out by trial, and hold the
    interpreter for 0.65 s over 22,500 candles. The `map_*` modules read rows as they came."""

    def _format_historical(self, data: Answer) -> Answer:
        return data["candles"]

    def _format_response(self, data: Answer) -> Answer:
        return data

    def _parse_instruments(self, data: Answer) -> Answer:
        raise NotImplementedError("120,000 rows at once: the instrument table is loaded elsewhere")


def new_client(
    api_key: str,
    access_token: str | None,
    root: str | None,
    line: Line,
) -> KiteClient:
    """A client for one token, never to be given another. `root` `None` is Kite's own address."""
    switched_off = ("ignore", None, HTTPWarning, None, 0)
    with _warnings_lock:
        was_off = switched_off in warnings.filters
        client = _Client(api_key=api_key, access_token=access_token, root=root, debug=False)
        if not was_off and switched_off in warnings.filters:
            # The SDK has just silenced urllib3 for everybody. The stubs call the list a sequence.
            warnings.filters.remove(switched_off)  # type: ignore[attr-defined]
    client.reqsession.close()
    client.reqsession = Session(line)
    kite: KiteClient = client
    return kite
