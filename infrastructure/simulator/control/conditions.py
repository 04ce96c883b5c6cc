"""Routes under `/simulator` for what can go wrong and how the market and the brokers behave.

- `POST /simulator/faults` {fault, words?, route?, method?, user?, calls?}: see `faults.KINDS`;
  `words` are those of `reject`, `route` is the beginning of a path. `DELETE` calls all of them off.
- `POST /simulator/lag` {seconds, broker?, user?}: new orders show in the book only so much later;
  for everybody, or for one account.
- `POST /simulator/fills` {broker, user, shares_per_fill, seconds_per_fill}: orders of this account
  fill piece by piece. `DELETE` {broker, user}: as the market's depth allows, as before.
- `POST /simulator/limits` {on}: the brokers' rate limits; off at the start.
- `POST /simulator/addresses` {broker, user, addresses}: orders of this account are taken from these
  addresses only; an empty list ends that.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.control.faults import Fault, Faults, parse_fault
from infrastructure.simulator.control.gate import Addresses
from infrastructure.simulator.control.wire import (
    BrokerWithLogin,
    as_json,
    guarded,
    read,
    user_name,
)
from infrastructure.simulator.exchange.accounts import Liquidity
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.limits import RateLimits

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Every = Annotated[float, msgspec.Meta(ge=0.001, le=86_400)]
Shares = Annotated[int, msgspec.Meta(ge=1)]


class NewFault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`None` matches everything."""

    fault: str
    words: str = ""
    route: str = "/"
    method: str | None = None
    user: str | None = None
    calls: int = 1


class Lag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Of everybody when no account is named."""

    seconds: Seconds
    broker: BrokerWithLogin | None = None
    user: str | None = None


class AccountName(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    broker: BrokerWithLogin
    user: str


class Fills(AccountName, kw_only=True, forbid_unknown_fields=True):
    shares_per_fill: Shares
    seconds_per_fill: Every


class Switch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    on: bool


class AllowedAddresses(AccountName, kw_only=True, forbid_unknown_fields=True):
    addresses: list[str]


@dataclass(kw_only=True)
class Conditions:
    """The routes above over what they set."""

    exchange: Exchange
    faults: Faults = field(default_factory=Faults)
    limits: RateLimits = field(default_factory=RateLimits)
    addresses: Addresses = field(default_factory=Addresses)

    def routes(self) -> list[Route]:
        return [
            Route("/simulator/faults", guarded(self.add_fault), methods=["POST"]),
            Route("/simulator/faults", guarded(self.clear_faults), methods=["DELETE"]),
            Route("/simulator/lag", guarded(self.set_lag), methods=["POST"]),
            Route("/simulator/fills", guarded(self.set_fills), methods=["POST"]),
            Route("/simulator/fills", guarded(self.clear_fills), methods=["DELETE"]),
            Route("/simulator/limits", guarded(self.switch_limits), methods=["POST"]),
            Route("/simulator/addresses", guarded(self.register), methods=["POST"]),
        ]

    async def add_fault(self, request: Request) -> Response:
        new = await read(request, NewFault)
        kind, argument = parse_fault(new.fault)
        self.faults.add(
            Fault(
                kind=kind,
                argument=argument,
                words=new.words,
                route=new.route,
                method=new.method,
                user=new.user,
                calls=new.calls,
            )
        )
        return as_json({"fault": new.fault, "calls": new.calls})

    async def clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return as_json({"faults": 0})

    async def set_lag(self, request: Request) -> Response:
        new = await read(request, Lag)
        lag = timedelta(seconds=new.seconds)
        if new.broker is not None and new.user is not None:
            self.exchange.set_book_lag(new.broker, user_name(new.user), lag)
        elif new.broker is None and new.user is None:
            self.exchange.book_lag = lag
        else:
            raise ValueError("broker and user go together.")
        return as_json({"seconds": lag.total_seconds()})

    async def set_fills(self, request: Request) -> Response:
        new = await read(request, Fills)
        every = timedelta(seconds=new.seconds_per_fill)
        liquidity = Liquidity(shares_per_fill=new.shares_per_fill, every=every)
        self.exchange.set_liquidity(new.broker, user_name(new.user), liquidity)
        return as_json(new)

    async def clear_fills(self, request: Request) -> Response:
        account = await read(request, AccountName)
        self.exchange.set_liquidity(account.broker, user_name(account.user), None)
        return as_json(account)

    async def switch_limits(self, request: Request) -> Response:
        self.limits.on = (await read(request, Switch)).on
        return as_json({"on": self.limits.on})

    async def register(self, request: Request) -> Response:
        new = await read(request, AllowedAddresses)
        self.addresses.register(new.broker, user_name(new.user), new.addresses)
        return as_json(new)
