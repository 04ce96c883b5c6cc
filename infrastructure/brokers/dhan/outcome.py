"""What the end of the one call proves about the order. Only an allow-list says "rejected".

Everything that is not on it is unknown: an order that is called rejected may be placed again by a
person, and then there are two. DH-906 is Dhan's word for all that can be wrong with an order, so
only its message can prove something; DH-908, 909 and 910 are accidents of its own.
"""

from collections.abc import Callable
from typing import Final

import requests

from domain.events import OrderOutcomeUnknown, OrderRejected
from infrastructure.brokers.dhan import sdk
from infrastructure.brokers.refusals import (
    LOGIN_EXPIRED,
    LONGEST_REASON,
    MAYBE_PLACED,
    NEVER_SENT,
    proven_by_words,
)

_PROOFS: Final[dict[tuple[str, int], str | None]] = {
    ("DH-901", 401): LOGIN_EXPIRED,
    ("DH-902", 401): "NOT_PERMITTED",
    ("DH-902", 403): "NOT_PERMITTED",
    ("DH-903", 400): "NOT_PERMITTED",
    ("DH-903", 403): "NOT_PERMITTED",
    ("DH-905", 400): "INPUT_REFUSED",
    ("DH-906", 400): None,
}
"""By Dhan's code and the HTTP status, which have to agree; `None`: only by the words, too."""


def outcome_of(
    error: Exception, order_key: str, hide: Callable[[str], str]
) -> OrderRejected | OrderOutcomeUnknown:
    """The fact that this error proves. `hide` blots the caller's secrets out of Dhan's words."""
    if isinstance(error, sdk.NoAnswer) and (not error.was_sent or sdk.was_never_sent(error.error)):
        return OrderRejected(
            order_key=order_key,
            code=NEVER_SENT,
            reason="No connection to Dhan came about; the order was never sent.",
            reached_broker=False,
        )
    code = _proven_refusal(error) if isinstance(error, sdk.DhanRefused) else None
    if code is None:
        return OrderOutcomeUnknown(order_key=order_key, cause=_cause(error))
    said = hide(str(error)).strip()[:LONGEST_REASON] or code
    return OrderRejected(order_key=order_key, code=code, reason=f"Dhan refused the order: {said}")


def _proven_refusal(error: sdk.DhanRefused) -> str | None:
    if error.code == "DH-904" and error.status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(error.message):
        return None
    proof = (error.code, error.status)
    return (proven_by_words(error.message) or _PROOFS[proof]) if proof in _PROOFS else None


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    if isinstance(error, sdk.DhanRefused):
        return (
            f"Dhan answered {error.status} ({error.code}), which does not say if the order exists."
        )
    if not isinstance(error, sdk.NoAnswer):
        return f"Dhan's answer made no sense ({type(error).__name__})."
    if error.is_empty:
        return f"Dhan answered {error.status} without a word."
    if error.status is not None:
        return f"Dhan answered {error.status} with something that made no sense."
    name = type(error.error).__name__
    if isinstance(error.error, requests.Timeout):
        return f"Dhan did not answer in time ({name})."
    return f"The connection to Dhan broke before its answer was complete ({name})."
