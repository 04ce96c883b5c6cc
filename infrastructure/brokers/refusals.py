"""The words by which brokers' refusals are told apart, and those that make a refusal no proof."""

import re
from typing import Final

from application.ports.broker_orders import LOGIN_EXPIRED as LOGIN_EXPIRED

NEVER_SENT: Final = "NEVER_SENT"
LONGEST_REASON: Final = 300

MAYBE_PLACED: Final = re.compile(
    r"tim(e|ed|ing)[ -]?out|order ?book before|may (have|be)|not be confirmed|gateway|unreachable",
    re.IGNORECASE,
)

_PROVEN_BY_WORDS: Final = [
    (code, re.compile(words, re.IGNORECASE))
    for code, words in (
        ("IP_NOT_ALLOWED", r"\bip\b.*(not allowed|not whitelisted|not registered)|invalid ip\b"),
        ("INSUFFICIENT_FUNDS", r"insufficient (funds|margin)|margin exceeds|required margin is"),
        ("INSUFFICIENT_HOLDINGS", r"insufficient (stock )?holdings?\b"),
        ("MARKET_CLOSED", r"markets? (is|are) closed"),
        ("PRICE_REFUSED", r"tick size|circuit limits?\b|market protection"),
        (
            "NOT_TRADABLE",
            r"expired or does not exist|blocked for trading|not allowed to (be )?trade",
        ),
    )
]


def proven_by_words(words: str) -> str | None:
    """The code of the trading rule that these words name; `None` when they name none."""
    for code, proven in _PROVEN_BY_WORDS:
        if proven.search(words):
            return code
    return None
