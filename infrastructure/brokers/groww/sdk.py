"""The one module that imports Groww's SDK, and what has to be put right about it.

As shipped, importing it brings pandas, NATS and protobuf (80 MB), and its constructor asks Groww
for a changelog without a time-out, prints to stdout and wraps stdout once more each time. It holds
no connections, waits for ever, takes a list of pairs for a dictionary, and forgets the HTTP status
that says what a refusal is worth. Its instruments and its feed write into site-packages and are not
used here.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol

import requests

from infrastructure.brokers.calls import Line
from infrastructure.brokers.transport import Session


@contextmanager
def _without(stubs: Mapping[str, Mapping[str, object]]) -> Iterator[None]:
    """Stand-ins for modules that are not there yet, for as long as the SDK is being imported."""
    put = [name for name in stubs if name not in sys.modules]
    for name in put:
        stub = ModuleType(name)
        stub.__dict__.update(stubs[name])
        sys.modules[name] = stub
    try:
        yield
    finally:
        for name in put:
            del sys.modules[name]


with _without({"pandas": {"DataFrame": object}, "growwapi.groww.feed": {"GrowwFeed": None}}):
    from growwapi.groww.client import GrowwAPI
    from growwapi.groww.exceptions import GrowwAPIException

__all__ = [
    "GrowwAPIException",
    "GrowwAnswered",
    "GrowwClient",
    "GrowwLoginClient",
    "new_client",
    "new_login_client",
]

OWN_CODES = "GA"

# Any: the SDK's answers are not typed; `mapping` checks what comes out of it.
Row = Mapping[str, Any]


class GrowwAnswered(GrowwAPIException):  # type: ignore[misc]  # the SDK ships no types
    """Groww answered, and not with a yes. `code` is Groww's own (GA...), or "" without one."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code)
        self.status = status
        self.code: str = code
        self.message = message


class GrowwClient(Protocol):
    """The SDK's methods that are used here. Any: dictionaries of the SDK's own shapes."""

    def get_user_profile(self) -> Row: ...
    def get_available_margin_details(self) -> Row: ...
    def get_holdings_for_user(self) -> Row: ...
    def get_positions_for_user(self, segment: str) -> Row: ...
    def get_position_for_trading_symbol(self, trading_symbol: str, segment: str) -> Row: ...
    def place_order(self, **terms: str | int | float | None) -> Row: ...
    def modify_order(self, **terms: str | int | float | None) -> Row: ...
    def cancel_order(self, groww_order_id: str, segment: str) -> Row: ...
    def get_order_list(self, page: int, *, segment: str) -> Row: ...
    def get_order_detail(self, segment: str, groww_order_id: str) -> Row: ...
    def get_order_status_by_reference(self, segment: str, order_reference_id: str) -> Row: ...
    def get_trade_list_for_order(
        self, groww_order_id: str, segment: str, page: int, page_size: int
    ) -> Row: ...
    def create_smart_order(self, **terms: Any) -> Row: ...
    def modify_smart_order(self, **terms: Any) -> Row: ...
    def cancel_smart_order(self, segment: str, smart_order_type: str, order_id: str, /) -> Row: ...
    def get_smart_order(self, segment: str, smart_order_type: str, order_id: str, /) -> Row: ...
    def get_smart_order_list(self, **asked: str | int) -> Row: ...
    def get_ltp(self, exchange_trading_symbols: str, segment: str) -> Row: ...
    def get_ohlc(self, exchange_trading_symbols: str, segment: str) -> Row: ...
    def get_quote(self, trading_symbol: str, exchange: str, segment: str) -> Row: ...
    def get_historical_candles(self, **asked: str) -> Row: ...
    def get_option_chain(self, exchange: str, underlying: str, expiry_date: str) -> Row: ...
    def get_expiries(self, exchange: str, underlying_symbol: str, *, year: int) -> Row: ...
    def get_order_margin_details(self, segment: str, orders: list[dict[str, Any]]) -> Row: ...


class GrowwLoginClient(Protocol):
    """Groww's login, which in the SDK is a function with a fixed address."""

    def day_token(self, proof: Mapping[str, str | int]) -> Row: ...


class _Client(GrowwAPI):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's client over a session of ours. For one token, never to be given another."""

    def __init__(self, token: str, root: str, session: Session) -> None:
        # Never the SDK's own: see above.
        self.domain = f"{root}/v1"
        self.token = token
        self.instruments = None
        self._session = session

    def day_token(self, proof: Mapping[str, str | int]) -> Row:
        """The one answer without an envelope. The client's token is an API key here."""
        answer = self._request_post(
            f"{self.domain}/token/api/access",
            json=dict(proof),
            headers=self._build_headers(self.token),
        )
        return _checked(answer)

    # Any: the SDK's own signatures; its time-outs are ours instead.
    def _request_get(
        self, url: str, params: Any = None, headers: Any = None, timeout: Any = None
    ) -> requests.Response:
        return self._session.get(url, params=params, headers=headers)

    def _request_post(
        self,
        url: str,
        json: Any = None,
        headers: Any = None,
        timeout: Any = None,
        params: Any = None,
    ) -> requests.Response:
        return self._session.post(url, json=json, headers=headers, params=params)

    def _request_put(
        self, url: str, json: Any = None, headers: Any = None, timeout: Any = None
    ) -> requests.Response:
        return self._session.put(url, json=json, headers=headers)

    def _parse_response(self, response: requests.Response) -> Row:
        payload = _checked(response).get("payload")
        if not isinstance(payload, dict):
            raise ValueError("no payload in the answer")
        return payload

    def _load_instruments(self) -> Any:
        raise NotImplementedError("the SDK's instruments are not used")

    def __repr__(self) -> str:
        return "GrowwClient()"


def approval_checksum(api_secret: str, timestamp: int) -> str:
    return hashlib.sha256(f"{api_secret}{timestamp}".encode()).hexdigest()


def new_client(token: str, root: str, line: Line) -> GrowwClient:
    """A client for one token. `root` is scheme://host[:port]."""
    client: GrowwClient = _Client(token, root, Session(line))
    return client


def new_login_client(api_key: str, root: str, line: Line) -> GrowwLoginClient:
    client: GrowwLoginClient = _Client(api_key, root, Session(line))
    return client


def _checked(response: requests.Response) -> Row:
    """The answer's JSON object.

    Raises:
        GrowwAnswered: a status outside of 2xx, or a failure under any status.
        ValueError: not an object at all; whatever it is, it proves nothing.
    """
    body = response.json()
    if not isinstance(body, dict):
        raise ValueError("the answer is not a JSON object")
    is_failure = body.get("status") == "FAILURE"
    if is_failure or not 200 <= response.status_code < 300:
        error = body.get("error")
        told = error if isinstance(error, dict) else {}
        code, message = str(told.get("code") or ""), str(told.get("message") or "")
        is_own = is_failure and code.startswith(OWN_CODES)
        raise GrowwAnswered(response.status_code, code if is_own else "", message)
    return body
