"""A person's yes or no to exactly one order: proposed, and used up once within two minutes."""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain import events as e
from domain.errors import ProposalRefused
from domain.session import TradingSession, must_be_open
from domain.vocabulary import Approval

APPROVAL_LIFE: Final = timedelta(seconds=120)
MOST_PROPOSALS: Final = 20
"""Open ones of a session: whoever asks for more is not asking a person."""


def text_hash(text: str) -> str:
    """Of what a person was shown (SHA-256, 64 hex digits)."""
    return hashlib.sha256(text.encode()).hexdigest()


def propose(
    session: TradingSession, proposal: e.OrderProposed, now: datetime
) -> list[e.SessionEvent]:
    """Decide: ask the person.

    Raises:
        SessionHasExpired: see `must_be_open`.
        ProposalRefused: too many wait for an answer.
    """
    must_be_open(session, now)
    waiting = [p for p in session.proposals.values() if now < p.expires_at]
    if len(waiting) >= MOST_PROPOSALS:
        raise ProposalRefused(
            f"{len(waiting)} orders wait for the user's yes already; nothing was sent. Next: let "
            "the user answer those first."
        )
    return [proposal]


def confirm(
    session: TradingSession, proposal_id: str, method: Approval, by: UUID, now: datetime
) -> tuple[e.OrderProposed, e.OrderConfirmed]:
    """Decide: take the yes. The caller stores it together with what it allows.

    Raises:
        ProposalRefused: there is no such proposal, it was answered, or it is too old.
    """
    proposal = waiting(session, proposal_id, now)
    return proposal, e.OrderConfirmed(
        order_key=proposal.order_key,
        proposal_id=proposal_id,
        method=method,
        by=by,
        text_hash=proposal.text_hash,
    )


def decline(
    session: TradingSession, proposal_id: str, method: Approval, by: UUID, reason: str
) -> list[e.SessionEvent]:
    """Decide: take the no. Nothing where it was answered before."""
    proposal = session.proposals.get(proposal_id)
    if proposal is None:
        return []
    return [
        e.OrderDeclined(
            order_key=proposal.order_key,
            proposal_id=proposal_id,
            method=method,
            by=by,
            reason=reason,
        )
    ]


def waiting(session: TradingSession, proposal_id: str, now: datetime) -> e.OrderProposed:
    """Raises:
    ProposalRefused: there is no such proposal, it was answered, or it is too old.
    """
    proposal = session.proposals.get(proposal_id)
    if proposal is None:
        raise ProposalRefused(
            "This order does not wait for a yes (any more); it was answered, or never proposed. "
            "Next: get_orders(); then, if the user still wants it, create_order again."
        )
    if now >= proposal.expires_at:
        raise ProposalRefused(
            f"The yes came after {APPROVAL_LIFE.seconds} s, so nothing was sent. Next: "
            "create_order again, if the user still wants it."
        )
    return proposal
