"""What the end of the one call proves. Only an allow-list says that nothing was changed.

Everything that is not on it is unproven: an order that is called rejected may be placed again by a
person, and then there are two. DH-906 is Dhan's word for all that can be wrong with an order, so
only its message can prove something; DH-908, 909 and 910 are accidents of its own.
"""

import re
from collections.abc import Callable
from typing import Final

import requests

from application.ports.broker_orders import Declined, Unproven
from infrastructure.brokers.calls import NotSent
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
    ("DH-906", 404): None,
}
"""By Dhan's code and the HTTP status, which have to agree; `None`: only by the words, too."""

_OF_THIS_ORDER: Final = tuple(
    (code, re.compile(words, re.IGNORECASE))
    for code, words in (
        ("NOT_FOUND", r"couldn't find|order not found|no such order"),
        ("NOT_WORKING", r"order cannot be (modified|cancelled)|trigger is (cancelled|triggered)"),
        ("POSITION_TOO_SMALL", r"position is smaller|(no|insufficient) (open )?position"),
        ("STILL_OPEN", r"clos\w+ (all )?positions|positions are closed"),
        ("KILL_SWITCH", r"kill ?switch"),
    )
)


def outcome_of(error: Exception, hide: Callable[[str], str]) -> Declined | Unproven:
    """What this error proves. `hide` blots the caller's secrets out of Dhan's words."""
    cause = error.error if isinstance(error, sdk.NoAnswer) else error
    if isinstance(cause, NotSent):
        return Declined(code=cause.code, reason=str(cause), reached_broker=False)
    if isinstance(error, sdk.NoAnswer) and not error.was_sent:
        return Declined(
            code=NEVER_SENT,
            reason="The request could not even be made; nothing was sent.",
            reached_broker=False,
        )
    code = _proven_refusal(error) if isinstance(error, sdk.DhanRefused) else None
    if code is None:
        return Unproven(cause=_cause(error))
    said = hide(str(error)).strip()[:LONGEST_REASON] or code
    return Declined(code=code, reason=f"Dhan refused: {said}")


def _proven_refusal(error: sdk.DhanRefused) -> str | None:
    if error.code == "DH-904" and error.status == 429:
        return "RATE_LIMITED"
    if MAYBE_PLACED.search(error.message):
        return None
    proof = (error.code, error.status)
    if proof not in _PROOFS:
        return None
    for code, words in _OF_THIS_ORDER:
        if words.search(error.message):
            return code
    return proven_by_words(error.message) or _PROOFS[proof]


def _cause(error: Exception) -> str:
    """One sentence for a person, of our own words only."""
    if isinstance(error, sdk.DhanRefused):
        said = f"{error.status} ({error.code})"
        return f"Dhan answered {said}, which does not say if anything was changed."
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
