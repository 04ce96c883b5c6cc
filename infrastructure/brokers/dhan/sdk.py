"""The one module that imports Dhan's SDK, and what has to be put right about it.

As shipped, it never raises: time-outs, half answers and refusals all come back as a dictionary that
says "failure", without the HTTP status. Its `remarks` are a dictionary when Dhan refused and a text
when anything else happened, an empty answer to an accepted request included. It logs through the
root logger, which also sets that up, waits a minute, and its login writes PIN and TOTP into the
log, opens a browser on this machine, and knows no time-outs; logging in is done here instead.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import local
from typing import Any, Protocol

import dhanhq
import msgspec
import requests
from dhanhq import _historical_data, _security, auth, dhan_context, dhan_http

from infrastructure.brokers.calls import Line
from infrastructure.brokers.transport import Session

__all__ = [
    "Auth",
    "DhanClient",
    "DhanRefused",
    "NoAnswer",
    "asked",
    "new_client",
]

# Any: the SDK is not annotated; `mapping` checks what comes out of it.
Row = Mapping[str, Any]

_LONGEST_REFUSAL = 4096


def _silence() -> None:
    """What the SDK would log holds whole answers and addresses. We say what happened ourselves."""
    mute = logging.getLogger("dhanhq")
    mute.disabled = True
    for module in (auth, dhan_context, dhan_http, _historical_data, _security):
        module.logging = mute


_silence()


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """What became of the last request of this thread: a status, or an error, or neither yet."""

    status: int | None = None
    is_empty: bool = False
    error: BaseException | None = None
    body: bytes = b""


class _DataRefusal(msgspec.Struct):
    """How market data is refused: `{"data": {"806": "..."}, "status": "failed"}`."""

    data: dict[str, str]


class DhanRefused(Exception):
    """Dhan answered in its own error shape. `code` is its own (DH-901...; DATA-806... of the market
    data, which has numbers only)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class NoAnswer(Exception):
    """Dhan said nothing that can be understood: a broken connection, or an odd answer.

    `status` is the HTTP status, if there was one; `is_empty` says that there was no body; `error`
    is what the network said; `was_sent` is false when the request was not even handed over.
    """

    def __init__(self, attempt: _Attempt | None) -> None:
        super().__init__("no usable answer")
        seen = attempt or _Attempt()
        self.was_sent = attempt is not None
        self.status = seen.status
        self.is_empty = seen.is_empty
        self.error = seen.error

    @property
    def is_silent_yes(self) -> bool:
        """A 2xx without a word, which is how Dhan says yes to some things."""
        return self.is_empty and self.status is not None and 200 <= self.status < 300


class DhanClient(Protocol):
    """The SDK's methods that are used here."""

    def get_profile(self) -> Row: ...
    def get_fund_limits(self) -> Row: ...
    def get_holdings(self) -> Row: ...
    def get_positions(self) -> Row: ...
    def convert_position(self, **terms: object) -> Row: ...
    def place_order(self, **terms: object) -> Row: ...
    def modify_order(self, **terms: object) -> Row: ...
    def cancel_order(self, order_id: str) -> Row: ...
    def get_order_list(self) -> Row: ...
    def get_order_by_correlationID(self, correlation_id: str) -> Row: ...
    def get_trade_book(self) -> Row: ...
    def place_forever(self, **terms: object) -> Row: ...
    def modify_forever(self, **terms: object) -> Row: ...
    def cancel_forever(self, order_id: str) -> Row: ...
    def get_forever(self) -> Row: ...
    def kill_switch(self, action: str) -> Row: ...
    def status_kill_switch(self) -> Row: ...
    def margin_calculator(self, **terms: object) -> Row: ...
    def margin_calculator_multi(self, scrip_list: list[dict[str, object]]) -> Row: ...
    def ticker_data(self, securities: Mapping[str, list[int]]) -> Row: ...
    def ohlc_data(self, securities: Mapping[str, list[int]]) -> Row: ...
    def quote_data(self, securities: Mapping[str, list[int]]) -> Row: ...
    def intraday_minute_data(self, **terms: object) -> Row: ...
    def historical_daily_data(self, **terms: object) -> Row: ...
    def expiry_list(self, security_id: int, segment: str) -> Row: ...
    def option_chain(self, security_id: int, segment: str, expiry: str) -> Row: ...


