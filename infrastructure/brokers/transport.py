"""How requests of every adapter go out, whatever its SDK would have done.

As shipped, the SDKs let the environment's proxies and `~/.netrc` into the request, follow
redirects, wait for as long as the network likes, and hold connections and a TLS context per user.
Here every request of a broker passes `Session.send`: reads are asked again, writes go once, by the
way that is set for the account or not at all.
"""

import logging
import re
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import stamina

from application.ports.broker import BrokerDown, RateLimited
from application.ports.egress import DIRECT
from infrastructure.brokers.calls import Line, NotSent
from infrastructure.brokers.connections import ATTEMPT, Attempt, Transport
from infrastructure.brokers.routes import Route, route_of
from infrastructure.brokers.ways import is_usable

ATTEMPTS: Final = 3
LONGEST_PAUSE_SECONDS: Final = 2.0
MOST_BYTES: Final = 64 * 1024**2
"""Of one answer, unpacked. The largest right ones are candles and option chains, of a few MB."""

_PIECE_BYTES: Final = 64 * 1024
_WORTH_ASKING_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_CONNECTION_BROKE: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


class Session(requests.Session):
    """One account's session over one way: nothing from the environment, no cookies."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        transport = line.calls.transport(line.egress)
        self.mount("https://", transport)
        self.mount("http://", transport)

    # Any: whatever `requests` passes on to its own method.
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Raises:
        NotSent: a write of which no byte left.
        BrokerDown: a read for which there is no way out.
        RateLimited: a read that our own limit or the broker's forbids for now.
        """
        assert request.method is not None
        path = urlsplit(str(request.url)).path
        route = route_of(self._line.calls.broker, request.method, path)
        return self._write(request, route) if route.is_write else self._read(request, route)

    def _write(self, request: requests.PreparedRequest, route: Route) -> requests.Response:
        line, times = self._line, self._line.calls.time_outs
        self._must_leave_by_its_way(str(request.url))
        turn = line.may_write(route.category, places=route.places)
        attempt = Attempt(
            line.egress,
            time.monotonic() + times.whole,
            leaving=turn.must_hold,
        )
        clear, says_something = False, route.category == "order"
        try:
            response = self._once(request, attempt, times.write)
            clear = _is_clear(response)
            return response
        except NotSent:  # its turn went by here: nothing about the broker
            says_something = False
            raise
        except requests.RequestException as error:
            if attempt.begun:
                raise
            raise _not_sent(error, line) from None
        finally:
            if says_something:
                line.write_ended(clear=clear)

    def _read(self, request: requests.PreparedRequest, route: Route) -> requests.Response:
        line, times = self._line, self._line.calls.time_outs
        if not is_usable(line.egress):
            raise BrokerDown(
                "This account's calls leave from an address that this machine does not have now. "
                "Ask the operator (trading-server egress show)."
            )
        last_start = time.monotonic() + times.retrying

        def ask() -> requests.Response:
            line.may_read(route.category)
            now = time.monotonic()
            # The first one has all its time; later ones share what is left for asking again.
            whole = times.whole if not tried else max(1.0, last_start - now)
            tried.append(now)
            return self._once(request, Attempt(line.egress, now + whole), times.read)

        tried: list[float] = []
        response = _asked_again(ask, times.retrying)
        if response.status_code == 429:
            raise RateLimited(_pause_of(response) or 1.0)
        return response

    def _once(
        self, request: requests.PreparedRequest, attempt: Attempt, read_seconds: float
    ) -> requests.Response:
        set_here = ATTEMPT.set(attempt)
        try:
            # A redirected order would be asked again as a GET, and its failure would look unsent.
            response = super().send(
                request,
                allow_redirects=False,
                stream=True,
                timeout=(self._line.calls.time_outs.connect, read_seconds),
            )
            _read_whole(response)
            return response
        finally:
            ATTEMPT.reset(set_here)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: else `requests` would unpack the answer to prepare what is never followed."""

    def _must_leave_by_its_way(self, url: str) -> None:
        """Raises: NotSent."""
        transport = self.get_adapter(url)
        egress = self._line.egress
        leads_there = isinstance(transport, Transport) and transport.egress == egress
        if not leads_there or not is_usable(egress):
            raise NotSent(
                "EGRESS_UNAVAILABLE",
                "This account's orders leave from an address that this machine does not have now; "
                "nothing was sent. Next: ask the operator (trading-server egress show).",
            )


class AnswerTooLarge(requests.RequestException):
    """No broker has that much to say; unpacked, a small answer could fill the memory."""


def _read_whole(response: requests.Response) -> None:
    """As `requests` does by itself, but for the bound."""
    whole = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        whole += piece
        if len(whole) > MOST_BYTES:
            response.close()
            raise AnswerTooLarge
    response._content = bytes(whole)


class _Again(Exception):
    """Worth another try. Holds no words of the network's, which may repeat an address."""

    def __init__(self, answer: requests.Response | requests.RequestException) -> None:
        super().__init__()
        self.answer = answer


