"""Holdings and positions as Kite shows them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from domain.instants import IST
from infrastructure.simulator.exchange.accounts import Holding
from infrastructure.simulator.exchange.margins import MTF_MARGIN
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.exchange.venue import Venue
from infrastructure.simulator.kite.rows import Row, cells_of, rounded
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import previous_close


class KitePortfolio:
    """Rows at the prices of one moment."""

    def __init__(self, venue: Venue, now: datetime) -> None:
        self._venue = venue
        self._now = now

    def holdings(self, held: Iterable[Holding]) -> list[Row]:
        """One row per share; what was bought with the broker's money is a part of its row."""
        by_isin: dict[str, dict[str, Holding]] = {}
        for each in held:
            by_isin.setdefault(each.isin, {})[each.product] = each
        return [
            self._holding_row(products.get("CNC"), products.get("MTF"))
            for products in by_isin.values()
        ]

    def _holding_row(self, delivery: Holding | None, funded: Holding | None) -> Row:
        either = delivery or funded
        assert either is not None
        last, close = self._last_and_close(either.instrument)
        shares = delivery.quantity_shares if delivery else 0
        sold = delivery.sold_today_shares if delivery else 0
        average = delivery.average_price_inr if delivery else Decimal(0)
        change = last - close
        return {
            **cells_of(either.instrument),
            "isin": either.isin,
            "product": "CNC",
            "price": 0,
            "quantity": shares - sold,
            "used_quantity": sold,
            "t1_quantity": 0,
            "realised_quantity": shares,
            "authorised_quantity": 0,
            "authorised_date": f"{self._now.astimezone(IST):%Y-%m-%d} 00:00:00",
            "authorisation": {},
            "opening_quantity": shares,
            "short_quantity": 0,
            "collateral_quantity": 0,
            "collateral_type": "",
            "discrepancy": False,
            "average_price": rounded(average),
            "last_price": last,
            "close_price": close,
            "pnl": rounded((last - average) * shares),
            "day_change": change,
            "day_change_percentage": rounded(change / close * 100),
            "mtf": _funded_cells(funded),
        }

    def positions(self, open_now: Iterable[Position]) -> Row:
        """`net` counts what was carried into the day, `day` does not."""
        positions = list(open_now)
        return {
            "net": [self._position_row(each, carried=True) for each in positions],
            "day": [
                self._position_row(each, carried=False)
                for each in positions
                if each.buy_shares or each.sell_shares
            ],
        }

    def _position_row(self, position: Position, *, carried: bool) -> Row:
        last, close = self._last_and_close(position.instrument)
        overnight = position.overnight_shares if carried else 0
        before = position.overnight_price_inr
        bought, sold = max(0, overnight), max(0, -overnight)
        buy_shares = position.buy_shares + bought
        buy_value = position.buy_value_inr + bought * before
        sell_shares = position.sell_shares + sold
        sell_value = position.sell_value_inr + sold * before
        net = buy_shares - sell_shares
        buy_price, sell_price = _average(buy_value, buy_shares), _average(sell_value, sell_shares)
        buy_m2m = position.buy_value_inr + bought * close
        sell_m2m = position.sell_value_inr + sold * close
        pnl = rounded(sell_value - buy_value + net * last)
        return {
            **cells_of(position.instrument),
            "product": position.product,
            "quantity": net,
            "overnight_quantity": overnight,
            "multiplier": 1,
            "average_price": rounded((buy_price if net > 0 else sell_price) if net else Decimal(0)),
            "close_price": close,
            "last_price": last,
            "value": sell_value - buy_value,
            "pnl": pnl,
            "m2m": rounded(sell_m2m - buy_m2m + net * last),
            "unrealised": pnl,
            "realised": 0,
            "buy_quantity": buy_shares,
            "buy_price": rounded(buy_price),
            "buy_value": buy_value,
            "buy_m2m": buy_m2m,
            "sell_quantity": sell_shares,
            "sell_price": rounded(sell_price),
            "sell_value": sell_value,
            "sell_m2m": sell_m2m,
            "day_buy_quantity": position.buy_shares,
            "day_buy_price": rounded(position.buy_price_inr),
            "day_buy_value": position.buy_value_inr,
            "day_sell_quantity": position.sell_shares,
            "day_sell_price": rounded(position.sell_price_inr),
            "day_sell_value": position.sell_value_inr,
        }

    def _last_and_close(self, instrument: Instrument) -> tuple[Decimal, Decimal]:
        tape = self._venue.hours.tape(self._now)
        return self._venue.last(instrument, self._now), previous_close(
            self._venue.seed, instrument, tape
        )


def _funded_cells(funded: Holding | None) -> Row:
    shares = funded.quantity_shares - funded.sold_today_shares if funded else 0
    average = funded.average_price_inr if funded else Decimal(0)
    return {
        "quantity": shares,
        "used_quantity": funded.sold_today_shares if funded else 0,
        "average_price": rounded(average),
        "value": rounded(average * shares),
        "initial_margin": rounded(average * shares * MTF_MARGIN),
    }


def _average(value_inr: Decimal, shares: int) -> Decimal:
    return value_inr / shares if shares else Decimal(0)
