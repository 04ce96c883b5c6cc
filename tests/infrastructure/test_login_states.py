"""Logins under way at rest: who holds which secret, and that one of two who try is told no."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from application.ports.broker import Secrets
from application.ports.login_states import TRIES, LoginState
from infrastructure.login_states import CODE_LETTERS, MOST_OPEN_LINKS, StoredLoginStates
from infrastructure.store.schema import broker_apps, login_states, principals
from infrastructure.vault import SealedVault

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")
WORK = UUID("5e550000-0000-4000-8000-000000000001")
HOME = UUID("5e550000-0000-4000-8000-000000000002")
NOW = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
APP = Secrets({"api_key": "CanaryKey271828", "api_secret": "CanarySecret314159"})


@pytest.fixture
def states(engine, keys) -> StoredLoginStates:
    with engine.begin() as connection:
        for principal, name in ((ASHA, "asha"), (RAVI, "ravi")):
            connection.execute(
                insert(principals).values(
                    principal=principal, issuer="local", subject=name, created_at="now"
                )
            )
    return StoredLoginStates(engine, keys, SealedVault(engine, keys))


@pytest.fixture
def opened(states) -> LoginState:
    """A login of Asha's that nobody has taken."""
    found: LoginState | None = states.of_link(states.open(ASHA, WORK, "kite", NOW), NOW)
    assert found is not None
    return found


def everything_at_rest(engine) -> str:
    with engine.connect() as connection:
        rows = [
            row
            for table in (login_states, broker_apps)
            for row in connection.execute(select(table))
        ]
    return str([[v.decode("latin-1") if isinstance(v, bytes) else v for v in row] for row in rows])


def test_a_link_names_its_login_and_is_stored_nowhere(states, engine):
    link = states.open(ASHA, WORK, "kite", NOW)

    found = states.of_link(link, NOW)

    assert (found.principal, found.person, found.session_id) == (ASHA, "asha", WORK)
    assert (found.broker, found.stage) == ("kite", "open")
    assert found.expires_at == NOW + TEN_MINUTES
    assert link not in everything_at_rest(engine)
    assert states.of_link(found.login_id, NOW) is None


def test_at_its_last_instant_a_link_is_over(states):
    link = states.open(ASHA, WORK, "kite", NOW)

    assert states.of_link(link, NOW + TEN_MINUTES - timedelta(microseconds=1)) is not None
    assert states.of_link(link, NOW + TEN_MINUTES) is None


def test_of_two_who_renew_one_proof_one_gets_another_and_the_old_is_good_for_nothing(
    states, opened
):
    proof = states.claim(opened.login_id, NOW)

    with ThreadPoolExecutor(8) as pool:
        fresh = [p for p in pool.map(lambda _: states.renew(opened.login_id, proof), range(8)) if p]

    assert len(fresh) == 1
    assert states.of_browser(opened.login_id, proof, NOW) is None
    assert states.of_browser(opened.login_id, fresh[0], NOW).stage == "claimed"


def test_what_is_under_way_in_a_session_is_that_of_this_person_and_session(states, opened):
    for principal, session in ((ASHA, HOME), (RAVI, WORK)):
        states.open(principal, session, "kite", NOW)
    states.claim(opened.login_id, NOW)

    assert [login.login_id for login in states.under_way(ASHA, WORK)] == [opened.login_id]


def test_one_browser_takes_a_link_and_is_known_by_its_proof_from_then_on(states, opened, engine):
    proof = states.claim(opened.login_id, NOW + timedelta(minutes=9))

    assert states.claim(opened.login_id, NOW) is None
    later = NOW + timedelta(minutes=18)
    assert states.of_browser(opened.login_id, proof, later).stage == "claimed"
    assert states.of_browser(opened.login_id, states.new_proof(), later) is None
    assert proof not in everything_at_rest(engine)


def test_of_many_browsers_at_once_one_takes_the_link(states, opened):
    with ThreadPoolExecutor(8) as threads:
        proofs = list(threads.map(lambda _: states.claim(opened.login_id, NOW), range(8)))

    assert len([proof for proof in proofs if proof]) == 1


def test_of_many_who_move_a_login_on_one_is_told_yes(states, opened):
    states.claim(opened.login_id, NOW)
    with ThreadPoolExecutor(8) as threads:
        moved = list(
            threads.map(lambda _: states.move(opened.login_id, "claimed", "busy", NOW), range(8))
        )

    assert moved.count(True) == 1


def test_a_move_sets_the_clock_and_the_flags_that_are_given(states, opened):
    proof = states.claim(opened.login_id, NOW)
    states.move(opened.login_id, "claimed", "busy", NOW, differs=True)
    later = NOW + timedelta(minutes=5)
    states.move(opened.login_id, "busy", "claimed", later, relink=True)

    found = states.of_browser(opened.login_id, proof, later)

    assert (found.differs, found.relink, found.expires_at) == (True, True, later + TEN_MINUTES)


