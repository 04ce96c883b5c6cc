"""The page `docs/brokers.md`, written from the one table of what brokers can do.

`make docs` writes it; a test says when it is out of date.
"""

import sys
from datetime import timedelta

from domain.capabilities import OFFERS, Offer
from mcp_interface.tools.orders.offers import all_functions, everything

_HEAD = """# What each broker can do

Written by `make docs` from `domain/capabilities.py`; do not edit. `get_order_types_info` answers
with the same. A call for what a broker lacks is refused with `NOT_SUPPORTED_BY_BROKER`.
"""


def markdown() -> str:
    names = list(OFFERS)
    rows = [
        *(
            [argument, *(", ".join(has) for has in per_broker)]
            for argument, per_broker in _by_argument()
        ),
        ["candles", *(", ".join(offer.longest_span) for offer in OFFERS.values())],
        ["GTT", *(", ".join(sorted(offer.gtt_kinds)) or "no" for offer in OFFERS.values())],
    ]
    functions = [
        [function, *("yes" if function in offer.functions else "no" for offer in OFFERS.values())]
        for function in all_functions()
    ]
    limits = [
        [name, *(limit(offer) for offer in OFFERS.values())]
        for name, limit in (
            ("calls per account", _rates),
            ("candles in one request", _spans),
            ("quotes in one request", _batches),
        )
    ]
    notes = [f"- **{name}**: {note}" for name, offer in OFFERS.items() for note in offer.notes]
    parts = [
        _HEAD,
        "## Orders\n",
        table(["argument", *names], rows),
        "\n## Functions\n",
        table(["function", *names], functions),
        "\n## Limits that we keep to\n",
        table(["limit", *names], limits),
        "\n## Worth knowing\n",
        "\n".join(notes) + "\n",
    ]
    return "\n".join(parts)


def _by_argument() -> list[tuple[str, list[list[str]]]]:
    per_broker = [dict(everything(offer)) for offer in OFFERS.values()]
    return [(argument, [each[argument] for each in per_broker]) for argument in per_broker[0]]


def _rates(offer: Offer) -> str:
    return "; ".join(
        f"{category.replace('_', ' ')} {rate.calls} in {rate.seconds:g} s"
        for category, rate in offer.rates.items()
    )


def _spans(offer: Offer) -> str:
    def days(span: timedelta) -> str:
        return f"{span.days} d"

    return "; ".join(f"{interval} {days(span)}" for interval, span in offer.longest_span.items())


def _batches(offer: Offer) -> str:
    return "; ".join(f"{detail} {count}" for detail, count in offer.quotes_per_call.items())


def table(head: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(markdown())
