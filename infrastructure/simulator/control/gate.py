"""What stands before every broker's face: its rate limits, and the address that orders come from.

Rules in India let a broker take orders only from an address that the customer has registered.
Until addresses are registered here, every address is good; reads are never checked.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infrastructure.simulator.exchange.limits import RateLimits, category_of


class Addresses:
    """Which addresses may send the orders of which account. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._registered: dict[tuple[str, str], frozenset[str]] = {}

    def register(self, broker: str, user: str, addresses: Iterable[str]) -> None:
        """From now on only these; none at all means that any is good."""
        with self._lock:
            self._registered[broker, user] = frozenset(addresses)

    def allow(self, broker: str, user: str, address: str) -> bool:
        with self._lock:
            registered = self._registered.get((broker, user))
        return not registered or address in registered


class Gate:
    """ASGI middleware around the brokers' faces; the control routes are not behind it."""

    def __init__(
        self,
        app: ASGIApp,
        limits: RateLimits,
        addresses: Addresses,
        now: Callable[[], datetime],
        caller_of: Callable[[str, Mapping[str, str]], tuple[str, str | None]],
        error_body: Callable[[str, int], bytes],
        address_refused: Callable[[str], Response],
    ) -> None:
        """`caller_of(path, headers)` is (broker, user); the last two answer as the broker at a
        path does: with a status of its own, and to an order from a strange address."""
        self.app = app
        self.limits = limits
        self.addresses = addresses
        self.now = now
        self.caller_of = caller_of
        self.error_body = error_body
        self.address_refused = address_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] == "http" and not scope["path"].startswith("/simulator"):
            refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path = scope["path"]
        broker, user = self.caller_of(path, Headers(scope=scope))
        if user is None:
            return None  # the face has its own words for that
        category = category_of(broker, scope["method"], path)
        if not self.limits.allow(broker, user, category, self.now()):
            return Response(self.error_body(path, 429), 429, media_type="application/json")
        peer = scope["client"][0] if scope["client"] else ""
        if category == "orders" and not self.addresses.allow(broker, user, peer):
            return self.address_refused(path)
        return None
