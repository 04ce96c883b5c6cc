"""Dhan's account over HTTP: who it is, money, shares, positions, margins, the kill switch."""

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.dhan import rows
from infrastructure.simulator.dhan.answers import of_user
from infrastructure.simulator.dhan.login import DHAN, DhanLogins
from infrastructure.simulator.dhan.margins import Basket, Single, basket_row, margin_row, request_of
from infrastructure.simulator.dhan.wire import (
    BAD_BODY,
    PRODUCTS,
    Conversion,
    DhanError,
    answer,
    instrument_of,
    read,
)
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import listed

_SWITCH = {"ACTIVATE": True, "DEACTIVATE": False}


class DhanAccountFace:
    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        logins = self.logins
        return [
            of_user(logins, "/profile", self.profile),
            of_user(logins, "/RenewToken", self.renew),
            of_user(logins, "/fundlimit", self.funds),
            of_user(logins, "/margincalculator", self.margin, "POST"),
            of_user(logins, "/margincalculator/multi", self.basket, "POST"),
            of_user(logins, "/holdings", self.holdings),
            of_user(logins, "/positions", self.positions),
            of_user(logins, "/positions", self.exit_all, "DELETE"),
            of_user(logins, "/positions/convert", self.convert, "POST"),
            of_user(logins, "/killswitch", self.switch, "POST"),
            of_user(logins, "/killswitch", self.switched),
            of_user(logins, "/edis/tpin", self.noted),
        ]

    async def profile(self, user: str, request: Request) -> Response:
        ends_at = self.logins.ends_at(request.headers.get("access-token", ""))
        return answer(200, rows.profile_row(user, ends_at))

    async def renew(self, user: str, request: Request) -> Response:
        login = self.logins.issue(user)
        name = self.exchange.account_name(DHAN, user)
        return answer(200, rows.token_row(user, name, login.token, login.ends_at))

    async def funds(self, user: str, request: Request) -> Response:
        return answer(200, rows.funds_row(user, self.exchange.funds(DHAN, user)))

    async def holdings(self, user: str, request: Request) -> Response:
        """Somebody without any gets an error, not an empty list."""
        held = self.exchange.holdings(DHAN, user)
        if not held:
            raise DhanError(404, "Holding_Error", "DH-1111", "No holdings available")
        return answer(200, [rows.holding_row(each, self._last(each.instrument)) for each in held])

    async def positions(self, user: str, request: Request) -> Response:
        found = self.exchange.positions(DHAN, user)
        return answer(200, [rows.position_row(user, p, self._last(p.instrument)) for p in found])

    async def exit_all(self, user: str, request: Request) -> Response:
        self.exchange.exit_all(DHAN, user)
        return answer(200, {"status": "SUCCESS", "message": "All orders and positions exited"})

    async def convert(self, user: str, request: Request) -> Response:
        asked = read(await request.body(), Conversion)
        source, target = PRODUCTS[asked.from_product_type], PRODUCTS[asked.to_product_type]
        if source == target:
            raise Refused("INPUT", "Invalid toProductType.")
        listing = listed(self.exchange.now())
        instrument = instrument_of(listing, asked.exchange_segment, asked.security_id)
        self.exchange.convert(
            DHAN,
            user,
            instrument.symbol,
            source,
            asked.convert_qty,
            target=target,
            exchange=instrument.exchange,
        )
        return Response(status_code=202)

    async def margin(self, user: str, request: Request) -> Response:
        asked = read(await request.body(), Single)
        wanted = request_of(asked, listed(self.exchange.now()))
        return answer(
            200,
            margin_row(
                self.exchange.margin(DHAN, user, wanted),
                self.exchange.charges(wanted),
                self.exchange.funds(DHAN, user).available_inr,
            ),
        )

    async def basket(self, user: str, request: Request) -> Response:
        """`includeOrder` changes nothing here: pending orders block their margins already."""
        asked = read(await request.body(), Basket)
        listing = listed(self.exchange.now())
        margin = self.exchange.basket_margin(
            DHAN,
            user,
            [request_of(each, listing) for each in asked.scrip_list],
            consider_positions=asked.include_position,
        )
        return answer(200, basket_row(margin))

    async def switch(self, user: str, request: Request) -> Response:
        on = _SWITCH.get(request.query_params.get("killSwitchStatus", ""))
        if on is None:
            raise DhanError(*BAD_BODY)
        self.exchange.set_kill_switch(DHAN, user, on=on)
        done = f"Kill Switch has been successfully {'activated' if on else 'deactivated'}"
        return answer(200, {"dhanClientId": user, "killSwitchStatus": done})

    async def switched(self, user: str, request: Request) -> Response:
        status = "ACTIVATE" if self.exchange.kill_switch(DHAN, user) else "DEACTIVATE"
        return answer(200, {"dhanClientId": user, "killSwitchStatus": status})

    async def noted(self, user: str, request: Request) -> Response:
        return Response(status_code=202)

    def _last(self, instrument: Instrument) -> Decimal:
        return self.exchange.venue.last(instrument, self.exchange.now())
