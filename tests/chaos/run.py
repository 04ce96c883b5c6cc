"""One run: people trade, processes die, it becomes quiet, and everything is counted."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import anyio
from anyio import to_thread

from tests.chaos.checks import SETTLED, Findings, check
from tests.chaos.killer import Killer
from tests.chaos.plan import LOST_REPLY, SLOW_ANSWER, Plan, mixed, troubled
from tests.chaos.stage import Stage, stage
from tests.chaos.trader import Trader
from tests.mcp_interface.people import eventually

QUIET_SECONDS: Final = 60.0
MOST_SENTENCES: Final = 30
SLOWEST_ORDER_SECONDS, SLOWEST_KILL_SECONDS, SLOWEST_START_SECONDS = 1.0, 5.0, 60.0
"""A run that takes longer than these come to hangs."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to. `states` counts how orders ended, `retries` calls that broke off."""

    title: str
    seed: int
    wishes: int
    orders: int
    at_broker: int
    server_kills: int
    database_kills: int
    retries: int
    refusals: Counter[str]
    states: Counter[str]
    findings: Findings
    complaints: tuple[str, ...]
    seconds: float

    @property
    def kills(self) -> int:
        return self.server_kills + self.database_kills

    @property
    def offences(self) -> tuple[str, ...]:
        """Nothing of this may happen; complaints are what servers logged as errors."""
        return (*self.findings.all, *self.complaints)

    @property
    def summary(self) -> str:
        found = self.findings
        return (
            f"{self.title}: {self.orders} orders ({dict(self.states)}) for {self.wishes} wishes, "
            f"{self.at_broker} of them at the broker; {self.kills} kills ({self.database_kills} "
            f"of the database), {self.retries} calls cut off, {self.refusals.total()} refused; "
            f"doubled {len(found.doubled)}, lost {len(found.lost)}, "
            f"phantom {len(found.phantom)}, unknown at the end {len(found.unknown)}; "
            f"{self.seconds:.0f} s; SEED={self.seed}"
        )

    def __str__(self) -> str:
        return "\n  ".join([self.summary, *self.offences[:MOST_SENTENCES]])


class Pace:
    """Spreads the kills over the answers: neither the traders nor the killer run ahead."""

    def __init__(self, traders: Sequence[Trader], kills: int) -> None:
        self._killed = 0
        self._next_kill = anyio.Event()
        self._traders = traders
        self._kills = kills
        self.wishes = sum(len(trader.plan.wishes) for trader in traders)

    def killed(self) -> None:
        self._killed += 1
        self._next_kill.set()
        self._next_kill = anyio.Event()

    def is_time_to_kill(self) -> bool:
        return self._answered() >= (self._killed + 1) * self.wishes // (self._kills + 1)

    async def wait(self) -> None:
        """Return when the traders may go on."""
        while self._answered() >= (self._killed + 2) * self.wishes / (self._kills + 1):
            await self._next_kill.wait()

    def _answered(self) -> int:
        return sum(trader.answered for trader in self._traders)


@dataclass(frozen=True, kw_only=True)
class Control:
    """The same trouble with each order of one person, over one server; each kill is in the middle
    of a call. `arm` is a naive order flow, which must be caught; without one it is ours."""

    arm: str | None
    trouble: str
    kills: int = 0

    def is_borne_out_by(self, outcome: Outcome) -> bool:
        """Whether each order of a naive flow is there twice, and of ours none."""
        if self.arm is None:
            return not outcome.offences
        return len(outcome.findings.doubled) == CONTROL_ORDERS


CONTROL_ORDERS: Final = 3
CONTROLS: Final[Mapping[str, Control]] = {
    "lost replies": Control(arm=None, trouble=LOST_REPLY),
    "killed in calls": Control(arm=None, trouble=SLOW_ANSWER, kills=CONTROL_ORDERS),
    "call then save": Control(arm="call then save", trouble=SLOW_ANSWER, kills=CONTROL_ORDERS),
    **{
        arm: Control(arm=arm, trouble=LOST_REPLY)
        for arm in ("retry on time-out", "time-out means failed", "absent is final")
    },
}


