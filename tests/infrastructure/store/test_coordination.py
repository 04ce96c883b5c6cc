"""One leader per projection on PostgreSQL, and a hint to it when others have stored something."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from infrastructure.store.coordination import Alone, PostgresCoordination
from tests.infrastructure.store import jobs
from tests.support.databases import end_all_connections
from tests.support.processes import child
from tests.support.waiting import wait_until


@pytest.fixture
def one(postgres_url) -> Iterator[PostgresCoordination]:
    with closing(PostgresCoordination(postgres_url)) as coordination:
        yield coordination


@pytest.fixture
def other(postgres_url) -> Iterator[PostgresCoordination]:
    with closing(PostgresCoordination(postgres_url)) as coordination:
        yield coordination


def test_on_sqlite_everybody_may_project():
    assert Alone().may_project("session_info")


def test_one_instance_leads_a_projection_and_keeps_it(one, other):
    assert one.may_project("session_info")

    assert not other.may_project("session_info")
    assert one.may_project("session_info")


def test_projections_are_led_independently(one, other):
    assert one.may_project("session_info")

    assert other.may_project("deadlines")


def test_a_leader_that_leaves_is_followed(one, other):
    assert one.may_project("session_info")

    one.close()

    wait_until(lambda: other.may_project("session_info"), "the other one to lead")


def test_a_leader_that_is_killed_is_followed(postgres_url, other):
    with child(jobs.lead_for_ever, postgres_url, "session_info") as leader:
        assert leader.hear() == "leading"
        assert not other.may_project("session_info")
        leader.kill()

        wait_until(lambda: other.may_project("session_info"), "the other one to lead")


def test_an_instance_whose_connection_was_lost_asks_again(one, postgres_url):
    one.may_project("deadlines")
    end_all_connections(postgres_url)

    wait_until(lambda: one.may_project("session_info"), "a new connection")


def test_news_reach_an_instance_that_listens_also_after_a_lost_connection(one, other, postgres_url):
    woken = threading.Event()
    one.start(woken.set)
    assert woken.wait(5), "it looks once when it begins to listen"

    woken.clear()
    other.announce()
    assert woken.wait(5)

    end_all_connections(postgres_url)
    woken.clear()
    assert woken.wait(5), "it looks once when it listens again"
    woken.clear()

    def heard_of_news() -> bool:
        other.announce()
        return woken.is_set()

    wait_until(heard_of_news, "news over the new connection")


def test_an_instance_whose_database_is_away_leads_nothing_and_announces_nothing():
    with closing(PostgresCoordination("postgresql://nobody@127.0.0.1:1/nothing")) as lost:
        assert not lost.may_project("session_info")
        lost.announce()
