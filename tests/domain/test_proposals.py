"""A person's yes is about exactly one order, is used once, and does not keep."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import events as e
from domain.errors import ProposalRefused, SessionHasExpired
from domain.proposals import MOST_PROPOSALS, confirm, decline, propose, text_hash
from tests.domain.facts import (
    ASHA,
    CONFIRMED,
    CREATED,
    DECLINED,
    OPENING_BELL,
    PROPOSED,
    given,
)

INSTANT = timedelta(microseconds=1)
TOO_LATE = OPENING_BELL + timedelta(seconds=120)
MANY = [replace(PROPOSED, proposal_id=f"p{n}") for n in range(1, MOST_PROPOSALS + 1)]
ONE_MORE = replace(PROPOSED, proposal_id="one more")


def test_the_hash_of_a_text_is_the_same_in_every_release():
    assert (
        text_hash("Buy 10 shares of INFY for ₹1,480.50.")
        == "4da1d049b997fe1d0e25f2b92b9600ba31911c02c510a3d897fa24b587e2f688"
    )


# Asking


def test_a_proposal_is_written_down_as_it_was_made():
    assert propose(given(CREATED), PROPOSED, OPENING_BELL) == [PROPOSED]


def test_a_session_that_is_over_proposes_nothing():
    with pytest.raises(SessionHasExpired):
        propose(given(CREATED, e.SessionEnded(reason="operator")), PROPOSED, OPENING_BELL)


def test_a_person_is_asked_about_twenty_orders_at_once_and_no_more():
    assert propose(given(CREATED, *MANY[:-1]), ONE_MORE, OPENING_BELL) == [ONE_MORE]
    with pytest.raises(ProposalRefused, match="20 orders wait for the user's yes already"):
        propose(given(CREATED, *MANY), ONE_MORE, OPENING_BELL)


def test_proposals_that_were_answered_make_room_for_others():
    session = given(CREATED, *MANY, DECLINED)

    assert propose(session, ONE_MORE, OPENING_BELL) == [ONE_MORE]


def test_proposals_that_are_too_old_make_room_for_others():
    assert propose(given(CREATED, *MANY), ONE_MORE, TOO_LATE) == [ONE_MORE]


# Yes


def test_a_yes_names_its_proposal_who_gave_it_how_and_what_they_were_shown():
    proposal, confirmed = confirm(given(CREATED, PROPOSED), "p1", "page", ASHA, OPENING_BELL)

    assert proposal == PROPOSED
    assert confirmed == CONFIRMED


def test_a_yes_counts_until_a_microsecond_before_the_proposals_end():
    proposal, _ = confirm(given(CREATED, PROPOSED), "p1", "page", ASHA, TOO_LATE - INSTANT)

    assert proposal == PROPOSED


def test_a_yes_at_the_instant_of_the_proposals_end_is_too_late():
    with pytest.raises(ProposalRefused, match=r"came after 120 s, so nothing was sent\. Next:"):
        confirm(given(CREATED, PROPOSED), "p1", "page", ASHA, TOO_LATE)


@pytest.mark.parametrize("answer", [CONFIRMED, DECLINED])
def test_a_proposal_that_was_answered_takes_no_yes(answer):
    with pytest.raises(ProposalRefused, match="it was answered, or never proposed"):
        confirm(given(CREATED, PROPOSED, answer), "p1", "page", ASHA, OPENING_BELL)


def test_a_yes_to_something_that_was_never_proposed_is_refused():
    with pytest.raises(ProposalRefused):
        confirm(given(CREATED, PROPOSED), "p2", "page", ASHA, OPENING_BELL)


def test_a_yes_to_one_proposal_is_no_yes_to_another_of_the_same_order():
    session = given(CREATED, PROPOSED, ONE_MORE, CONFIRMED)

    assert list(session.proposals) == ["one more"]


# No


def test_a_no_names_its_proposal_who_gave_it_how_and_why():
    session = given(CREATED, PROPOSED)

    assert decline(session, "p1", "elicitation", ASHA, "declined") == [DECLINED]


@pytest.mark.parametrize(
    "history", [[], [PROPOSED, CONFIRMED], [PROPOSED, DECLINED]], ids=["none", "yes", "no"]
)
def test_a_no_to_what_does_not_wait_stores_nothing(history):
    assert decline(given(CREATED, *history), "p1", "elicitation", ASHA, "declined") == []
