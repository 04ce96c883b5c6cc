"""The reconciler in a serving process: nobody has to ask, and nobody waits for anybody else."""

import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import anyio
import pytest
from anyio import to_thread

from application.orders.reconcile import Look, Overview, Reconcile
from domain.errors import BrokerUnavailable, StoreUnavailable
from domain.events import OrderAdopted
from domain.vocabulary import BrokerName
from mcp_interface import reconciling
from mcp_interface.background import Background
from mcp_interface.reconciling import Reconciling
from mcp_interface.work import Work
from tests.application.world import OPEN, OPENING_BELL, row
from tests.fakes.broker import ScriptedBroker
from tests.fakes.clock import ManualClock
from tests.mcp_interface.people import eventually
from tests.support import canary

pytestmark = pytest.mark.anyio

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")


def look_at(principal: UUID, broker: BrokerName = "kite", version: int = 1) -> Look:
    return Look(
        principal=principal,
        session_id=principal,
        broker=broker,
        version=version,
        retired=False,
        sessions=(),
        pause=timedelta(0),
    )


class Scripted:
    """Says what is due, and notes down who was looked at; some accounts hang or fail."""

    overview = Overview(accounts=2, in_doubt=1)

    def __init__(self, *due: Look) -> None:
        self.answer: tuple[Look, ...] | Exception = due
        self.stale: Exception | None = None
        self.rounds = self.closings = 0
        self.looked = Counter[UUID]()
        self.let_go = threading.Event()
        self.hanging: set[UUID] = set()
        self.failing: dict[UUID, Exception] = {}

    def due(self) -> tuple[Look, ...]:
        self.rounds += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close_stale(self) -> int:
        self.closings += 1
        if self.stale is not None:
            raise self.stale
        return 0

    def look(self, look: Look) -> None:
        self.looked[look.principal] += 1
        if look.principal in self.hanging:
            assert self.let_go.wait(30), "nobody let it go"
        if look.principal in self.failing:
            raise self.failing[look.principal]


class Running:
    """A reconciler at work over a script, with rounds that follow one another only when woken."""

    def __init__(self, script: Scripted) -> None:
        self.script = script
        self.clock = ManualClock(OPENING_BELL)
        self.it = Reconciling(cast(Reconcile, script), self.clock)

    async def round(self) -> None:
        """Wake it, and wait until it has asked once more."""
        before = self.script.rounds
        await to_thread.run_sync(self.it.wake)
        await eventually(lambda: self.script.rounds > before, "another round")

    def why(self) -> object:
        check = self.it.check()
        assert check["ok"] is (check["why"] is None)
        return check["why"]


@asynccontextmanager
async def running(script: Scripted, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(reconciling, "ROUND", timedelta(hours=1))
    made = Running(script)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.it.run)
        await eventually(lambda: script.rounds > 0, "the first round")
        try:
            yield made
        finally:
            script.let_go.set()
            tasks.cancel_scope.cancel()


# Looking


async def test_a_hung_account_does_not_delay_another(monkeypatch):
    script = Scripted(look_at(ASHA), look_at(RAVI))
    script.hanging = {ASHA}

    async with running(script, monkeypatch) as it:
        await eventually(lambda: script.looked[RAVI] == 1, "the other one")
        await it.round()
        await eventually(lambda: script.looked[RAVI] == 2, "the other one again")

        assert script.looked[ASHA] == 1


async def test_as_many_hung_accounts_as_a_broker_has_threads_delay_no_other_broker(monkeypatch):
    hung = [look_at(UUID(int=n)) for n in range(reconciling.THREADS_PER_BROKER + 1)]
    script = Scripted(*hung, look_at(RAVI, "dhan"))
    script.hanging = {look.principal for look in hung}

    async with running(script, monkeypatch):
        await eventually(lambda: script.looked[RAVI] == 1, "the other broker")

        assert script.looked.total() - 1 <= reconciling.THREADS_PER_BROKER


async def test_an_account_is_looked_at_by_one_login_at_a_time(monkeypatch):
    script = Scripted(look_at(ASHA, version=1), look_at(ASHA, version=2))
    script.hanging = {ASHA}

    async with running(script, monkeypatch) as it:
        await eventually(lambda: script.looked[ASHA] == 1, "the first look")
        await it.round()
        await it.round()
        assert script.looked[ASHA] == 1

        script.let_go.set()
        await eventually(lambda: it.why() == "FIRST_LOOKS", "the first look's end")
        script.answer = (look_at(ASHA, version=2),)
        await it.round()
        await eventually(lambda: script.looked[ASHA] == 2, "the look by the other login")


async def test_an_account_that_fails_is_tried_again_and_troubles_nobody(monkeypatch):
    script = Scripted(look_at(ASHA), look_at(RAVI))
    script.failing = {ASHA: BrokerUnavailable("Away."), RAVI: ValueError("a damaged row")}

    async with running(script, monkeypatch) as it:
        await eventually(lambda: it.why() is None, "the first looks")
        await it.round()
        await eventually(lambda: script.looked == {ASHA: 2, RAVI: 2}, "the second looks")

        assert it.why() is None


