"""The brokers' faces side by side: their paths do not collide, so one port serves them all.

Kite lives at `/`, because its SDK drops any path from its root; Dhan at `/v2`, `/app` and
`/login`; Groww at `/v1`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.responses import Response
from starlette.routing import BaseRoute

from infrastructure.simulator.dhan import wire as dhan_wire
from infrastructure.simulator.dhan.auth_face import DhanAuthFace
from infrastructure.simulator.dhan.face import DhanFace
from infrastructure.simulator.dhan.login import DHAN, DhanLogins
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.groww import wire as groww_wire
from infrastructure.simulator.groww.face import GrowwFace
from infrastructure.simulator.groww.login import GROWW, GrowwLogins
from infrastructure.simulator.kite import wire as kite_wire
from infrastructure.simulator.kite.answers import KITE
from infrastructure.simulator.kite.face import KiteFace
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.masters.routes import Masters

_GROWW = "/v1/"
_DHAN = ("/v2/", "/app/", "/login/")


class Logins:
    """Who is logged in at which simulated broker. `now` is the clock that ends logins."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.kite = KiteLogins(now)
        self.groww = GrowwLogins(now)
        self.dhan = DhanLogins(now)

    def caller_of(self, path: str, headers: Mapping[str, str]) -> tuple[str, str | None]:
        """The broker that lives at this path, and who calls by the headers that it reads."""
        if path.startswith(_DHAN):
            return DHAN, self.dhan.user_of(headers.get("access-token", ""))
        authorization = headers.get("authorization", "")
        if path.startswith(_GROWW):
            return GROWW, self.groww.user_of(authorization)
        return KITE, self.kite.user_of(authorization)

    def end(self, path: str, headers: Mapping[str, str]) -> None:
        """Make the token worthless that a call at this path came with."""
        authorization = headers.get("authorization", "")
        if path.startswith(_DHAN):
            self.dhan.end(headers.get("access-token", ""))
        elif path.startswith(_GROWW):
            self.groww.end(authorization)
        else:
            api_key, _, access_token = authorization.removeprefix("token ").partition(":")
            self.kite.end(api_key, access_token)


def routes(exchange: Exchange, logins: Logins) -> list[BaseRoute]:
    """Every route of every broker."""
    return [
        *Masters(exchange.now).routes(),
        *GrowwFace(exchange, logins.groww).routes(),
        *DhanFace(exchange, logins.dhan).routes(),
        *DhanAuthFace(exchange, logins.dhan).routes(),
        *KiteFace(exchange, logins.kite).routes(),
    ]


def error_body(path: str, status: int, words: str | None = None) -> bytes:
    """What the broker at this path says when it answers with this status; `words` instead of its
    own."""
    if path.startswith(_DHAN):
        return dhan_wire.error_body(status, words)
    if path.startswith(_GROWW):
        return groww_wire.error_body(status, words)
    return kite_wire.error_body(status, words)


def address_refused(path: str) -> Response:
    """What the broker at this path says to an order from an address that is not registered.

    The words are from memory; each broker's own differ in what else they say.
    """
    if path.startswith(_DHAN):
        return dhan_wire.failure(
            dhan_wire.DhanError(400, "Input_Exception", "DH-905", "Invalid IP")
        )
    words = "This IP is not registered. Orders are taken from registered addresses only."
    if path.startswith(_GROWW):
        return groww_wire.failure(groww_wire.GrowwError(403, "GA005", words))
    return kite_wire.failure(kite_wire.KiteError(403, "PermissionException", words))
