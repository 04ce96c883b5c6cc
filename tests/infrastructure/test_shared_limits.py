"""Limits that hold over all instances, as the broker sees them."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine, func, insert, select, text

from domain.capabilities import Rate
from domain.errors import StoreUnavailable
from domain.events import OrderRejected
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.limits import TooMany
from infrastructure.shared_limits import SharedLimits
from infrastructure.simulator.app import build_app, running
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.market.clock import SimClock
from infrastructure.store.schema import call_slots
from infrastructure.vault import SealedVault
from tests.infrastructure.brokers.kite_support import logged_in, ticket
from tests.infrastructure.simulator.support import OPENING_BELL, SimulatedKite
from tests.support import limit_jobs
from tests.support.databases import Database, disposing
from tests.support.limit_jobs import Desk
from tests.support.processes import in_processes

ASHA = ("kite", "asha", "order")
BOB = ("kite", "bob", "order")
TWO_AN_HOUR = Rate(calls=2, seconds=3600.0)
"""So that no test has to be quick."""
ONE_AN_HOUR = Rate(calls=1, seconds=3600.0)
REFUSAL = r"RATE_LIMITED: .*; nothing was sent\. Next: try again (in \d\.\d s|now)\."


@pytest.fixture
def here(engine) -> SharedLimits:
    return SharedLimits(engine)


@pytest.fixture
def elsewhere(database) -> Iterator[SharedLimits]:
    """Another instance."""
    with disposing(database.control_engine()) as engine:
        yield SharedLimits(engine)


def present(engine: Engine) -> float:
    """Seconds since 1970 by the clock that decides."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            clock = func.extract("epoch", func.clock_timestamp())
            return float(connection.execute(select(clock)).scalar_one())
    return datetime.now(UTC).timestamp()


def given(engine: Engine, account: str, *slots: float) -> None:
    """Somebody took these slots, in seconds from now."""
    at = [present(engine) + each for each in slots]
    with engine.begin() as connection:
        connection.execute(
            insert(call_slots).values(
                broker="kite",
                account=account,
                category="order",
                slots=" ".join(f"{each:.6f}" for each in at),
                newest=int(at[-1]),
            )
        )


def accounts(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(select(call_slots.c.account)).scalars())


def test_what_one_instance_lets_out_counts_in_the_other(here, elsewhere):
    here.reserve(ASHA, TWO_AN_HOUR, 0.0)
    elsewhere.reserve(ASHA, TWO_AN_HOUR, 0.0)

    for limits in (here, elsewhere):
        with pytest.raises(TooMany) as late:
            limits.reserve(ASHA, TWO_AN_HOUR, 0.0)
        assert 3000 < late.value.again_in_seconds <= 3600


def test_who_waits_here_is_before_whoever_comes_there(here, elsewhere):
    first = [limits.reserve(ASHA, ONE_AN_HOUR, 9000.0) for limits in (here, elsewhere, here)]

    assert [round((slot.latest - first[0].latest) / 3600) for slot in first] == [0, 1, 2]


def test_one_account_does_not_slow_another(here, elsewhere):
    here.reserve(ASHA, ONE_AN_HOUR, 0.0)

    elsewhere.reserve(BOB, ONE_AN_HOUR, 0.0)


def test_slots_of_a_clock_that_was_set_back_since_do_not_lock_the_account_out(here, engine):
    given(engine, "asha", 7200.0, 7201.0)

    here.reserve(ASHA, TWO_AN_HOUR, 0.0)


def test_slots_that_were_given_in_advance_count(here, engine):
    given(engine, "asha", 1800.0, 1801.0)

    with pytest.raises(TooMany) as late:
        here.reserve(ASHA, TWO_AN_HOUR, 0.0)

    assert 5000 < late.value.again_in_seconds <= 5400


def test_accounts_that_are_idle_are_forgotten_when_a_new_one_comes(here, engine):
    given(engine, "idle", -7200.0)
    given(engine, "busy", -60.0)

    here.reserve(ASHA, TWO_AN_HOUR, 0.0)

    assert accounts(engine) == ["asha", "busy"]


def test_without_its_table_no_slot_is_given(here, engine):
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE call_slots RENAME TO hidden"))

    with pytest.raises(StoreUnavailable):
        here.reserve(ASHA, TWO_AN_HOUR, 0.0)


