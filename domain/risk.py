"""May this be sent? The limits of a person, the order, and what is known around it, judged."""

from datetime import datetime
from typing import Literal, NamedTuple

from domain.limits import RiskLimits, shown
from domain.risk_rules import RULES, Case
from domain.vocabulary import ChangeKind, Mode, OrderTerms, RiskFacts


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
    if kind == "cancel":  # whoever wants less risk is never kept from it
        return None
    case = Case(limits, terms, mode, facts, now, kind)
    for rule in RULES:
        if broken := rule.check(case):
            threshold = f"{broken.limit}={shown(limits, broken.limit)}"
            reason = f"{broken.what}. Nothing was sent. Next: {broken.instead}."
            return Denial(rule.name, rule.version, threshold, reason)
    return None
