"""Who dies, and when: at the pace of the answers, at random moments, whatever is going on."""

from collections.abc import Iterable
from random import Random
from typing import Final

import anyio
from anyio import to_thread

from tests.chaos.stage import Instance, Stage
from tests.mcp_interface.people import eventually

DATABASE_PERCENT: Final = 15
BOTH_SERVERS_PERCENT: Final = 10
LONGEST_AIM_SECONDS: Final = 0.08


class Killer:
    """Kills so many times while the answers come in; whatever it killed is started again."""

    def __init__(self, stage: Stage, chance: Random) -> None:
        self.stage = stage
        self.servers = 0
        self.databases = 0
        self._chance = chance

    @property
    def kills(self) -> int:
        return self.servers + self.databases

    async def kill_at_random(self) -> None:
        """Once, at a moment of its own."""
        await anyio.sleep(self._chance.uniform(0, LONGEST_AIM_SECONDS))
        postgres = self.stage.postgres
        if postgres is not None and self._happens(DATABASE_PERCENT):
            await to_thread.run_sync(postgres.kill)
            self.databases += 1
            if self._happens(BOTH_SERVERS_PERCENT):
                await self._kill_servers(self.stage.instances[:1])
            await to_thread.run_sync(postgres.start)
            await self._start_servers()
            return
        both = self._happens(BOTH_SERVERS_PERCENT)
        victims = self.stage.instances if both else [self._chance.choice(self.stage.instances)]
        await self._kill_servers(victims)
        await self._start_servers()

    async def kill_in_the_first_call_of_wish(self, number: int) -> None:
        """As soon as the broker has that wish's order, of which the server, given a slow answer,
        has not heard yet."""
        await eventually(lambda: self._wishes_come_true() > number, "an order")
        await self._kill_servers(self.stage.instances)
        await self._start_servers()

    def _wishes_come_true(self) -> int:
        return len({(order.user, order.quantity_shares) for order in self.stage.at_broker()})

    async def _kill_servers(self, instances: Iterable[Instance]) -> None:
        for instance in instances:
            await to_thread.run_sync(instance.kill)
            self.servers += 1

    async def _start_servers(self) -> None:
        for instance in self.stage.instances:
            if not instance.alive:
                await to_thread.run_sync(instance.start)

    def _happens(self, percent: int) -> bool:
        return self._chance.uniform(0, 100) < percent
