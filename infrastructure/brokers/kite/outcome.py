"""What the end of the one call proves about the order. Only an allow-list says "rejected".

Everything that is not on it is unknown: an order that is called rejected may be placed again by a
person, and then there are two. Kite has answered `400` "Order request timed out. Please check the
order book" for orders that then appeared, so not even a 4xx is proof by itself.
"""

from collections.abc import Callable

import requests

from domain.events import OrderOutcomeUnknown, OrderRejected
from infrastructure.brokers.kite import sdk
from infrastructure.brokers.refusals import (
    LOGIN_EXPIRED,
    LONGEST_REASON,
    MAYBE_PLACED,
    NEVER_SENT,
    proven_by_words,
)

# Kite's classes for refusals by the trading rules are OrderException and some that the SDK does not
# know and turns into GeneralException, so that only the words remain.
_CLASSES_OF_REFUSALS = (
    sdk.InputException,
    sdk.OrderException,
    sdk.PermissionException,
    sdk.GeneralException,
)


def outcome_of(
    error: Exception, order_key: str, hide: Callable[[str], str]
) -> OrderRejected | OrderOutcomeUnknown:
    """The fact that this error proves. `hide` blots the caller's secrets out of Kite's words."""
    if sdk.was_never_sent(error):
        return OrderRejected(
            order_key=order_key,
            code=NEVER_SENT,
            reason="No connection to Kite came about; the order was never sent.",
            reached_broker=False,
        )
    code = _proven_refusal(error) if isinstance(error, sdk.KiteException) else None
    if code is None:
        return OrderOutcomeUnknown(order_key=order_key, cause=_cause(error))
    said = hide(str(error))[:LONGEST_REASON]
    return OrderRejected(order_key=order_key, code=code, reason=f"Kite refused the order: {said}")


def _proven_refusal(error: sdk.KiteException) -> str | None:
    words, status = str(error), error.code
    if status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(words):
        return None
    if isinstance(error, sdk.TokenException) and status == 403:
        return LOGIN_EXPIRED
    if status not in (400, 403) or not isinstance(error, _CLASSES_OF_REFUSALS):
        return None
    if code := proven_by_words(words):
        return code
    if isinstance(error, sdk.InputException) and status == 400:
        return "INPUT_REFUSED"
    if isinstance(error, sdk.PermissionException) and status == 403:
        return "NOT_PERMITTED"
    return None


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    name = type(error).__name__
    if isinstance(error, sdk.KiteException):
        return f"Kite answered {error.code} ({name}), which does not say if the order exists."
    if isinstance(error, requests.Timeout):
        return f"Kite did not answer in time ({name})."
    if isinstance(error, requests.RequestException):
        return f"The connection to Kite broke before its answer was complete ({name})."
    return f"Kite's answer made no sense ({name})."