class Halting(SharedLimits):
    """Stops between looking and taking, as a process may."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.has_looked, self.goes_on = threading.Event(), threading.Event()

    def _replace(self, *args) -> bool:
        self.has_looked.set()
        assert self.goes_on.wait(20)
        return super()._replace(*args)


@pytest.mark.parametrize("before", [[], [-7000.0]], ids=["a new account", "a known account"])
def test_an_instance_that_stops_in_the_middle_keeps_nobody_waiting_and_takes_no_slot_twice(
    postgres_url, tmp_path, before
):
    database = Database(tmp_path, postgres_url)
    database.migrate()
    with disposing(database.control_engine()) as engine, ThreadPoolExecutor(1) as thread:
        if before:
            given(engine, "asha", *before)
        stopped = Halting(engine)
        waiting = thread.submit(stopped.reserve, ASHA, ONE_AN_HOUR, 0.0)
        assert stopped.has_looked.wait(20)

        SharedLimits(engine).reserve(ASHA, ONE_AN_HOUR, 0.0)
        stopped.goes_on.set()

        with pytest.raises(TooMany):
            waiting.result(timeout=20)


# At the broker


@contextmanager
def ticking_kite(keys_dir: Path) -> Iterator[SimulatedKite]:
    """A simulated Kite whose clock runs, so that it can say when each order arrived."""
    clock = SimClock(lambda: datetime.now(UTC), OPENING_BELL)
    exchange = Exchange(seed=1, now=clock)
    with (
        running(build_app(exchange, keys_dir)) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        yield SimulatedKite(
            url=url,
            exchange=exchange,
            clock=clock,  # type: ignore[arg-type]  # it runs, and nobody here sets it
            keys_dir=keys_dir,
            http=http,
        )


@pytest.fixture
def kite(tmp_path) -> Iterator[SimulatedKite]:
    with ticking_kite(tmp_path / "simulator") as simulator:
        yield simulator


def desk(kite: SimulatedKite, database: Database | None, account: str) -> Desk:
    return Desk(
        url=kite.url,
        keys_dir=kite.keys_dir,
        database=database,
        account=account,
        token=kite.access_token(account),
        now=OPENING_BELL,
    )


def arrivals(kite: SimulatedKite, account: str) -> list[datetime]:
    """When the broker was told to do something for this account, in order."""
    lines = kite.http.get("/simulator/wire-log").json()["writes"]
    return sorted(datetime.fromisoformat(each["at"]) for each in lines if each["user"] == account)


def most_in_a_second(at: list[datetime]) -> int:
    a_second = timedelta(seconds=1)
    return max(sum(first <= each < first + a_second for each in at) for first in at)


def test_four_processes_never_let_the_broker_see_more_than_eight_orders_in_a_second(kite, database):
    """Placements and cancellations alike; another account has its own eight meanwhile."""
    alice, bob = (desk(kite, database, account) for account in ("ALICE", "BOB"))

    told = in_processes(limit_jobs.order_as_fast_as_it_can, [(alice, 4.0)] * 4 + [(bob, 4.0)])

    ended: Counter[str] = sum((done for each in told for done, _ in each), Counter())
    heard = [words for each in told for _, refusals in each for words in refusals]
    for account in ("ALICE", "BOB"):
        assert most_in_a_second(arrivals(kite, account)) <= 8
        assert len(arrivals(kite, account)) >= 16
    proven = ended["OrderPlaced"] + ended["Accepted"]
    # On a busy machine an answer can come too late: whether the order came is not known then.
    unproven = ended["OrderOutcomeUnknown"] + ended["Unproven"]
    arrived = len(arrivals(kite, "ALICE")) + len(arrivals(kite, "BOB"))
    assert proven <= arrived <= proven + unproven
    assert unproven < proven
    assert heard
    assert all(re.fullmatch(REFUSAL, words) for words in heard), heard[:3]


def test_limits_that_each_process_keeps_alone_would_be_caught(kite):
    alone = desk(kite, None, "ALICE")

    in_processes(limit_jobs.order_as_fast_as_it_can, [(alone, 0.5)] * 4)

    assert most_in_a_second(arrivals(kite, "ALICE")) > 8


def test_when_the_store_is_away_no_order_reaches_the_broker_and_reads_go_on(kite, engine):
    shared = Calls("kite", order_limits=SharedLimits(engine))
    broker = KiteBroker(kite.url, kite.keys_dir, shared)
    who = logged_in(kite)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE call_slots RENAME TO hidden"))

    outcome = broker.place(who, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("STORE_UNAVAILABLE", False)
    assert arrivals(kite, "ALICE") == []
    assert broker.profile(who, OPENING_BELL).account_id == "ALICE"


def test_the_table_names_an_account_by_its_keyed_fingerprint_only(kite, engine, keys):
    vault = SealedVault(engine, keys)
    shared = Calls(
        "kite",
        order_limits=SharedLimits(engine),
        fingerprint=partial(vault.account_fingerprint, "kite"),
    )

    KiteBroker(kite.url, kite.keys_dir, shared).place(logged_in(kite), ticket(), OPENING_BELL)

    assert accounts(engine) == [vault.account_fingerprint("kite", "ALICE")]
