from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace as with_other

from application.orders.approve import Approve
from application.orders.change_draft import NewTerms
from application.orders.change_order import Change
from application.orders.place_order import Asked, Order
from application.orders.request_change import ChangeReceipt
from application.orders.switch import Which
from application.ports.broker import AcceptedLogin, Secrets
from application.ports.broker_orders import Accepted
from domain.errors import OrderDeniedByRisk, ProposalRefused, SessionHasExpired, TradingIsHalted
from domain.events import (
    OrderChangeRequested,
    OrderConfirmed,
    OrderDeclined,
    OrderRequested,
    SessionEnded,
)
from domain.limits import parse
from domain.proposals import text_hash
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    OPEN,
    RAVI,
    TEN_INFY,
    World,
    context,
    row,
)

TWENTY_INFY = with_other(TEN_INFY, quantity_shares=20)


@pytest.fixture
def approve(world: World) -> Approve:
    return approving(world)


def approving(world: World) -> Approve:
    return Approve(
        writer=world.writer,
        place_order=world.place_order,
        change_order=world.change_order,
        clock=world.clock,
    )


def asked(world: World, key: str | None = "k1", terms=TEN_INFY, label: str = "default") -> Asked:
    """Asha wants an order at the simulated Kite."""
    entered = world.entered(label=label)
    if not entered.session.logins:
        world.log_in(context(), entered, "kite", Secrets({"request_token": "rt"}))
        entered = world.entered(label=label)
    answer = world.place_order(context(), entered, Order(terms=terms, order_key=key, broker="kite"))
    assert isinstance(answer, Asked)
    return answer


def yes(approve: Approve, one: Asked, principal=ASHA):
    return approve.confirm(context(principal), one.proposal.proposal_id, "page")


def no(approve: Approve, one: Asked, principal=ASHA) -> None:
    approve.decline(context(principal), one.proposal.proposal_id, "page", "declined")


# Looking


def test_what_waits_is_shown_word_for_word_the_oldest_first(world: World, approve: Approve):
    first = asked(world, "k1")
    world.clock.advance(timedelta(seconds=30))
    second = asked(world, "k2", TWENTY_INFY, label="work")

    assert [a.proposal for a in approve.waiting(ASHA)] == [first.proposal, second.proposal]
    assert [a.session_id for a in approve.waiting(ASHA)] == [first.session_id, second.session_id]
    assert approve.look(ASHA, second.proposal.proposal_id).proposal.text == (
        "Buy 20 shares of NSE:INFY at a limit of ₹1,480.50, product CNC, LIMIT, valid DAY.\n"
        "At Kite, SIMULATED: no real money.\n"
        "Worth about ₹29,610.00."
    )


def test_what_is_too_old_does_not_wait_any_more(world: World, approve: Approve):
    one = asked(world)
    world.clock.advance(timedelta(seconds=120))

    assert approve.waiting(ASHA) == ()
    with pytest.raises(ProposalRefused, match="after 120 s"):
        approve.look(ASHA, one.proposal.proposal_id)


def test_somebody_elses_proposal_answers_exactly_like_none(world: World, approve: Approve):
    one = asked(world)
    world.entered(RAVI)
    attempts: list[Callable[[str], object]] = [
        lambda p: approve.look(RAVI, p),
        lambda p: approve.find(RAVI, p),
        lambda p: approve.outcome(RAVI, p),
        lambda p: approve.confirm(context(RAVI), p, "page"),
        lambda p: approve.decline(context(RAVI), p, "page", "declined"),
    ]

    for attempt in attempts:
        said = []
        for proposal_id in (one.proposal.proposal_id, "made-up"):
            with pytest.raises(ProposalRefused) as refused:
                attempt(proposal_id)
            said.append(str(refused.value))
        assert said[0] == said[1]
    assert approve.waiting(RAVI) == ()
    assert world.kite.calls == []
    assert approve.look(ASHA, one.proposal.proposal_id).proposal == one.proposal


# Yes


def test_a_yes_sends_exactly_what_was_proposed_and_is_on_record(world: World, approve: Approve):
    one = asked(world)

    receipt = yes(approve, one)

    assert (receipt.report.state, receipt.repeated) == ("PLACED", False)
    assert [ticket.terms for _, ticket in world.kite.calls] == [TEN_INFY]
    confirmed = next(e for e in world.events(FIRST) if isinstance(e, OrderConfirmed))
    assert confirmed == OrderConfirmed(
        order_key="k1",
        proposal_id=one.proposal.proposal_id,
        method="page",
        by=ASHA,
        text_hash=text_hash(one.proposal.text),
    )
    requested = next(e for e in world.events(FIRST) if isinstance(e, OrderRequested))
    assert requested.approval == one.proposal.proposal_id


def test_a_second_yes_tells_the_order_and_sends_nothing(world: World, approve: Approve):
    one = asked(world)
    first = yes(approve, one)

    again = yes(approve, one)

    assert (again.report, again.repeated) == (first.report, True)
    assert len(world.kite.calls) == 1
    assert world.facts(FIRST).count("OrderConfirmed") == 1


