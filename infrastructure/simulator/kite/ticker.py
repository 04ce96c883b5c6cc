"""Kite's ticker: prices as binary frames and orders as texts, over one WebSocket at `/`.

Unlike at Kite, only what has changed is sent again. Its limit of 3,000 instruments a connection is
from memory; its limit of three connections is not kept.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Final

import anyio
import anyio.to_thread
import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import Order
from infrastructure.simulator.kite.answers import KITE
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.kite.packets import HEARTBEAT, Mode, frame, packet
from infrastructure.simulator.kite.rows import Row, order_row
from infrastructure.simulator.market.quotes import quote
from infrastructure.simulator.market.universe import listed

EVERY_SECONDS: Final = 0.25
MOST_TOKENS: Final = 3000
_FIRST_MODE: Final[Mode] = "quote"
_HEARTBEAT_TURNS: Final = 4
_UNTOLD: Final = ("PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING")
_NOT_IN_POSTBACKS: Final = ("modified", "validity_ttl", "tags")

_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Subscribe(msgspec.Struct, tag_field="a", tag="subscribe"):
    v: list[int]


class _Unsubscribe(msgspec.Struct, tag_field="a", tag="unsubscribe"):
    v: list[int]


class _SetMode(msgspec.Struct, tag_field="a", tag="mode"):
    v: tuple[Mode, list[int]]


_decode = msgspec.json.Decoder(_Subscribe | _Unsubscribe | _SetMode).decode


class Feed:
    """What one connection wants to know, and what it has been told."""

    def __init__(self, exchange: Exchange, user: str, api_secret: str) -> None:
        self._exchange = exchange
        self._user = user
        self._secret = api_secret
        self._modes: dict[int, Mode] = {}
        self._told: dict[int, bytes] = {}
        self._cursor = exchange.updates_end(KITE, user)

    def wish(self, text: str | bytes) -> str | None:
        """Take one message of the client; what is wrong with it, if anything is."""
        try:
            asked = _decode(text)
        except msgspec.DecodeError:
            return "Invalid message."
        match asked:
            case _Subscribe(v=tokens):
                wanted = dict.fromkeys(tokens, _FIRST_MODE) | self._modes
                if len(wanted) > MOST_TOKENS:
                    return f"Only {MOST_TOKENS} instruments are allowed on one connection."
                self._modes = wanted
            case _Unsubscribe(v=tokens):
                for token in tokens:
                    self._modes.pop(token, None)
                    self._told.pop(token, None)
            case _SetMode(v=(mode, tokens)):
                self._modes |= {token: mode for token in tokens if token in self._modes}
        return None

    def ticks(self) -> bytes | None:
        """A frame with what has changed; `None` when nothing has."""
        now = self._exchange.now()
        tape, listing = self._exchange.venue.hours.tape(now), listed(now)
        changed = []
        for token, mode in list(self._modes.items()):
            instrument = listing.by_instrument_token(token)
            if instrument is None:
                continue
            fresh = packet(mode, quote(self._exchange.seed, instrument, tape), now)
            if self._told.get(token) != fresh:
                self._told[token] = fresh
                changed.append(fresh)
        return frame(changed) if changed else None

    def updates(self) -> Iterator[bytes]:
        """What has become of the user's orders since the last time, as texts."""
        steps, self._cursor = self._exchange.updates_since(KITE, self._user, self._cursor)
        for step in steps:
            if step.status not in _UNTOLD:
                yield _encode({"type": "order", "data": postback(self._user, step, self._secret)})


class KiteTicker:
    """`every_seconds` is how often it looks for news."""

    def __init__(
        self, exchange: Exchange, logins: KiteLogins, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._exchange = exchange
        self._logins = logins
        self._every_seconds = every_seconds

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/", self.serve)]

    async def serve(self, line: WebSocket) -> None:
        asked = line.query_params
        api_key = asked.get("api_key", "")
        authorization = f"token {api_key}:{asked.get('access_token', '')}"
        user = self._logins.user_of(authorization)
        if user is None:
            await line.close()  # before it is accepted: the handshake is answered with 403
            return
        await line.accept()
        feed = Feed(self._exchange, user, self._logins.secret_of(api_key))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._talk, line, feed, authorization)
            while (heard := await line.receive())["type"] == "websocket.receive":
                wrong = feed.wish(heard.get("text") or heard.get("bytes") or "")
                if wrong is not None:
                    await line.send_json({"type": "error", "data": wrong})
            tasks.cancel_scope.cancel()

    async def _talk(self, line: WebSocket, feed: Feed, authorization: str) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            await self._tell(line, feed, authorization)

    async def _tell(self, line: WebSocket, feed: Feed, authorization: str) -> None:
        """Until the token ends.

        Raises:
            WebSocketDisconnect: whoever listened has hung up.
        """
        quiet_turns = 0
        while self._logins.user_of(authorization) is not None:
            ticks = await anyio.to_thread.run_sync(feed.ticks)
            quiet_turns = 0 if ticks else quiet_turns + 1
            if ticks:
                await line.send_bytes(ticks)
            elif quiet_turns % _HEARTBEAT_TURNS == 1:
                await line.send_bytes(HEARTBEAT)
            for update in await anyio.to_thread.run_sync(lambda: list(feed.updates())):
                await line.send_text(update.decode())
            await anyio.sleep(self._every_seconds)
        await line.close()


def postback(user: str, order: Order, api_secret: str) -> Row:
    """An order as it is told while it lives; a partly filled or modified one is an UPDATE."""
    row = order_row(user, order)
    for name in _NOT_IN_POSTBACKS:
        row.pop(name, None)
    if order.status == "OPEN" and (order.filled_shares or order.modified):
        row["status"] = "UPDATE"
    signed = f"{order.order_id}{row['order_timestamp']}{api_secret}"
    return row | {
        "user_id": user,
        "unfilled_quantity": order.pending_shares,
        "app_id": 0,
        "checksum": hashlib.sha256(signed.encode()).hexdigest(),
    }
