"""What the end of the one call proves. Only an allow-list says that nothing was changed.

Everything that is not on it is unproven: an order that is called rejected may be placed again by a
person, and then there are two. Groww's code GA000 covers its own accidents, and GA003 says that it
could not answer just now, which is not the same as not having acted. GA007 says that an order with
our reference exists: the book will show it. GA004 says that what was named does not exist, which
proves that it was not changed; to somebody who places something it does not say what is missing.
"""

import re
from collections.abc import Callable
from typing import Final

import requests

from application.ports.broker_orders import Declined, Unproven
from infrastructure.brokers.calls import NotSent
from infrastructure.brokers.groww import sdk
from infrastructure.brokers.groww.mapping import NO_SUCH_THING
from infrastructure.brokers.refusals import (
    LOGIN_EXPIRED,
    LONGEST_REASON,
    MAYBE_PLACED,
    proven_by_words,
)

_NOT_WORKING: Final = re.compile(
    r"order cannot be (modified|cancelled)|maximum allowed order modifications", re.IGNORECASE
)


def outcome_of(
    error: Exception, hide: Callable[[str], str], *, places: bool
) -> Declined | Unproven:
    """What this error proves. `hide` blots the caller's secrets out of Groww's words; `places`:
    the call was to make something new."""
    if isinstance(error, NotSent):
        return Declined(code=error.code, reason=str(error), reached_broker=False)
    code = _proven_refusal(error, places) if isinstance(error, sdk.GrowwAnswered) else None
    if code is None:
        return Unproven(cause=_cause(error))
    said = hide(str(error)).strip()[:LONGEST_REASON] or code
    return Declined(code=code, reason=f"Groww refused: {said}")


def _proven_refusal(error: sdk.GrowwAnswered, places: bool) -> str | None:
    status, code, words = error.status, error.code, error.message
    if status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(words):
        return None
    if status == 401:
        return LOGIN_EXPIRED
    if status == 403:
        return proven_by_words(words) or "NOT_PERMITTED"
    if status == 404:
        return "NOT_FOUND" if code == NO_SUCH_THING and not places else None
    if status != 400 or code not in ("GA001", "GA006"):
        return None
    if code == "GA006" and _NOT_WORKING.search(words):
        return "NOT_WORKING"
    return proven_by_words(words) or ("INPUT_REFUSED" if code == "GA001" else None)


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    if isinstance(error, sdk.GrowwAnswered):
        if error.code == "GA007":
            return "Groww says that an order with this order's reference exists already."
        told = f"{error.status} ({error.code})" if error.code else f"{error.status}"
        return f"Groww answered {told}, which does not say if anything was changed."
    name = type(error).__name__
    if isinstance(error, requests.Timeout):
        return f"Groww did not answer in time ({name})."
    if isinstance(error, requests.JSONDecodeError):
        return f"Groww's answer made no sense ({name})."
    if isinstance(error, requests.RequestException):
        return f"The connection to Groww broke before its answer was complete ({name})."
    return f"Groww's answer made no sense ({name})."
