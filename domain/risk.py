"""May this be sent? The limits of a person, the order, and what is known around it, judged."""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from domain.instructions import reduces_risk
from domain.limits import RiskLimits, shown
from domain.risk_rules import RULES, Case
from domain.vocabulary import ChangeKind, ConvertPosition, Mode, OrderTerms, RiskFacts

OF_CONVERSIONS: Final = frozenset(
    {
        *("exchanges", "products", "symbols", "lot", "duplicate"),
        *("orders_per_second", "orders_per_minute", "orders_per_day"),
    }
)
"""The rules for a position that changes its product: nothing is bought or sold, so no price and no
value is judged."""


class Denial(NamedTuple):
    """`threshold` is the limit as it stood (`name=value`); `reason` is for the user."""

    rule: str
    rule_version: int
    threshold: str
    reason: str


def judge(
    limits: RiskLimits,
    terms: OrderTerms,
    mode: Mode,
    facts: RiskFacts,
    now: datetime,
    kind: ChangeKind | Literal["place"] = "place",
) -> Denial | None:
    """The first rule that forbids it. For a modification `terms` are all the new ones."""
    if kind == "cancel" or reduces_risk(terms):  # whoever wants less is never kept from it
        return None
    case = Case(limits, terms, mode, facts, now, kind)
    converts = isinstance(terms.instruction, ConvertPosition)
    for rule in RULES:
        if converts and rule.name not in OF_CONVERSIONS:
            continue
        if broken := rule.check(case):
            threshold = f"{broken.limit}={shown(limits, broken.limit)}"
            reason = f"{broken.what}. Nothing was sent. Next: {broken.instead}."
            return Denial(rule.name, broken.version or rule.version, threshold, reason)
    return None
