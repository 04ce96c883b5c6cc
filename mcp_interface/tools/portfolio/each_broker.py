"""One question to several brokers at once. What one of them refuses hides no other's answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio

from application.sessions.enter_session import Entered
from domain.errors import BrokerLoginRequired, Refusal
from domain.session import TradingSession
from mcp_interface.app import App, Mcp
from mcp_interface.caller import Caller

T = TypeVar("T")


async def ask_each(
    app: App, ctx: Mcp, names: Sequence[str], job: Callable[[Caller, Entered, str], T]
) -> dict[str, T | Refusal]:
    """In the order of the names; a refusal stands where its broker's answer would. Each waits in
    its broker's own threads, all of them within those of the person."""
    found: dict[str, T | Refusal] = {}

    async def ask(name: str) -> None:
        try:
            found[name] = await app.at_broker(
                ctx, name, lambda caller, entered: job(caller, entered, name)
            )
        except Refusal as refusal:
            found[name] = refusal

    async with anyio.create_task_group() as tasks:
        for name in dict.fromkeys(names):
            tasks.start_soon(ask, name)
    return {name: found[name] for name in dict.fromkeys(names)}


def brokers_of(app: App, session: TradingSession) -> list[str]:
    """Every broker with real accounts, so that a login that has ended is not overlooked; and paper
    money where the person trades with it."""
    return [
        broker.name
        for broker in app.backend.brokers.all()
        if broker.needs_login or broker.name == session.active_broker
    ]


def must_be_anywhere(found: dict[str, T | Refusal]) -> None:
    """Raises: BrokerLoginRequired: the person is logged in at none of them."""
    if all(isinstance(answer, BrokerLoginRequired) for answer in found.values()):
        raise BrokerLoginRequired(
            f"You are logged in at none of {', '.join(found)}. Next: "
            "get_broker_login_instructions(broker=...), or brokers=['paper']."
        )
