"""The brokers' faces side by side: their paths do not collide, so one port serves them all.

Kite lives at `/`, because its SDK drops any path from its root; Dhan at `/v2`, `/app` and
`/login`; Groww at `/v1`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.routing import Route

from infrastructure.simulator import dhan_wire, groww_wire, kite_wire
from infrastructure.simulator.dhan_auth_face import DhanAuthFace
from infrastructure.simulator.dhan_face import DhanFace
from infrastructure.simulator.dhan_login import DhanLogins
from infrastructure.simulator.exchange import Exchange
from infrastructure.simulator.groww_face import GrowwFace
from infrastructure.simulator.groww_login import GrowwLogins
from infrastructure.simulator.kite_face import KiteFace
from infrastructure.simulator.kite_login import KiteLogins

_GROWW = "/v1/"
_DHAN = ("/v2/", "/app/", "/login/")


class Logins:
    """Who is logged in at which simulated broker. `now` is the clock that ends logins."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.kite = KiteLogins(now)
        self.groww = GrowwLogins(now)
        self.dhan = DhanLogins(now)

    def user_of(self, path: str, headers: Mapping[str, str]) -> str | None:
        """Who calls at this path, by the headers of the broker that lives there."""
        if path.startswith(_DHAN):
            return self.dhan.user_of(headers.get("access-token", ""))
        authorization = headers.get("authorization", "")
        if path.startswith(_GROWW):
            return self.groww.user_of(authorization)
        return self.kite.user_of(authorization)


def routes(exchange: Exchange, logins: Logins) -> list[Route]:
    """Every route of every broker."""
    return [
        *GrowwFace(exchange, logins.groww).routes(),
        *DhanFace(exchange, logins.dhan).routes(),
        *DhanAuthFace(exchange, logins.dhan).routes(),
        *KiteFace(exchange, logins.kite).routes(),
    ]


def error_body(path: str, status: int) -> bytes:
    """What the broker at this path says when it answers with this status."""
    if path.startswith(_DHAN):
        return dhan_wire.error_body(status)
    return (
        groww_wire.error_body(status) if path.startswith(_GROWW) else kite_wire.error_body(status)
    )
