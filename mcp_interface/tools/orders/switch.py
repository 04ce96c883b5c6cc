"""The kill switch of one person: stopping is at once, and only they themselves let it go on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import anyio
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import Field

from application.orders.cancel_open import Tried
from application.orders.own_switches import OwnSwitch
from application.orders.switch import Which
from application.sessions.broker_access import supported
from application.sessions.enter_session import Entered
from domain.errors import ConfirmationRequired, InvalidArgument, ProposalRefused
from domain.proposals import APPROVAL_LIFE
from domain.session import chosen_broker
from domain.vocabulary import Approval
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.composition import Backend
from mcp_interface.server import MOVES_MONEY, TradingServer
from mcp_interface.tools.orders import asking
from mcp_interface.tools.orders.switch_words import (
    SwitchAnswer,
    answer_of,
    awaiting_in_words,
    in_words,
    question_of,
)
from mcp_interface.tools.results import one_line

YES: Final = "Yes, let trading go on"
Scope = Literal["user", "account"]
Reason = Annotated[str | None, Field(max_length=200)]
AnyBroker = Annotated[str | None, Field(max_length=20)]
"""Of an account; without it the active one."""


@dataclass(frozen=True)
class Place:
    """Who asks about which switch, from where."""

    caller: Caller
    entered: Entered
    own: OwnSwitch


def register(server: TradingServer, app: App) -> None:
    @server.tool(title="Kill switch", annotations=MOVES_MONEY)
    async def set_kill_switch(
        ctx: Mcp,
        on: bool,
        scope: Scope = "user",
        reason: Reason = None,
        broker: AnyBroker = None,
        cancel_open_orders: bool = False,
    ) -> Annotated[CallToolResult, SwitchAnswer] | InputRequiredResult:
        """Stop all your trading at once, or in one account; off: the user is asked first."""
        why = _plain(reason)
        if on:
            return await _halt(app, ctx, scope, broker, why, cancel=cancel_open_orders)
        if cancel_open_orders:
            raise InvalidArgument("cancel_open_orders goes with on=true. Next: leave it out.")
        return await _resume(app, ctx, scope, broker, why)

    server.rule("set_kill_switch", "trade", "orders", "default")


async def _halt(
    app: App, ctx: Mcp, scope: Scope, broker: str | None, why: str, *, cancel: bool
) -> CallToolResult:
    def arm(caller: Caller, entered: Entered) -> Place:
        own = _look(app.backend, caller, entered, scope, broker)
        by = caller.principal
        stood = app.backend.kill_switch.arm(caller.context, own.which, why or "no reason given", by)
        return Place(caller, entered, own._replace(stood=stood))

    place = await app.in_session(ctx, arm)
    tried: tuple[Tried, ...] = ()
    if cancel:
        account = place.own.which.of if scope == "account" else None
        assert account is None or isinstance(account, str), "an account's switch names it"
        context = place.caller.context
        where = place.own.broker or place.entered.session.active_broker or "none"
        # Whoever hangs up now has asked for it all the same.
        with anyio.CancelScope(shield=True):
            tried = await app.work.run_at_broker(
                context.principal, where, lambda: app.backend.cancel_open(context, account)
            )
    answer = answer_of(place.own, str(place.entered.session_id), tried=tried)
    lines = in_words(place.own, tried, asked_to_cancel=cancel)
    return result(app.first_line(place.entered), lines, answer)


async def _resume(
    app: App, ctx: Mcp, scope: Scope, broker: str | None, why: str
) -> CallToolResult | InputRequiredResult:
    def look(caller: Caller, entered: Entered) -> Place:
        return Place(caller, entered, _look(app.backend, caller, entered, scope, broker))

    place = await app.in_session(ctx, look)
    by_client = app.backend.settings.confirm != "page"
    if by_client and (heard := asking.heard(ctx)) is not None:
        state, said = heard
        version = _version_in(state, place.own, app.backend.clock.now())
        return await _take(app, place, said, version, why)
    if place.own.stood.switch.halted is None:
        return _told(app, place)
    if by_client and asking.can_ask(ctx):
        words, version = question_of(place.own), place.own.stood.version
        if asking.asks_in_rounds(ctx):
            return asking.question(words, YES, _state(place.own, app.backend.clock.now()))
        answer = await asking.ask_now(ctx, words, YES, APPROVAL_LIFE.total_seconds())
        if answer is not None:
            return await _take(app, place, answer, version, why)
    if app.backend.settings.confirm == "elicit":
        raise ConfirmationRequired(
            "The user has to say yes in this client, and it cannot ask them; trading stays halted. "
            "Next: use a client that supports elicitation, or ask the operator."
        )
    address = await app.address_of_pages(ctx)
    url = address and f"{address.rstrip('/')}/approve"
    told = answer_of(place.own, str(place.entered.session_id), url=url)
    waiting = told.model_copy(update={"state": "AWAITING_APPROVAL"})
    return result(app.first_line(place.entered), awaiting_in_words(place.own, url), waiting)


async def _take(
    app: App, place: Place, said: asking.Said, version: int, why: str
) -> CallToolResult:
    if said != "yes":
        raise ProposalRefused(
            "The user did not say yes; trading stays halted. Next: ask them what they want; do "
            "not ask for the same again."
        )
    own = await app.work.run(
        lambda: let_go_on(app.backend, place.caller, place.own, version, why, "elicitation")
    )
    return _told(app, Place(place.caller, place.entered, own))


def let_go_on(
    backend: Backend, caller: Caller, own: OwnSwitch, version: int, why: str, how: Approval
) -> OwnSwitch:
    """A person said yes to what they were asked at this version of the switch.

    Raises:
        ProposalRefused: trading was halted anew since.
    """
    reason = f"{why or 'the user said yes'} ({how})"
    by = caller.principal
    stood = backend.kill_switch.disarm(caller.context, own.which, reason, by, version)
    if stood.switch.halted is not None:
        raise ProposalRefused(
            "Trading was halted anew since the user was asked, so it stays halted. Next: "
            "set_kill_switch(on=false, ...) again, and they are asked about that."
        )
    return own._replace(stood=stood)


def _look(
    backend: Backend, caller: Caller, entered: Entered, scope: Scope, broker: str | None
) -> OwnSwitch:
    if scope == "user":
        if broker is not None:
            raise InvalidArgument("broker goes with scope='account'. Next: leave one of them out.")
        which = Which("user", caller.principal)
        return OwnSwitch(which, None, backend.kill_switch.look(which))
    name = chosen_broker(
        entered.session, supported(backend.brokers, broker).name if broker else None
    )
    which = backend.own_switches.of_account(caller.principal, name)
    return OwnSwitch(which, name, backend.kill_switch.look(which))


def _told(app: App, place: Place) -> CallToolResult:
    answer = answer_of(place.own, str(place.entered.session_id))
    lines = in_words(place.own, (), asked_to_cancel=False)
    return result(app.first_line(place.entered), lines, answer)


def _state(own: OwnSwitch, now: datetime) -> str:
    return f"{own.which.stream} {own.stood.version} {now.isoformat()}"


def _version_in(state: str, own: OwnSwitch, now: datetime) -> int:
    """What the person was asked about; sealed by the SDK for this caller and these arguments.

    Raises:
        ProposalRefused: it was about another switch, or too long ago.
    """
    stream, version, asked_at = state.split(" ")
    if stream != str(own.which.stream) or now >= datetime.fromisoformat(asked_at) + APPROVAL_LIFE:
        raise ProposalRefused(
            f"The yes came after {APPROVAL_LIFE.seconds} s, or was about another switch; trading "
            "stays as it is. Next: set_kill_switch(on=false, ...) again."
        )
    return int(version)


def _plain(reason: str | None) -> str:
    """One line that stays within its quotes: it is shown to people later, and whoever wrote it may
    want them to say yes."""
    return " ".join(one_line(reason or "").replace("'", '"').split())