async def test_what_was_abandoned_is_closed_at_the_start_and_every_ten_seconds(monkeypatch):
    script = Scripted()

    async with running(script, monkeypatch) as it:
        it.clock.advance(timedelta(seconds=9))
        await it.round()
        assert script.closings == 1

        it.clock.advance(timedelta(seconds=1))
        await it.round()
        assert script.closings == 2


# Readiness


async def test_readiness_waits_for_the_first_look_at_each_account(monkeypatch):
    script = Scripted(look_at(ASHA), look_at(RAVI))
    script.hanging = {ASHA}

    async with running(script, monkeypatch) as it:
        await eventually(lambda: script.looked[RAVI] == 1, "the other account")
        assert it.why() == "FIRST_LOOKS"

        script.let_go.set()
        await eventually(lambda: it.why() is None, "readiness")
        assert it.it.check() == {"ok": True, "why": None, "accounts": 2, "inDoubt": 1}


async def test_readiness_does_not_wait_for_ever_for_an_account_that_cannot_be_seen(monkeypatch):
    script = Scripted(look_at(ASHA))
    script.hanging = {ASHA}

    async with running(script, monkeypatch) as it:
        await eventually(lambda: script.looked[ASHA] == 1, "the first look")
        it.clock.advance(timedelta(seconds=14))
        assert it.why() == "FIRST_LOOKS"

        it.clock.advance(timedelta(seconds=1))
        assert it.why() is None


async def test_an_account_that_comes_later_makes_nobody_wait(monkeypatch):
    script = Scripted()

    async with running(script, monkeypatch) as it:
        await eventually(lambda: it.why() is None, "readiness")
        script.hanging, script.answer = {ASHA}, (look_at(ASHA),)
        await it.round()
        await eventually(lambda: script.looked[ASHA] == 1, "its look")

        assert it.why() is None


@pytest.mark.parametrize(
    ("trouble", "why"),
    [(StoreUnavailable("Away."), "STORE_UNAVAILABLE"), (KeyError("x"), "KeyError")],
    ids=["store", "bug"],
)
@pytest.mark.parametrize("where", ["answer", "stale"])
async def test_trouble_shows_until_it_is_over(monkeypatch, trouble, why, where):
    script = Scripted()

    async with running(script, monkeypatch) as it:
        await eventually(lambda: it.why() is None, "readiness")
        healthy = getattr(script, where)
        setattr(script, where, trouble)
        it.clock.advance(timedelta(seconds=10))
        await it.round()
        await eventually(lambda: it.why() == why, "the trouble")

        setattr(script, where, healthy)
        await it.round()
        await eventually(lambda: it.why() is None, "its end")


async def test_a_reconciler_without_a_round_for_a_minute_is_overdue(monkeypatch):
    async with running(Scripted(), monkeypatch) as it:
        await eventually(lambda: it.why() is None, "readiness")
        it.clock.advance(timedelta(seconds=59))
        assert it.why() is None

        it.clock.advance(timedelta(seconds=1))
        assert it.why() == "OVERDUE"
        await it.round()
        await eventually(lambda: it.why() is None, "readiness again")


async def test_a_reconciler_that_was_never_started_or_is_stopped_is_dead(monkeypatch):
    assert Running(Scripted()).why() == "DEAD"

    async with running(Scripted(), monkeypatch) as it:
        await eventually(lambda: it.why() is None, "readiness")
    assert it.why() == "DEAD"
    it.it.wake()


class Broken(Scripted):
    """What it says is due makes no sense, once it is told to break."""

    breaks = False

    def due(self) -> tuple[Look, ...]:
        return cast(tuple[Look, ...], 1 if self.breaks else super().due())


async def test_the_death_of_the_reconciler_turns_readiness_red_and_ends_nothing_else(
    tmp_path, monkeypatch
):
    script = Broken()
    with canary.installation(canary.settings(tmp_path)) as backend:
        monkeypatch.setattr(backend, "reconcile", script)
        background = Background(backend)
        async with background.running(Work()):
            await eventually(lambda: bool(checks(background)["reconciler"]["ok"]), "readiness")
            script.breaks = True
            await to_thread.run_sync(backend.wake_reconciler)
            await eventually(lambda: checks(background)["reconciler"]["why"] == "DEAD", "death")

            assert [n for n, check in checks(background).items() if not check["ok"]] == [
                "reconciler"
            ]
            assert backend.enter(canary.CONTEXT, "default").session.label == "default"


def checks(background: Background) -> dict[str, dict[str, object]]:
    return background.checks()


async def test_a_login_has_its_account_looked_at_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reconciling, "ROUND", timedelta(hours=1))
    with canary.installation(canary.settings(tmp_path)) as backend:
        kite = backend.brokers.get("kite")
        assert isinstance(kite, ScriptedBroker)
        background = Background(backend)
        async with background.running(Work()):
            await eventually(lambda: bool(checks(background)["reconciler"]["ok"]), "readiness")
            account = backend.vault.account_fingerprint("kite", canary.ACCOUNT)
            kite.book = [row("B7", OPEN, backend.vault.broker_tag(canary.ASHA, account, "k1"))]

            entered = await to_thread.run_sync(lambda: canary.log_in(backend))

            def adopted() -> bool:
                events = backend.writer.load(entered.session_id).events
                return any(isinstance(event, OrderAdopted) for event in events)

            await eventually(adopted, "the order that the log had lost")