async def mixed_run(
    directory: Path, *, on_postgres: bool, orders: int, kills: int, seed: int
) -> Outcome:
    """Everything at random, over two servers."""
    title = "PostgreSQL" if on_postgres else "SQLite"
    with stage(directory, on_postgres=on_postgres) as place:
        return await _run(place, mixed(seed, orders, place.prices()), kills, seed, title)


async def control(name: str, directory: Path) -> Outcome:
    """One of `CONTROLS`."""
    asked = CONTROLS[name]
    with stage(directory, servers=1, arm=asked.arm) as place:
        plans = troubled(CONTROL_ORDERS, place.prices(), asked.trouble)
        return await _run(place, plans, asked.kills, 0, name, in_calls=True)


async def _run(
    place: Stage,
    plans: Sequence[Plan],
    kills: int,
    seed: int,
    title: str,
    *,
    in_calls: bool = False,
) -> Outcome:
    began = time.monotonic()
    chance, killer = Random(seed), Killer(place, Random(f"{seed}/killer"))
    traders = [
        Trader(
            plan,
            place.welcome(plan),
            place.simulator,
            lambda: chance.choice(place.instances).url,
            Random(f"{seed}/{plan.name}"),
        )
        for plan in plans
    ]
    try:
        await _trade(traders, killer, kills, in_calls=in_calls)
        await _quiet(place)
        await to_thread.run_sync(place.after_the_day)
    except BaseException as error:
        error.add_note(f"{title}, SEED={seed}: {_errors_in_short(place)}")
        raise
    stored, told = place.stored(), [each for trader in traders for each in trader.told]
    at_broker = place.at_broker()
    return Outcome(
        title=title,
        seed=seed,
        wishes=sum(len(plan.wishes) for plan in plans),
        orders=sum(map(len, stored.values())),
        at_broker=len(at_broker),
        server_kills=killer.servers,
        database_kills=killer.databases,
        retries=sum(trader.retries for trader in traders),
        refusals=sum((trader.refusals for trader in traders), Counter()),
        states=Counter(r.state for reports in stored.values() for r in reports.values()),
        findings=check(at_broker, stored, told),
        complaints=tuple(place.errors()),
        seconds=time.monotonic() - began,
    )


async def _trade(traders: Sequence[Trader], killer: Killer, kills: int, *, in_calls: bool) -> None:
    pace = Pace(traders, kills)
    most = (
        pace.wishes * SLOWEST_ORDER_SECONDS + kills * SLOWEST_KILL_SECONDS + SLOWEST_START_SECONDS
    )
    with anyio.fail_after(most):
        for trader in traders:
            await trader.log_in()
        async with anyio.create_task_group() as tasks:
            for trader in traders:
                tasks.start_soon(trader.trade, pace.wait)
            for number in range(kills):
                if in_calls:
                    await killer.kill_in_the_first_call_of_wish(number)
                else:
                    await eventually(pace.is_time_to_kill, "answers", seconds=SLOWEST_START_SECONDS)
                    await killer.kill_at_random()
                pace.killed()


async def _quiet(place: Stage) -> None:
    """One server is left, and finds by itself everything that there is to be found."""
    await to_thread.run_sync(place.calm)
    await to_thread.run_sync(place.only_one_server)

    def all_found() -> bool:
        known = {(order.user, order.tag) for order in place.at_broker()}
        return place.is_ready() and not any(
            report.state not in SETTLED and (user, report.request.broker_tag) in known
            for user, reports in place.stored().items()
            for report in reports.values()
        )

    await eventually(all_found, "the reconciler to find what is there", seconds=QUIET_SECONDS)


def _errors_in_short(place: Stage) -> str:
    return "; ".join(place.errors()[-3:]) or "the servers logged no errors"
