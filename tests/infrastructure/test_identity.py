"""Who is who: opaque principals, and tokens of which only the hash is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from domain.errors import StoreUnavailable
from infrastructure.identity import IdentityDirectory, token_hash
from infrastructure.store.schema import principals
from tests.fakes.clock import ManualClock
from tests.support import identity_jobs
from tests.support.databases import Database, disposing
from tests.support.processes import in_processes

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OPENING_BELL)


@pytest.fixture
def directory(engine, clock) -> IdentityDirectory:
    return IdentityDirectory(engine, clock)


# Principals


def test_a_person_gets_an_opaque_principal_and_keeps_it(directory):
    asha = directory.principal("local", "asha")

    assert isinstance(asha, UUID)
    assert asha.version == 4
    assert directory.principal("local", "asha") == asha


def test_issuer_and_subject_together_make_the_person(directory):
    everybody = {
        directory.principal("local", "asha"),
        directory.principal("local", "ravi"),
        directory.principal("https://id.example.com", "asha"),
    }

    assert len(everybody) == 3


def test_somebody_who_never_came_is_not_known_and_asking_does_not_change_that(directory):
    assert directory.known("asha") is None
    assert directory.known("asha") is None

    asha = directory.principal("local", "asha")

    assert directory.known("asha") == asha
    assert directory.known("asha", issuer="https://id.example.com") is None


def test_a_person_whom_many_processes_meet_at_once_gets_one_principal(database, engine):
    said = in_processes(identity_jobs.meet_people, [(database, 10)] * 4)

    assert said[0] == said[1] == said[2] == said[3]
    with engine.connect() as connection:
        assert len(connection.execute(select(principals)).all()) == 10


def test_a_person_whom_many_threads_meet_at_once_gets_one_principal(directory):
    with ThreadPoolExecutor(10) as threads:
        met = set(threads.map(lambda _: directory.principal("local", "asha"), range(20)))

    assert len(met) == 1


# Tokens


def test_a_token_names_its_owner_and_what_it_may_do(directory):
    token = directory.add_token("asha", ["read"])

    who = directory.verify(token)

    assert who is not None
    assert who.principal == directory.known("asha")
    assert (who.issuer, who.subject) == ("local", "asha")
    assert who.scopes == {"read"}
    assert who.expires_at is None


@pytest.mark.parametrize(
    ("granted", "means"),
    [
        (["read"], {"read"}),
        (["trade"], {"trade", "read"}),
        (["audit"], {"audit"}),
        (["admin"], {"admin", "audit"}),
        (["trade", "admin"], {"trade", "read", "admin", "audit"}),
    ],
)
def test_trading_implies_reading_and_administering_implies_auditing(directory, granted, means):
    token = directory.add_token("asha", granted)

    assert directory.verify(token).scopes == means


def test_a_person_keeps_their_principal_over_any_number_of_tokens(directory):
    first, second = (directory.add_token("asha", ["read"]) for _ in range(2))

    assert first != second
    assert directory.verify(first).principal == directory.verify(second).principal


def test_a_token_that_was_never_given_out_is_nobodys(directory):
    token = directory.add_token("asha", ["read"])

    for wrong in ("", "ts_", token[:-1], token.upper(), token_hash(token)):
        assert directory.verify(wrong) is None


def test_a_token_ends_at_the_instant_it_was_said_to(directory, clock):
    token = directory.add_token("asha", ["read"], expires_at=OPENING_BELL + AN_HOUR)
    assert directory.verify(token).expires_at == OPENING_BELL + AN_HOUR

    clock.advance(AN_HOUR - timedelta(microseconds=1))
    assert directory.verify(token) is not None
    clock.advance(timedelta(microseconds=1))
    assert directory.verify(token) is None


def test_revoking_a_person_ends_all_their_tokens_and_nobody_elses(directory):
    ashas = [directory.add_token("asha", ["read"]) for _ in range(2)]
    ravis = directory.add_token("ravi", ["read"])

    assert directory.revoke("asha") == 2

    assert [directory.verify(token) for token in ashas] == [None, None]
    assert directory.verify(ravis) is not None
    assert directory.revoke("asha") == 0


def test_one_token_of_several_can_be_revoked_by_the_beginning_of_its_hash(directory):
    lost, kept = (directory.add_token("asha", ["read"]) for _ in range(2))

    assert directory.revoke("asha", token_hash(lost)[:8]) == 1

    assert directory.verify(lost) is None
    assert directory.verify(kept) is not None


@pytest.mark.parametrize("prefix", ["%", "_", "________"])
def test_a_pattern_is_not_the_beginning_of_a_hash(directory, prefix):
    token = directory.add_token("asha", ["read"])

    assert directory.revoke("asha", prefix) == 0
    assert directory.verify(token) is not None


def test_nobody_can_be_revoked_who_never_came(directory):
    assert directory.revoke("asha") == 0
    assert directory.known("asha") is None


def test_a_revoked_person_can_get_a_new_token_and_is_the_same_person(directory):
    before = directory.verify(directory.add_token("asha", ["read"])).principal
    directory.revoke("asha")

    assert directory.verify(directory.add_token("asha", ["read"])).principal == before


def test_everybody_is_listed_with_every_token_and_no_token_can_be_read_from_it(directory, clock):
    token = directory.add_token("asha", ["trade", "audit"], expires_at=OPENING_BELL + AN_HOUR)
    clock.advance(AN_HOUR)
    directory.revoke("asha")
    clock.advance(AN_HOUR)
    ravi = directory.principal("local", "ravi")

    asha, other = directory.users()

    assert (asha.name, asha.scopes) == ("asha", ("trade", "audit"))
    assert asha.token == token_hash(token)[:8]
    assert asha.created_at == OPENING_BELL
    assert asha.expires_at == asha.revoked_at == OPENING_BELL + AN_HOUR
    assert (other.principal, other.name, other.token, other.scopes) == (ravi, "ravi", None, ())
    assert other.created_at == OPENING_BELL + 2 * AN_HOUR
    assert directory.names() == {asha.principal: "asha", ravi: "ravi"}


def test_only_the_hash_of_a_token_reaches_the_database(directory, database, engine):
    token = directory.add_token("asha", ["read"])

    if database.on_postgres:
        with engine.connect() as connection:
            stored = connection.execute(
                text("SELECT string_agg(t::text, ' ') FROM tokens t")
            ).scalar()
        assert token_hash(token) in stored
        assert token not in stored
    else:
        files = b"".join(f.read_bytes() for f in database.directory.glob("events.db*"))
        assert token_hash(token).encode() in files
        assert token.encode() not in files
        assert token.removeprefix("ts_").encode() not in files


def test_a_token_cannot_be_checked_while_the_database_is_away(tmp_path, clock):
    database = Database(tmp_path, "postgresql://nobody:secret@127.0.0.1:1/nothing")
    with disposing(database.control_engine()) as engine:
        directory = IdentityDirectory(engine, clock)

        for ask in (
            lambda: directory.verify("ts_guess"),
            lambda: directory.principal("local", "asha"),
            lambda: directory.known("asha"),
        ):
            with pytest.raises(StoreUnavailable) as refusal:
                ask()
            assert "secret" not in str(refusal.value)
