"""What the end of the one call proves about the order. Only an allow-list says "rejected".

Everything that is not on it is unknown: an order that is called rejected may be placed again by a
person, and then there are two. Groww's code GA000 covers its own accidents, and GA003 says that it
could not answer just now, which is not the same as not having acted. GA007 says that an order with
our reference exists: the book will show it.
"""

from collections.abc import Callable

import requests

from domain.events import OrderOutcomeUnknown, OrderRejected
from infrastructure.brokers.groww import sdk
from infrastructure.brokers.refusals import (
    LOGIN_EXPIRED,
    LONGEST_REASON,
    MAYBE_PLACED,
    NEVER_SENT,
    proven_by_words,
)


def outcome_of(
    error: Exception, order_key: str, hide: Callable[[str], str]
) -> OrderRejected | OrderOutcomeUnknown:
    """The fact that this error proves. `hide` blots the caller's secrets out of Groww's words."""
    if sdk.was_never_sent(error):
        return OrderRejected(
            order_key=order_key,
            code=NEVER_SENT,
            reason="No connection to Groww came about; the order was never sent.",
            reached_broker=False,
        )
    code = _proven_refusal(error) if isinstance(error, sdk.GrowwAnswered) else None
    if code is None:
        return OrderOutcomeUnknown(order_key=order_key, cause=_cause(error))
    said = hide(str(error)).strip()[:LONGEST_REASON] or code
    return OrderRejected(order_key=order_key, code=code, reason=f"Groww refused the order: {said}")


def _proven_refusal(error: sdk.GrowwAnswered) -> str | None:
    status, code, words = error.status, error.code, error.message
    if status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(words):
        return None
    if status == 401:
        return LOGIN_EXPIRED
    if status == 403:
        return proven_by_words(words) or "NOT_PERMITTED"
    if status != 400 or code not in ("GA001", "GA006"):
        return None
    return proven_by_words(words) or ("INPUT_REFUSED" if code == "GA001" else None)


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    if isinstance(error, sdk.GrowwAnswered):
        if error.code == "GA007":
            return "Groww says that an order with this order's reference exists already."
        told = f"{error.status} ({error.code})" if error.code else f"{error.status}"
        return f"Groww answered {told}, which does not say if the order exists."
    name = type(error).__name__
    if isinstance(error, requests.Timeout):
        return f"Groww did not answer in time ({name})."
    if isinstance(error, requests.JSONDecodeError):
        return f"Groww's answer made no sense ({name})."
    if isinstance(error, requests.RequestException):
        return f"The connection to Groww broke before its answer was complete ({name})."
    return f"Groww's answer made no sense ({name})."
