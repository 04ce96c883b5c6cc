from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.identity import IdentityDirectory, token_hash
from mcp_interface.approve.badges import Badges, WrongTokens
from tests.fakes.clock import CountingIds, ManualClock
from tests.support.databases import Database

NOW = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
KEY = b"k" * 32


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def people(tmp_path, clock: ManualClock) -> Iterator[IdentityDirectory]:
    database = Database(tmp_path)
    database.migrate()
    engine = database.control_engine()
    yield IdentityDirectory(engine, clock)
    engine.dispose()


@pytest.fixture
def badges(people: IdentityDirectory, clock: ManualClock) -> Badges:
    return Badges(KEY, people, clock, CountingIds())


def badge_of(badges: Badges, token: str) -> str:
    given = badges.for_token(token)
    assert given is not None
    return given[0]


def test_a_badge_says_whose_it_is(people: IdentityDirectory, badges: Badges):
    badge = badge_of(badges, people.add_token("asha", ["trade"]))

    identity = badges.read(badge)

    assert identity is not None
    assert (identity.subject, identity.principal) == ("asha", people.known("asha"))


def test_the_token_is_not_in_it(people: IdentityDirectory, badges: Badges):
    token = people.add_token("asha", ["trade"])

    assert token not in badge_of(badges, token)


def test_a_wrong_token_gets_none(people: IdentityDirectory, badges: Badges):
    people.add_token("asha", ["trade"])

    assert badges.for_token("ts_guessed") is None
    assert badges.for_token("") is None


def test_a_badge_is_good_for_twelve_hours(
    people: IdentityDirectory, badges: Badges, clock: ManualClock
):
    badge = badge_of(badges, people.add_token("asha", ["trade"]))

    clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert badges.read(badge) is not None
    clock.advance(timedelta(seconds=1))
    assert badges.read(badge) is None


def test_a_badge_ends_with_the_token_that_it_was_given_for(
    people: IdentityDirectory, badges: Badges
):
    ended, other = people.add_token("asha", ["trade"]), people.add_token("asha", ["trade"])
    badge, kept = badge_of(badges, ended), badge_of(badges, other)

    people.revoke("asha", token_hash(ended)[:16])

    assert badges.read(badge) is None
    assert badges.read(kept) is not None


def test_a_badge_that_was_changed_anywhere_is_none(people: IdentityDirectory, badges: Badges):
    badge = badge_of(badges, people.add_token("asha", ["trade"]))
    people.add_token("ravi", ["trade"])
    ravi = people.known("ravi")
    assert ravi is not None
    principal, hashed, end, nonce, signature = badge.split(".")
    later = "2027-11-23T00:00:00+00:00"

    for forged in (
        f"{ravi.hex}.{hashed}.{end}.{nonce}.{signature}",
        f"{principal}.{'0' * 64}.{end}.{nonce}.{signature}",
        f"{principal}.{hashed}.{later}.{nonce}.{signature}",
        f"{principal}.{hashed}.{end}.{'0' * 32}.{signature}",
        f"{principal}.{hashed}.{end}.{nonce}.{'0' * 64}",
        f"{principal}.{hashed}.{end}.{nonce}",
        "",
        ".",
        "....",
        "é.é.é.é.é",
    ):
        assert badges.read(forged) is None, forged


def test_another_installations_badge_is_none(
    people: IdentityDirectory, badges: Badges, clock: ManualClock
):
    token = people.add_token("asha", ["trade"])
    elsewhere = Badges(b"x" * 32, people, clock, CountingIds())

    assert badges.read(badge_of(elsewhere, token)) is None


def test_a_guests_badge_is_ours_and_nobodys(badges: Badges):
    guest = badges.for_guest()

    assert badges.is_ours(guest)
    assert badges.read(guest) is None


def test_what_a_form_brings_belongs_to_one_badge_and_is_no_signature_of_it(badges: Badges):
    one, other = badges.for_guest(), badges.for_guest()

    assert badges.csrf(one) != badges.csrf(other)
    assert badges.csrf(one) not in one


# Wrong tokens


def test_five_wrong_tokens_from_one_place_are_enough_for_a_minute(clock: ManualClock):
    wrong = WrongTokens(clock)
    for _ in range(4):
        wrong.one_more("10.0.0.1")
    assert not wrong.too_many("10.0.0.1")

    wrong.one_more("10.0.0.1")

    assert wrong.too_many("10.0.0.1")
    assert not wrong.too_many("10.0.0.2")
    clock.advance(timedelta(minutes=1))
    assert not wrong.too_many("10.0.0.1")


def test_only_so_many_places_are_remembered(clock: ManualClock):
    wrong = WrongTokens(clock)
    for _ in range(5):
        wrong.one_more("10.0.0.1")
    for n in range(999):
        wrong.one_more(f"192.0.2.{n}")
    assert wrong.too_many("10.0.0.1")

    wrong.one_more("198.51.100.1")

    assert not wrong.too_many("10.0.0.1")