def test_what_has_expired_moves_nowhere(states, opened):
    states.claim(opened.login_id, NOW)

    assert not states.move(opened.login_id, "claimed", "busy", NOW + TEN_MINUTES)
    assert [login.login_id for login in states.expired(NOW + TEN_MINUTES)] == [opened.login_id]


def test_what_is_kept_comes_back_and_is_unreadable_at_rest(states, opened, engine):
    states.keep(opened.login_id, APP)

    assert dict(states.kept(opened.login_id)) == dict(APP)
    assert "Canary" not in everything_at_rest(engine)


def test_without_its_key_nothing_is_left_of_it(states, opened, keys):
    states.keep(opened.login_id, APP)

    states.empty(opened.login_id)

    assert keys.get(f"connect-{opened.login_id}") is None
    assert states.kept(opened.login_id) is None
    assert states.code(opened.login_id) is None


def test_a_dropped_login_leaves_neither_row_nor_key(states, opened, keys, engine):
    states.keep(opened.login_id, APP)

    states.drop(opened.login_id)
    states.keep(opened.login_id, APP)  # by somebody who was slow

    assert keys.get(f"connect-{opened.login_id}") is None
    assert everything_at_rest(engine) == "[]"


def test_a_ciphertext_in_the_place_of_another_opens_nothing(states, engine):
    ids = [states.of_link(states.open(ASHA, WORK, "kite", NOW), NOW).login_id for _ in range(2)]
    for login_id in ids:
        states.keep(login_id, Secrets({"of": login_id}))
    with engine.begin() as connection:
        sealed = connection.execute(
            select(login_states.c.sealed).where(login_states.c.login_id == ids[0])
        ).scalar()
        connection.execute(
            login_states.update().where(login_states.c.login_id == ids[1]).values(sealed=sealed)
        )

    assert states.kept(ids[1]) is None


def test_a_code_is_the_same_every_time_and_however_it_is_written(states, opened):
    states.keep(opened.login_id, APP)
    code = states.code(opened.login_id)

    assert len(code) == 8
    assert set(code) <= set(CODE_LETTERS)
    assert states.code(opened.login_id) == code
    assert states.is_code(opened.login_id, f" {code[:4].lower()}-{code[4:]} ")
    assert not states.is_code(opened.login_id, code[:7])
    assert not states.is_code(opened.login_id, "")


def test_two_logins_have_two_codes(states):
    ids = [states.of_link(states.open(ASHA, WORK, "kite", NOW), NOW).login_id for _ in range(2)]
    for login_id in ids:
        states.keep(login_id, APP)

    assert states.code(ids[0]) != states.code(ids[1])


def test_failures_are_counted_down_to_none(states, opened):
    assert [states.miss(opened.login_id) for _ in range(TRIES + 1)] == [4, 3, 2, 1, 0, 0]

    states.give_tries(opened.login_id)

    assert states.miss(opened.login_id) == TRIES - 1


def test_only_what_waits_in_this_very_session_is_found_there(states, opened):
    states.claim(opened.login_id, NOW)
    states.move(opened.login_id, "claimed", "busy", NOW)
    assert states.waiting(ASHA, WORK, "kite", NOW) == []
    states.move(opened.login_id, "busy", "waiting", NOW)

    assert [login.login_id for login in states.waiting(ASHA, WORK, "kite", NOW)] == [
        opened.login_id
    ]
    assert states.waiting(RAVI, WORK, "kite", NOW) == []
    assert states.waiting(ASHA, HOME, "kite", NOW) == []
    assert states.waiting(ASHA, WORK, "dhan", NOW) == []


def test_a_person_has_a_few_open_links_at_a_time(states):
    links = [
        states.open(ASHA, WORK, "kite", NOW + timedelta(seconds=n))
        for n in range(MOST_OPEN_LINKS + 2)
    ]
    ravis = states.open(RAVI, HOME, "kite", NOW)

    alive = [states.of_link(link, NOW) is not None for link in links]

    assert alive == [False, False] + [True] * MOST_OPEN_LINKS
    assert states.of_link(ravis, NOW) is not None


def test_a_remembered_app_is_its_owners_alone_and_unreadable_at_rest(states, engine):
    states.remember_app(ASHA, "kite", Secrets({"api_key": "older"}))
    states.remember_app(ASHA, "kite", APP)

    assert dict(states.remembered_app(ASHA, "kite")) == dict(APP)
    assert states.remembered_app(RAVI, "kite") is None
    assert states.remembered_app(ASHA, "dhan") is None
    assert "Canary" not in everything_at_rest(engine)

    states.forget_app(ASHA, "kite")

    assert states.remembered_app(ASHA, "kite") is None
