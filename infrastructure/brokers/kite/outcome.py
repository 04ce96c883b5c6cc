"""What the end of the one call proves. Only an allow-list says that nothing was changed.

Everything that is not on it is unproven: an order that is called rejected may be placed again by a
person, and then there are two. Kite has answered `400` "Order request timed out. Please check the
order book" for orders that then appeared, so not even a 4xx is proof by itself.
"""

import re
from collections.abc import Callable
from typing import Final

import requests

from application.ports.broker_orders import Declined, Unproven
from infrastructure.brokers.calls import NotSent
from infrastructure.brokers.kite import sdk
from infrastructure.brokers.refusals import (
    LOGIN_EXPIRED,
    LONGEST_REASON,
    MAYBE_PLACED,
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
_NOT_THERE: Final = re.compile(r"couldn't find|not found", re.IGNORECASE)
_NAMES_IT: Final = re.compile(r"order_id|\border\b|trigger", re.IGNORECASE)
_NOT_WORKING: Final = re.compile(
    r"order cannot be (modified|cancelled)|maximum allowed order modifications", re.IGNORECASE
)


def outcome_of(error: Exception, hide: Callable[[str], str]) -> Declined | Unproven:
    """What this error proves. `hide` blots the caller's secrets out of Kite's words."""
    if isinstance(error, NotSent):
        return Declined(code=error.code, reason=str(error), reached_broker=False)
    code = _proven_refusal(error) if isinstance(error, sdk.KiteException) else None
    if code is None:
        return Unproven(cause=_cause(error))
    return Declined(code=code, reason=f"Kite refused: {hide(str(error))[:LONGEST_REASON]}")


def _proven_refusal(error: sdk.KiteException) -> str | None:
    words, status = str(error), error.code
    if status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(words):
        return None
    if isinstance(error, sdk.TokenException) and status == 403:
        return LOGIN_EXPIRED
    if status not in (400, 403, 404) or not isinstance(error, _CLASSES_OF_REFUSALS):
        return None
    if status == 404:
        # By itself it may be a gateway's, or that of a route that Kite has moved.
        return "NOT_FOUND" if _NOT_THERE.search(words) and _NAMES_IT.search(words) else None
    if code := proven_by_words(words):
        return code
    if _NOT_WORKING.search(words):
        return "NOT_WORKING"
    if isinstance(error, sdk.InputException) and status == 400:
        return "INPUT_REFUSED"
    if isinstance(error, sdk.PermissionException) and status == 403:
        return "NOT_PERMITTED"
    return None


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    name = type(error).__name__
    # The SDK says 502 of every answer that it cannot read, whatever its status was.
    if isinstance(error, sdk.KiteException) and not isinstance(error, sdk.DataException):
        return f"Kite answered {error.code} ({name}), which does not say if anything was changed."
    if isinstance(error, requests.Timeout):
        return f"Kite did not answer in time ({name})."
    if isinstance(error, requests.RequestException):
        return f"The connection to Kite broke before its answer was complete ({name})."
    return f"Kite's answer made no sense ({name})."
