"""Stop trading, for everybody, a user or an account; and let it go on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InvalidArgument
from mcp_interface.cli.opening import backend, principal_of
from mcp_interface.cli.output import FOUND, Json, command, emit, say, table

if TYPE_CHECKING:
    from application.orders.switch import Stood, Which
    from application.writer import Context
    from mcp_interface.composition import Backend

Plain = dict[str, Any]
"""A JSON object. Any: its values are JSON."""

User = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="As trading-server users list shows it; everybody if left out."
    ),
]
Account = Annotated[
    str | None,
    typer.Option(metavar="BROKER", help="Only this user's account there; goes with --user."),
]
Reason = Annotated[
    str,
    typer.Option(help="For the user and the audit trail.", show_default=False),
]


@command
def show_switches(user: User = None, as_json: Json = False) -> None:
    """What is halted: for everybody and, of a user, for them and in each of their accounts."""
    from application.orders.switch import Which

    with backend(projecting=False) as store:
        everybody = Which("global")
        rows = [_row(None, None, everybody, store.kill_switch.look(everybody))]
        if user is not None:
            for own in store.own_switches.all_of(principal_of(store, user)):
                rows.append(_row(user, own.broker, own.which, own.stood))
    columns = ("scope", "user", "broker", "state", "reason", "haltedBy", "haltedAt")
    emit(
        as_json,
        {"switches": rows},
        lambda: table(
            ("scope", "user", "broker", "state", "reason", "halted by", "halted at"),
            [[row[column] for column in columns] for row in rows],
        ),
    )


@command
def halt(
    reason: Reason,
    user: User = None,
    account: Account = None,
    cancel_open_orders: Annotated[
        bool,
        typer.Option("--cancel-open-orders", help="With the stored logins, one after another."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Stop trading at once, on all instances. Open orders stay at the broker, unless told."""
    why = _checked(reason)
    with backend(projecting=False) as store:
        which, context = _named(store, user, account)
        stood = store.kill_switch.arm(context, which, why, None)
        row = _row(user, account, which, stood) | {"changed": stood.changed}
        tried = list(_cancelled(store, which, context, user)) if cancel_open_orders else []
    before = "" if stood.changed else ", as it was before"
    stays_open = any(one["state"] != "ACCEPTED" for one in tried)
    answer, status = row | {"cancelled": tried}, "fail" if stays_open else "ok"
    emit(as_json, answer, lambda: _show_tried(tried), status=status)
    if not as_json:
        say(f"Trading is halted {_whose(user, account)}{before}.")
    if stays_open:
        raise typer.Exit(FOUND)


@command
def resume(
    reason: Reason, user: User = None, account: Account = None, as_json: Json = False
) -> None:
    """Let trading go on. Whoever else halted it (see show) still does."""
    why = _checked(reason)
    with backend(projecting=False) as store:
        which, context = _named(store, user, account)
        stood = store.kill_switch.disarm(context, which, why, None)
    words = (
        f"Trading goes on {_whose(user, account)}."
        if stood.changed
        else f"Trading was not halted {_whose(user, account)}; nothing was changed."
    )
    row = _row(user, account, which, stood) | {"changed": stood.changed}
    emit(as_json, row, lambda: say(words))


def _named(store: "Backend", user: str | None, account: str | None) -> "tuple[Which, Context]":
    """The switch, and the context of an operator who turns it.

    Raises:
        InvalidArgument: an account without a user; nobody of this name was ever here.
        BrokerNotSupported, BrokerLoginRequired: no account of theirs is known there.
    """
    from application.orders.switch import Which
    from application.sessions.broker_access import supported
    from application.writer import NOBODY, Context

    if user is None and account is not None:
        raise InvalidArgument("--account needs to know whose. Next: add --user NAME.")
    principal = NOBODY if user is None else principal_of(store, user)
    context = Context(
        principal=principal,
        actor="operator",
        correlation_id=store.ids.new(),
        client_name="trading-server switch",
    )
    if user is None:
        return Which("global"), context
    if account is None:
        return Which("user", principal), context
    broker = supported(store.brokers, account).name
    return store.own_switches.of_account(principal, broker), context


def _cancelled(
    store: "Backend", which: "Which", context: "Context", user: str | None
) -> Iterator[Plain]:
    from dataclasses import replace

    account = which.of if isinstance(which.of, str) else None
    names = store.identities.names()
    # Everybody who was ever here: a view of open orders may be behind.
    for principal in names if user is None else (context.principal,):
        for one in store.cancel_open(replace(context, principal=principal), account):
            yield {
                "user": names.get(principal, str(principal)),
                "orderKey": one.order_key,
                "broker": one.broker,
                "brokerOrderId": one.broker_order_id,
                "state": one.state,
                "code": one.code,
                "reason": one.reason,
            }


def _row(user: str | None, broker: str | None, which: "Which", stood: "Stood") -> Plain:
    from mcp_interface.tools.orders.switch_words import by_whom
    from mcp_interface.tools.results import when

    fact = stood.switch.halted
    return {
        "scope": which.scope,
        "user": user,
        "broker": broker,
        "state": "HALTED" if fact else "ON",
        "reason": fact.reason if fact else None,
        "haltedBy": by_whom(fact) if fact else None,
        "haltedAt": when(stood.since),
    }


def _show_tried(tried: list[Plain]) -> None:
    if tried:
        columns = ("user", "orderKey", "broker", "brokerOrderId", "state", "code", "reason")
        table(
            ("user", "order key", "broker", "number there", "cancellation", "code", "reason"),
            [[one[column] for column in columns] for one in tried],
        )


def _whose(user: str | None, account: str | None) -> str:
    if user is None:
        return "for everybody"
    return f"for {user}" if account is None else f"in the {account} account of {user}"


def _checked(reason: str) -> str:
    if not 0 < len(reason) <= 100 or not reason.isprintable():
        raise InvalidArgument("--reason has 1 to 100 printable characters. Next: shorten it.")
    return reason
