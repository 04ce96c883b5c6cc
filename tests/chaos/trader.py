"""Somebody who wants orders and does not let go: the same key again until there is an answer, a new
key only after having been told that no such order exists."""

from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final

import anyio

from tests.chaos.checks import Told
from tests.chaos.plan import Plan, Wish
from tests.mcp_interface.people import Answer, Person, call_once, connected
from tests.support.servers import Simulator

PLACING: Final = {"route": "/orders", "method": "POST"}
PASSING: Final = {
    "BUSY",
    "STORE_UNAVAILABLE",
    "BROKER_UNAVAILABLE",
    "ORDER_IN_PROGRESS",
    "SHUTTING_DOWN",
    "PROPOSAL_REFUSED",
    "ORDER_TOO_LATE",
    "RATE_LIMITED",
}
"""Refusals that another try may cure. Any other one is news."""
PAUSE_SECONDS: Final = 0.1
PATIENCE: Final = 3
"""How often to ask again about an order that is said to be on its way."""
MOST_KEYS: Final = 6
"""For one wish; who is turned away so often goes without."""


class Surprise(Exception):
    """A server said what it must never say here."""


class Trader:
    """One person with a token. `url` answers with the address of one server or the other."""

    def __init__(
        self, plan: Plan, token: str, simulator: Simulator, url: Callable[[], str], chance: Random
    ) -> None:
        self.plan = plan
        self.told: list[Told] = []
        self.refusals: Counter[str] = Counter()
        self.retries = 0
        self._token = token
        self._simulator = simulator
        self._url = url
        self._chance = chance
        self._todo = list(reversed(plan.wishes))
        self._key, self._patience, self._troubled = 0, PATIENCE, False

    async def log_in(self) -> None:
        async with connected(self._url(), self._token) as person:
            await person.log_in_at_kite(self._simulator, self.plan.kite_user)

    @property
    def answered(self) -> int:
        """About how many wishes there is an answer."""
        return len(self.plan.wishes) - len(self._todo)

    async def trade(self, pace: Callable[[], Awaitable[None]]) -> None:
        """Until there is an answer about every wish; `pace` says when to go on.

        Raises:
            Surprise: what was said has no place here.
        """
        while self._todo:
            try:
                async with connected(self._url(), self._token) as person:
                    while self._todo:
                        await pace()
                        await self._try(person, self._todo[-1])
            except Exception as e:  # noqa: BLE001 - however a dying server shows, the cure is a retry
                if surprise := _surprise_in(e):
                    raise surprise from None
                self.retries += 1
                await anyio.sleep(self._chance.uniform(0, PAUSE_SECONDS))

    async def _try(self, person: Person, wish: Wish) -> None:
        """One call, or two at once to two servers, about the wish that is being followed."""
        key = f"wish-{self.answered:05}-{self._key}"
        await self._trouble(wish)
        arguments: dict[str, Any] = {"order_key": key, **wish.arguments()}
        answers: list[Answer] = []

        async def ask() -> None:
            answers.append(await person.try_to("create_order", **arguments))

        async def ask_elsewhere() -> None:
            answer = await call_once(self._url(), self._token, "create_order", **arguments)
            answers.append(answer)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            if wish.asked_twice:
                tasks.start_soon(ask_elsewhere)
        for refused in (answer for answer in answers if answer.refused):
            self._note_refusal(refused)
        heard = [answer for answer in answers if not answer.refused]
        if heard:
            await self._hear(heard, key, wish)
        else:
            await anyio.sleep(PAUSE_SECONDS)

    async def _trouble(self, wish: Wish) -> None:
        """Have the next call that places an order for this person go wrong, once per wish."""
        if wish.trouble is not None and not self._troubled:
            await anyio.to_thread.run_sync(
                lambda: self._simulator.fault(
                    str(wish.trouble), user=self.plan.kite_user, **PLACING
                )
            )
        self._troubled = True

    async def _hear(self, answers: list[Answer], key: str, wish: Wish) -> None:
        safe = any(answer.data["safeToRetry"] for answer in answers)
        for answer in answers:
            state = answer.data["state"]
            if state not in ("PLACED", "REJECTED", "UNKNOWN", "DISPATCHED", "ABSENT", "REQUESTED"):
                raise Surprise(f"{key}: {answer.text}")
            self.told.append(
                Told(
                    user=self.plan.kite_user,
                    order_key=key,
                    wish=wish,
                    state=state,
                    safe=answer.data["safeToRetry"],
                )
            )
        if any(answer.data["inProgress"] for answer in answers) and self._patience:
            self._patience -= 1
            await anyio.sleep(PAUSE_SECONDS)
        elif safe and self._key + 1 < MOST_KEYS:
            self._key += 1
            await anyio.sleep(PAUSE_SECONDS)
        else:
            self._todo.pop()
            self._key, self._patience, self._troubled = 0, PATIENCE, False

    def _note_refusal(self, answer: Answer) -> None:
        self.refusals[answer.code or "?"] += 1
        if answer.code not in PASSING:
            raise Surprise(f"{self.plan.kite_user}: {answer.text}")


def _surprise_in(error: BaseException) -> BaseException | None:
    """A surprise, or a mistake of this harness; a task group wraps what it hears of."""
    if isinstance(error, Surprise | LookupError | TypeError | AttributeError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_surprise_in, error.exceptions)), None)
    return None