def _asked_again(ask: Callable[[], requests.Response], seconds: float) -> requests.Response:
    """The answer of the last attempt, or its error."""
    attempts = stamina.retry_context(
        on=_pause_before_another,
        attempts=ATTEMPTS,
        timeout=seconds,
        wait_initial=0.2,
        wait_max=LONGEST_PAUSE_SECONDS,
        wait_jitter=0.2,
    )
    try:
        for attempt in attempts:
            with attempt:
                return _worth_keeping(ask)
    except _Again as last:
        answer = last.answer
        if isinstance(answer, requests.Response):
            return answer
        raise answer from None
    raise AssertionError("stamina ends with an answer or an exception")


def _worth_keeping(ask: Callable[[], requests.Response]) -> requests.Response:
    try:
        response = ask()
    except _CONNECTION_BROKE as error:
        raise _Again(error) from None
    too_long = (_pause_of(response) or 0.0) > LONGEST_PAUSE_SECONDS
    if response.status_code in _WORTH_ASKING_AGAIN and not too_long:
        raise _Again(response)
    return response


def _pause_before_another(error: Exception) -> bool | float:
    if not isinstance(error, _Again):
        return False
    answer = error.answer
    return (isinstance(answer, requests.Response) and _pause_of(answer)) or True


def _pause_of(response: requests.Response) -> float | None:
    """Seconds, where the broker says how long to wait."""
    said = response.headers.get("Retry-After", "")
    return float(said) if re.fullmatch(r"\d{1,5}", said) else None


def _is_clear(response: requests.Response) -> bool:
    """Whether a write was answered by the broker itself, with a yes or with a no."""
    if response.status_code >= 500:
        return False
    try:
        return not response.content or response.json() is not None
    except ValueError:
        return False


def _not_sent(error: Exception, line: Line) -> NotSent:
    broker = line.calls.broker.title()
    if line.egress == DIRECT:
        return NotSent("NEVER_SENT", f"No connection to {broker} came about; nothing was sent.")
    return NotSent(
        "EGRESS_UNAVAILABLE",
        f"The way that is set for this account did not lead to {broker} "
        f"({type(error).__name__}); nothing was sent. Next: try again, or ask the operator "
        "(trading-server egress show).",
    )


class _WithoutSecrets(logging.Filter):
    """Some logins and logouts put secrets into the address, which urllib3 logs at DEBUG."""

    _telling = re.compile(r"[?&](access_token|pin|totp|tokenId)=|://[^/\s@]*:[^/\s@]*@")

    def filter(self, record: logging.LogRecord) -> bool:
        return not self._telling.search(record.getMessage())


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutSecrets())
# Of an answer with a broken header it logs the address and all that was left of the head, at
# WARNING; a far side that repeats what it was sent puts tokens and passwords there.
logging.getLogger("urllib3.connection").setLevel(logging.CRITICAL + 1)
# By default it logs through structlog, which prints to stdout wherever nobody has set that up.
stamina.instrumentation.set_on_retry_hooks([])
