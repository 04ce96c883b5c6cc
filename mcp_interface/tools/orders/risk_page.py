"""The page `docs/risk.md`, written from the one table of limits and the one list of rules.

`make docs` writes it; a test says when it is out of date.
"""

import sys

from domain.limits import LIMITS, RiskLimits, about, shown
from domain.risk_rules import RULES
from mcp_interface.tools.orders.offers_page import table

_HEAD = """# What an order may be at most

Written by `make docs` from `domain/limits.py` and `domain/risk_rules.py`; do not edit.

Every order and every modification is judged before anything is sent, paper ones too. Whatever is
over a limit is refused with `ORDER_DENIED`, and the denial is an event with the rule, its version,
the limit as it stood and everything that the rule saw. Cancellations are never judged.

## Limits
"""

_TAIL = """
- For everybody: `TRADING_RISK_LIMITS='max_order_value_inr=500000, denied_symbols=NFO:NIFTY'` at the
  start of the server. A limit that cannot be read keeps it from starting.
- For one person: `trading-server risk set asha max_orders_per_day=20 --reason "asked for it"`, from
  the next order on and on every instance; `max_orders_per_day=default` takes it back. Both are
  events.
- `trading-server risk show asha` says what holds, and who set it.

Lists have `|` inside, and a change replaces the whole list. `NFO:NIFTY` stands for every contract
on NIFTY.

## Rules

In the order in which they are asked; the first that forbids an order is told.

"""

_NOTES = """
- An order's value is its quantity times its limit price; without one the trigger or the last price,
  whichever is more. Of futures that is the whole contract, of options the premium, also where one
  is sold: neither is the margin.
- Without a last price that is fresh enough, MARKET and SL-M orders are denied, and the price band
  judges nothing. A last price of 0 is none.
- Ticks, lots and prices are known of instruments in the day's table (`trading-server instruments
  load`).
- Freeze quantities are those of index contracts as of February 2026. Exchanges revise them every
  month: what counts is the exchange's own list, and the exchange refuses what is above it.
- Market hours are those of the calendar (`get_market_status`), with each exchange's holidays and
  special sessions. Behind its last day Monday to Friday are taken for trading days. After-market
  orders (`amo`) are exempt.
- Counters are of one person over all sessions, labels, brokers and instances, and begin anew at
  midnight IST. They are folds of events: a restart forgets nothing. An order that was proven not to
  be at the broker gives its value back, and still counts as one that was asked for.
- Of a modification, all the new terms are judged; the day's value takes only what it adds.

## Would yesterday's orders have passed other limits?

    trading-server audit whatif asha --day 2026-11-20 --limits "max_order_value_inr=50000"

judges every order of that day again, with what was known of it then. Counters are counted again
over the orders that would have passed. What was denied then and passes now counts as sent, as if
the person had said yes and the broker had taken it; what was in doubt then stays in doubt. Orders
of a release that did not keep what the rules look at are listed as not judged. Exit code 1: an
order that was sent would be denied.
"""


def markdown() -> str:
    defaults = RiskLimits()
    limits = [
        [f"`{name}`", f"`{shown(defaults, name)}`".replace("|", "\\|"), about(name)]
        for name in LIMITS
    ]
    rules = [[f"`{rule.name}`", str(rule.version)] for rule in RULES]
    return (
        "\n".join(
            [
                _HEAD,
                table(["limit", "default", "what it is for"], limits),
                _TAIL + table(["rule", "version"], rules),
                _NOTES,
            ]
        ).rstrip()
        + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(markdown())