class _Watched(Session):
    """Keeps what the SDK throws away. Threads that share a client do not see each other's."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._seen = local()

    def look_away(self) -> None:
        self._seen.attempt = None

    @property
    def attempt(self) -> _Attempt | None:
        found: _Attempt | None = getattr(self._seen, "attempt", None)
        return found

    # Any: whatever `requests` passes on to its own method.
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self._seen.attempt = _Attempt()
        try:
            response = super().send(request, **kwargs)
        except BaseException as error:
            self._seen.attempt = _Attempt(error=error)
            raise
        self._seen.attempt = _Attempt(
            status=response.status_code,
            is_empty=not response.content,
            body=response.content[:_LONGEST_REFUSAL] if response.status_code >= 400 else b"",
        )
        return response


class _Client(dhanhq.dhanhq):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's client. Its headers are made once, so it is for one token."""

    def get_profile(self) -> Row:
        """In the SDK this is part of the login that has no time-outs."""
        profile: Row = self.dhan_http.get("/profile")
        return profile

    def __repr__(self) -> str:
        return "DhanClient()"


def new_client(client_id: str, access_token: str, root: str, line: Line) -> DhanClient:
    """A client for one token, never to be given another. `root` is scheme://host[:port]."""
    context = dhan_context.DhanContext(client_id, access_token)
    http = context.get_dhan_http()
    http.base_url = f"{root}/v2"
    http.session.close()
    http.session = _Watched(line)
    client: DhanClient = _Client(context)
    return client


def asked(client: DhanClient, question: Callable[[DhanClient], Row]) -> object:
    """Ask, and answer with the JSON of a yes.

    Raises:
        DhanRefused, NoAnswer: instead of the SDK's "failure".
    """
    assert isinstance(client, _Client)
    session: _Watched = client.dhan_http.session
    session.look_away()
    envelope = question(client)
    attempt = session.attempt
    if envelope.get("status") == "success":
        return envelope.get("data")
    if attempt is None or attempt.status is None:
        raise NoAnswer(attempt)
    remarks = envelope.get("remarks")
    if isinstance(remarks, dict):
        code, message = remarks.get("error_code"), remarks.get("error_message")
        if isinstance(code, str):
            raise DhanRefused(attempt.status, code, str(message or ""))
        raise _data_refusal(attempt) or NoAnswer(attempt)
    raise NoAnswer(attempt)


def _data_refusal(attempt: _Attempt) -> DhanRefused | None:
    try:
        said = msgspec.json.decode(attempt.body, type=_DataRefusal).data
    except msgspec.DecodeError:
        return None
    numbered = [(code, words) for code, words in said.items() if code.isdigit()]
    if attempt.status is None or len(numbered) != 1:
        return None
    code, words = numbered[0]
    return DhanRefused(attempt.status, f"DATA-{code}", words)


class Auth:
    """Dhan's login host, which the SDK asks without time-outs. `lines` gives the way to it for a
    client id. Every method answers with Dhan's JSON.

    Raises:
        DhanRefused: with Dhan's status and nothing of its words.
        requests.RequestException, ValueError: no usable answer.
    """

    def __init__(self, root: str, lines: Callable[[str], Line]) -> None:
        self._root = root
        self._lines = lines

    def generate_consent(self, client_id: str, app_id: str, app_secret: str) -> object:
        app = {"app_id": app_id, "app_secret": app_secret}
        return self._ask("POST", "generate-consent", client_id, {"client_id": client_id}, app)

    def consume_consent(
        self, client_id: str, token_id: str, app_id: str, app_secret: str
    ) -> object:
        """The SDK says GET and the documentation POST: that one where Dhan refuses the first."""
        app, question = {"app_id": app_id, "app_secret": app_secret}, {"tokenId": token_id}
        try:
            return self._ask("GET", "consumeApp-consent", client_id, question, app)
        except DhanRefused as refused:
            if refused.status != HTTPStatus.METHOD_NOT_ALLOWED:
                raise
        return self._ask("POST", "consumeApp-consent", client_id, question, app)

    def by_pin(self, client_id: str, pin: str, code: str) -> object:
        question = {"dhanClientId": client_id, "pin": pin, "totp": code}
        return self._ask("POST", "generateAccessToken", client_id, question, {})

    def _ask(
        self,
        method: str,
        what: str,
        client_id: str,
        question: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> object:
        # Never closed: that would close the connections that all clients share.
        session = Session(self._lines(client_id))
        answer = session.request(
            method, f"{self._root}/app/{what}", params=dict(question), headers=dict(headers)
        )
        if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            raise DhanRefused(answer.status_code, "", "")
        body: object = answer.json()
        if not 200 <= answer.status_code < 300:
            raise DhanRefused(answer.status_code, "", "")
        return body
