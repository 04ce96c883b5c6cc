"""One instrument out of up to three opinions."""

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from infrastructure.instruments.join import Disagreement, join, joined
from infrastructure.instruments.listing import Listing

KITE = Listing(
    broker="kite",
    exchange="NFO",
    kind="CE",
    token="47317",
    symbol="NIFTY26NOV24650CE",
    description="NIFTY",
    handle=("12113154",),
    lot_size_shares=65,
    tick_inr="0.05",
    underlying="NIFTY",
    expiry="2026-11-23",
    strike_inr="24650",
)
GROWW = replace(KITE, broker="groww", handle=("NIFTY26NOV24650CE", "NSE-NIFTY-...", "FNO"))
DHAN = replace(KITE, broker="dhan", symbol="NIFTY 23 NOV 24650 CALL", handle=("NSE_FNO", "OPTIDX"))
OTHER: dict[str, dict[str, Any]] = {
    "kind": {"kind": "PE"},
    "symbol": {"underlying": "FINNIFTY"},
    "expiry": {"expiry": "2026-12-01"},
    "strike": {"strike_inr": "24700"},
    "lot": {"lot_size_shares": 75},
    "tick": {"tick_inr": "0.1"},
}


def trusted(*listings):
    return [each.broker for each in join(listings).trusted]


def test_three_that_agree_are_all_trusted_and_kite_spells():
    found = join((DHAN, GROWW, KITE))

    assert found.name == "NFO:NIFTY:2026-11-23:24650:CE"
    assert found.best == KITE
    assert [each.broker for each in found.trusted] == ["kite", "groww", "dhan"]
    assert found.disagreements == ()


def test_one_alone_is_trusted_because_nobody_contradicts():
    assert trusted(DHAN) == ["dhan"]


@pytest.mark.parametrize("field", OTHER)
def test_whoever_nobody_agrees_with_is_dropped(field):
    for each in (KITE, GROWW, DHAN):
        odd = replace(each, **OTHER[field])
        rest = [other for other in (KITE, GROWW, DHAN) if other is not each]

        assert set(trusted(odd, *rest)) == {other.broker for other in rest}


@pytest.mark.parametrize("field", OTHER)
def test_of_two_that_disagree_both_are_dropped(field):
    found = join((KITE, replace(DHAN, **OTHER[field])))

    assert found.trusted == ()
    assert [(each.field, each.broker) for each in found.disagreements] == [
        (field, "kite"),
        (field, "dhan"),
    ]


def test_of_three_opinions_none_is_taken():
    found = join((KITE, replace(GROWW, lot_size_shares=75), replace(DHAN, lot_size_shares=50)))

    assert found.trusted == ()


def test_who_is_wrong_once_is_dropped_although_right_elsewhere():
    wrong_lot = replace(KITE, lot_size_shares=75)
    wrong_tick = replace(DHAN, tick_inr="0.1")

    assert trusted(wrong_lot, GROWW, wrong_tick) == ["groww"]


def test_the_values_are_those_of_the_trusted():
    found = join((replace(KITE, lot_size_shares=75), GROWW, DHAN))

    assert found.best.lot_size_shares == 65
    assert found.disagreements == (
        Disagreement("lot", "kite", "75"),
        Disagreement("lot", "groww", "65"),
        Disagreement("lot", "dhan", "65"),
    )


def test_an_isin_that_one_knows_is_everybodys_and_another_one_is_a_disagreement():
    share = replace(KITE, kind="EQ", exchange="NSE", underlying=None, expiry=None, strike_inr=None)
    groww = replace(share, broker="groww", isin="INE002A01018")

    assert join((share, groww)).isin == "INE002A01018"
    reused = join((replace(share, broker="dhan", isin="INE009A01021"), groww))
    assert reused.trusted == ()


def test_shares_whose_tokens_were_swapped_are_not_taken_for_each_other():
    """Kite tells no ISIN, and one share is like the other in lot and tick."""
    reliance = replace(
        KITE,
        kind="EQ",
        exchange="NSE",
        token="2885",
        symbol="RELIANCE",
        underlying=None,
        expiry=None,
        strike_inr=None,
    )
    dhan = replace(reliance, broker="dhan", isin="INE002A01018", handle=("NSE_EQ", "EQUITY"))
    groww = replace(dhan, broker="groww", handle=("RELIANCE", "NSE-RELIANCE", "CASH"))
    swapped = replace(reliance, symbol="INFY")

    found = join((swapped, groww, dhan))

    assert (found.name, [each.broker for each in found.trusted]) == (
        "NSE:RELIANCE",
        ["groww", "dhan"],
    )
    assert join((swapped, dhan)).trusted == ()


def test_a_broker_that_lists_one_token_twice_is_not_believed():
    found = join((KITE, replace(KITE, symbol="NIFTY26NOV24700CE"), GROWW, DHAN))

    assert [each.broker for each in found.trusted] == ["groww", "dhan"]
    assert {each.field for each in found.disagreements} == {"listed twice"}


def test_the_order_in_which_they_come_changes_nothing():
    odd = (replace(KITE, lot_size_shares=75), GROWW, replace(DHAN, tick_inr="0.1"))
    found = [join(each) for each in permutations(odd)]

    assert {each.best for each in found} == {GROWW}
    assert {frozenset(each.disagreements) for each in found} == {frozenset(found[0].disagreements)}


def test_what_has_one_key_becomes_one_instrument():
    other = replace(GROWW, token="47318")
    rows = sorted(((each.key, each) for each in (KITE, GROWW, DHAN, other)), key=lambda row: row[0])

    assert [len(each.trusted) for each in joined(iter(rows))] == [3, 1]


def test_where_tokens_differ_contracts_are_known_by_what_they_are():
    crude = replace(KITE, exchange="MCX", underlying="CRUDEOIL", token="1")

    assert crude.key == replace(crude, broker="dhan", token="2").key
    assert crude.key != replace(crude, expiry="2026-12-01").key
    assert replace(crude, exchange="NFO").key != replace(crude, exchange="NFO", token="2").key
