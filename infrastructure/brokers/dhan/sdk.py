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
from threading import local
from typing import Any, Protocol

import dhanhq
import requests
from dhanhq import auth, dhan_context, dhan_http
from requests.adapters import HTTPAdapter

from infrastructure.brokers.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Session,
    new_transport,
    was_never_sent,
)

__all__ = [
    "DhanClient",
    "DhanRefused",
    "NoAnswer",
    "asked",
    "log_in",
    "new_client",
    "new_transport",
    "was_never_sent",
]

# Any: the SDK is not annotated; `mapping` checks what comes out of it.
Row = Mapping[str, Any]


def _silence() -> None:
    """What the SDK would log holds whole answers and addresses. We say what happened ourselves."""
    mute = logging.getLogger("dhanhq")
    mute.disabled = True
    for module in (auth, dhan_context, dhan_http):
        module.logging = mute


_silence()


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """What became of the last request of this thread: a status, or an error, or neither yet."""

    status: int | None = None
    is_empty: bool = False
    error: BaseException | None = None


class DhanRefused(Exception):
    """Dhan answered in its own error shape. `code` is its own (DH-901...)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class NoAnswer(Exception):
    """Dhan said nothing that can be understood: a broken connection, or an odd answer.

    `status` is the HTTP status, if there was one; `is_empty` says that a 2xx had no body; `error`
    is what the network said; `was_sent` is false when the request was not even handed over.
    """

    def __init__(self, attempt: _Attempt | None) -> None:
        super().__init__("no usable answer")
        seen = attempt or _Attempt()
        self.was_sent = attempt is not None
        self.status = seen.status
        self.is_empty = seen.is_empty
        self.error = seen.error


class DhanClient(Protocol):
    """The SDK's methods that are used here."""

    def place_order(self, **terms: object) -> Row: ...
    def get_order_list(self) -> Row: ...
    def get_holdings(self) -> Row: ...
    def get_positions(self) -> Row: ...
    def get_profile(self) -> Row: ...


class _Watched(Session):
    """Keeps what the SDK throws away. Threads that share a client do not see each other's."""

    def __init__(self, transport: HTTPAdapter) -> None:
        super().__init__(transport, (CONNECT_SECONDS, READ_SECONDS))
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
        self._seen.attempt = _Attempt(status=response.status_code, is_empty=not response.content)
        return response


class _Client(dhanhq.dhanhq):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's client. Its headers are made once, so it is for one token."""

    def get_profile(self) -> Row:
        """In the SDK this is part of the login that has no time-outs."""
        profile: Row = self.dhan_http.get("/profile")
        return profile

    def __repr__(self) -> str:
        return "DhanClient()"


def new_client(client_id: str, access_token: str, root: str, transport: HTTPAdapter) -> DhanClient:
    """A client for one token, never to be given another. `root` is scheme://host[:port]."""
    context = dhan_context.DhanContext(client_id, access_token)
    http = context.get_dhan_http()
    http.base_url = f"{root}/v2"
    http.session.close()
    http.session = _Watched(transport)
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
    remarks = envelope.get("remarks")
    if isinstance(remarks, dict) and attempt is not None and attempt.status is not None:
        code, message = remarks.get("error_code"), remarks.get("error_message")
        if isinstance(code, str):
            raise DhanRefused(attempt.status, code, str(message or ""))
    raise NoAnswer(attempt)


def log_in(auth_root: str, transport: HTTPAdapter, client_id: str, pin: str, code: str) -> object:
    """A day's token for a PIN and the code of an authenticator app; answers with Dhan's JSON.

    Raises:
        DhanRefused: with Dhan's status and nothing of its words.
        requests.RequestException, ValueError: no usable answer.
    """
    # Never closed: that would close the connections that all clients share.
    session = Session(transport, (CONNECT_SECONDS, READ_SECONDS))
    question = {"dhanClientId": client_id, "pin": pin, "totp": code}
    answer = session.post(f"{auth_root}/app/generateAccessToken", params=question)
    body: object = answer.json()
    if not 200 <= answer.status_code < 300:
        raise DhanRefused(answer.status_code, "", "")
    return body