def test_the_same_yes_from_many_at_once_sends_one_order(world: World, approve: Approve):
    one = asked(world)

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda _: yes(approve, one), range(6)))

    assert len(world.kite.calls) == 1
    assert world.facts(FIRST).count("OrderRequested") == 1
    assert [r.repeated for r in receipts].count(False) == 1


def test_a_yes_at_the_last_moment_counts_and_one_at_the_end_does_not(
    world: World, approve: Approve
):
    in_time, late = asked(world, "k1"), asked(world, "k2", TWENTY_INFY)

    world.clock.advance(timedelta(seconds=120) - timedelta(microseconds=1))
    assert yes(approve, in_time).report.state == "PLACED"
    world.clock.advance(timedelta(microseconds=1))
    with pytest.raises(ProposalRefused, match="after 120 s"):
        yes(approve, late)

    assert len(world.kite.calls) == 1


def test_a_yes_in_another_account_than_the_one_shown_sends_nothing(world: World, approve: Approve):
    one = asked(world)
    world.kite.login = AcceptedLogin(
        account_id="ZZ9999", account_name="Asha Rao", secrets=ASHAS_KITE.secrets, expires_at=None
    )
    secrets = Secrets({"request_token": "rt"})
    world.log_in(context(), world.entered(), "kite", secrets, relink=True)

    with pytest.raises(ProposalRefused, match="not what it was"):
        yes(approve, one)

    assert world.kite.calls == []


def test_a_limit_that_is_reached_meanwhile_denies_what_was_said_yes_to():
    world = World(limits=parse("max_orders_per_day=1, duplicate_window_seconds=0"))
    approve = approving(world)
    first, second = asked(world, "k1"), asked(world, "k2")
    yes(approve, first)

    with pytest.raises(OrderDeniedByRisk):
        yes(approve, second)

    assert len(world.kite.calls) == 1
    assert world.facts(FIRST)[-1] == "OrderDenied"


def test_a_kill_switch_that_is_armed_meanwhile_stops_what_was_said_yes_to(
    world: World, approve: Approve
):
    one = asked(world)
    world.kill_switch.arm(context(), Which("user", ASHA), "enough", ASHA)

    with pytest.raises(TradingIsHalted):
        yes(approve, one)

    assert world.kite.calls == []


def test_a_yes_in_a_session_that_has_ended_sends_nothing(world: World, approve: Approve):
    one = asked(world)
    world.append(one.session_id, SessionEnded(reason="operator"))

    with pytest.raises(SessionHasExpired):
        yes(approve, one)

    assert world.kite.calls == []


# No


def test_a_no_is_on_record_and_no_yes_counts_after_it(world: World, approve: Approve):
    one = asked(world)

    no(approve, one)
    no(approve, one)

    declined = [e for e in world.events(FIRST) if isinstance(e, OrderDeclined)]
    assert declined == [
        OrderDeclined(
            order_key="k1",
            proposal_id=one.proposal.proposal_id,
            method="page",
            by=ASHA,
            reason="declined",
        )
    ]
    assert approve.waiting(ASHA) == ()
    with pytest.raises(ProposalRefused, match="was answered"):
        yes(approve, one)
    assert world.kite.calls == []


def test_a_no_after_the_yes_changes_nothing(world: World, approve: Approve):
    one = asked(world)
    yes(approve, one)

    no(approve, one)

    assert "OrderDeclined" not in world.facts(FIRST)
    outcome = approve.outcome(ASHA, one.proposal.proposal_id)
    assert outcome is not None
    assert outcome.report.state == "PLACED"


def test_the_same_order_after_a_no_is_a_new_question(world: World, approve: Approve):
    one = asked(world)
    no(approve, one)

    again = asked(world)

    assert again.proposal.proposal_id != one.proposal.proposal_id
    assert yes(approve, again).report.state == "PLACED"


def test_the_same_order_asked_for_twice_is_one_question(world: World, approve: Approve):
    assert asked(world).proposal == asked(world).proposal
    assert len(approve.waiting(ASHA)) == 1


# Changing an order that is there


def changed(world: World, approve: Approve) -> Asked:
    """Asha's order is open at Kite, and she wants it at another price."""
    placed = yes(approve, asked(world))
    world.kite.book = [row("B1", OPEN, placed.report.request.broker_tag)]
    new = NewTerms(limit_price_inr=Decimal("1470"))
    answer = world.change_order(context(), world.entered(), Change(order="k1", new=new))
    assert isinstance(answer, Asked)
    return answer


def test_a_yes_to_a_change_changes_the_order_and_places_none(
    world: World, approve: Approve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(world.kite, "modify", lambda *_: Accepted(), raising=False)
    one = changed(world, approve)
    assert approve.waiting(ASHA)[0].proposal.text.startswith("Change an open order. Now: Buy 10")

    receipt = yes(approve, one)

    assert isinstance(receipt, ChangeReceipt)
    assert receipt.change.change_key == one.proposal.change_key
    assert len(world.kite.calls) == 1
    changes = [e for e in world.events(FIRST) if isinstance(e, OrderChangeRequested)]
    assert [c.approval for c in changes] == [one.proposal.proposal_id]

    again = yes(approve, one)

    assert isinstance(again, ChangeReceipt)
    assert (again.change, again.repeated) == (receipt.change, True)
    assert world.facts(FIRST).count("OrderChangeRequested") == 1
