"""What the vault does with its keys alone: sealed words, fingerprints, and the tags brokers see."""

from pathlib import Path
from uuid import UUID

import pytest

from infrastructure.keystore.files import KeyFiles
from infrastructure.vault import SealedVault
from tests.support.databases import Database

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")


@pytest.fixture
def sealer(keys, tmp_path) -> SealedVault:
    return _with_keys_in(keys.directory, tmp_path)


def _with_keys_in(directory: Path, tmp_path: Path) -> SealedVault:
    """A vault as another process opens it; the database is never asked."""
    return SealedVault(Database(tmp_path).control_engine(), KeyFiles(directory))


def test_a_sealed_text_opens_for_its_owner_only(sealer):
    sealed = sealer.seal(ASHA, "AB1234, Asha Rao ₹")

    assert sealer.unseal(ASHA, sealed) == "AB1234, Asha Rao ₹"
    assert sealer.unseal(RAVI, sealed) is None
    sealer.seal(RAVI, "so that he has a key")
    assert sealer.unseal(RAVI, sealed) is None
    assert "Asha" not in sealed


def test_the_same_text_is_sealed_differently_every_time(sealer):
    assert sealer.seal(ASHA, "AB1234") != sealer.seal(ASHA, "AB1234")


def test_a_sealed_text_is_lost_with_its_owners_key(sealer, keys):
    sealed = sealer.seal(ASHA, "AB1234")

    keys.delete(f"principal-{ASHA.hex}")

    assert sealer.unseal(ASHA, sealed) is None


def test_an_account_has_one_fingerprint_that_does_not_show_it(sealer, keys, tmp_path):
    fingerprint = sealer.account_fingerprint("kite", "AB1234")
    another = _with_keys_in(keys.directory, tmp_path)

    assert fingerprint == another.account_fingerprint("kite", "AB1234")
    assert fingerprint != sealer.account_fingerprint("dhan", "AB1234")
    assert fingerprint != sealer.account_fingerprint("kite", "AB1235")
    assert "AB1234" not in fingerprint


def test_a_fingerprint_cannot_be_computed_without_our_key(sealer, tmp_path):
    strangers = _with_keys_in(tmp_path / "other-keys", tmp_path)

    assert strangers.account_fingerprint("kite", "AB1234") != sealer.account_fingerprint(
        "kite", "AB1234"
    )


@pytest.mark.parametrize("order_key", ["k1", "a" * 64, "2026-11-23:INFY:1"])
def test_a_brokers_tag_is_twenty_small_letters_and_digits_and_begins_with_a_letter(
    sealer, order_key
):
    tag = sealer.broker_tag(ASHA, "acc-1", order_key)

    assert len(tag) == 20
    assert tag[0].isascii()
    assert tag[0].islower()
    assert set(tag) <= set("abcdefghijklmnopqrstuvwxyz0123456789")


def test_an_orders_tag_is_always_the_same_and_no_other_orders(sealer, keys, tmp_path):
    tag = sealer.broker_tag(ASHA, "acc-1", "k1")

    assert _with_keys_in(keys.directory, tmp_path).broker_tag(ASHA, "acc-1", "k1") == tag
    others = {
        sealer.broker_tag(RAVI, "acc-1", "k1"),
        sealer.broker_tag(ASHA, "acc-2", "k1"),
        sealer.broker_tag(ASHA, "acc-1", "k2"),
    }
    assert len(others | {tag}) == 4


def test_two_thousand_orders_have_two_thousand_tags(sealer):
    tags = {sealer.broker_tag(ASHA, "acc-1", f"k{number}") for number in range(2_000)}

    assert len(tags) == 2_000


def test_a_tag_of_ours_is_known_again_by_whom_and_for_which_account_it_was_made(sealer):
    tag = sealer.broker_tag(ASHA, "acc-1", "k1")

    assert sealer.is_our_tag(ASHA, "acc-1", tag)
    assert not sealer.is_our_tag(RAVI, "acc-1", tag)
    assert not sealer.is_our_tag(ASHA, "acc-2", tag)


@pytest.mark.parametrize("stranger", ["", "mktp", "u" + "a" * 19, "x" * 21, "ü" * 20])
def test_a_tag_of_somebody_else_is_not_taken_for_ours(sealer, stranger):
    sealer.broker_tag(ASHA, "acc-1", "k1")

    assert not sealer.is_our_tag(ASHA, "acc-1", stranger)


def test_a_tag_with_one_character_changed_is_not_ours(sealer):
    tag = sealer.broker_tag(ASHA, "acc-1", "k1")

    for place in range(20):
        other = "a" if tag[place] != "a" else "b"
        assert not sealer.is_our_tag(ASHA, "acc-1", tag[:place] + other + tag[place + 1 :])


def test_nothing_is_ours_before_the_first_order(keys, sealer):
    assert not sealer.is_our_tag(ASHA, "acc-1", "u" + "a" * 19)
