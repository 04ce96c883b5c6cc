"""What a user did, and what the system knew at a moment. All times are Indian."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InvalidArgument
from domain.instants import outside
from mcp_interface.cli.instants import HOW_TO_WRITE, current, instant
from mcp_interface.cli.opening import backend, principal_of
from mcp_interface.cli.output import FOUND, Full, Json, command, emit, say, short, show, table

if TYPE_CHECKING:
    from application.orders.whatif import Rejudged

PAGE = 500
User = Annotated[str, typer.Option(help="Whose.", show_default=False)]
Since = Annotated[str | None, typer.Option(help=HOW_TO_WRITE)]


@command
def timeline(
    user: User,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="Inclusive; written likewise.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    after: Annotated[int, typer.Option(min=0, help="Only behind this position.")] = 0,
    as_json: Json = False,
) -> None:
    """Every event of a user, oldest first, in words."""
    from mcp_interface.operator import timeline_row

    now = current()
    first = instant("--since", since, now) if since is not None else None
    last = instant("--until", until, now) if until is not None else None
    with backend() as store:
        answered = store.admin.my_timeline(
            principal_of(store, user), after=after, since=first, until=last, limit=limit + 1
        )
    entries, stale = answered.value, answered.stale
    rows = [timeline_row(entry) for entry in entries[:limit]]
    more = rows[-1]["position"] if len(entries) > limit else None
    answer = {"user": user, "events": rows, "nextAfter": more, "stale": stale}
    emit(as_json, answer, lambda: _show_timeline(rows))
    if stale:
        say("The views are behind: the newest events may be missing.")
    if more is not None:
        say(f"There is more. Next: repeat it with --after {more}.")


def _show_timeline(rows: list[dict[str, Any]]) -> None:  # Any: JSON values
    from mcp_interface.tools.activity.activity_rows import plain_name

    table(
        ("position", "time", "event", "what"),
        [(r["position"], r["recordedAt"], plain_name(r["event"]), _what(r)) for r in rows],
    )


def _what(row: dict[str, Any]) -> str:  # Any: JSON values
    from mcp_interface.tools.results import quoted

    words = f" Written: {quoted(row['words'])}" if row["words"] else ""
    key = f" [{row['orderKey']}]" if row["orderKey"] else ""
    return f"{row['summary']}{words}{key}"


@command
def state(
    user: User,
    at: Annotated[str, typer.Option(help=HOW_TO_WRITE)] = "now",
    full: Full = False,
    as_json: Json = False,
) -> None:
    """A user's sessions and orders as the system knew them at a moment: replayed events only."""
    from mcp_interface.operator import state_row

    now = current()
    moment = instant("--at", at, now)
    if moment > now:
        raise InvalidArgument("--at lies ahead, and nothing is known of that. Next: --at now.")
    with backend(projecting=False) as store:
        known = store.audit.state(principal_of(store, user), moment)
    sessions = [state_row(found, moment) for found in known]
    answer = {"user": user, "asOf": outside(moment), "sessions": sessions}
    emit(as_json, answer, lambda: _show_state(sessions, full))
    say(f"As known at {outside(moment)}, from {sum(s['events'] for s in sessions)} events.")


def _show_state(sessions: list[dict[str, Any]], full: bool) -> None:  # Any: JSON values
    table(
        ("session", "label", "no", "since", "ends", "ended", "broker", "logged in", "orders"),
        [
            (
                short(s["sessionId"], full),
                s["label"],
                s["generation"],
                s["createdAt"],
                s["endsAt"],
                "yes" if s["ended"] else "no",
                s["activeBroker"],
                s["authenticatedBrokers"],
                len(s["orders"]),
            )
            for s in sessions
        ],
    )
    orders = [(s, order) for s in sessions for order in s["orders"]]
    if not orders:
        return
    show("")
    table(
        ("session", "order key", "order", "mode", "state", "status", "filled", "average", "placed"),
        [
            (
                short(s["sessionId"], full),
                o["orderKey"],
                _order(o),
                o["mode"],
                o["state"],
                o["status"],
                o["filledQuantity"],
                o["averagePrice"],
                o["placedAt"],
            )
            for s, o in orders
        ],
    )


def _order(row: dict[str, Any]) -> str:  # Any: JSON values
    if row["instruction"]:
        return str(row["instruction"])
    kind = "" if row["variety"] == "regular" else f"{row['variety']}: "
    return (
        f"{kind}{row['transactionType']} {row['quantity']} {row['exchange']}:"
        f"{row['tradingSymbol']} {row['product']} {row['orderType']}"
    )


@command
def whatif(
    user: Annotated[str, typer.Argument(metavar="NAME", help="Whose orders.", show_default=False)],
    day: Annotated[
        str, typer.Option(help="The trading day (IST), as 2026-11-20.", show_default=False)
    ],
    limits: Annotated[
        str, typer.Option(help="'max_order_value_inr=50000, ...' over the user's own.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Judge a day's orders again under other risk limits. Exit code 1: one that was sent would be
    denied."""
    from domain.limits import read_changes

    changes = read_changes(limits)
    with backend(projecting=False) as store:
        principal = principal_of(store, user)
        judged = store.whatif(principal, _day(day), store.risk_policy.of(principal, changes))
    rows = [_rejudged_row(each) for each in judged]
    totals = {
        "orders": len(rows),
        "passedBoth": sum(r["then"] == r["now"] == "passed" for r in rows),
        "newlyDenied": sum(each.newly_denied for each in judged),
        "newlyPassed": sum(each.newly_passed for each in judged),
        "deniedBoth": sum(r["then"] == r["now"] == "denied" for r in rows),
        "notJudged": sum(not each.judged for each in judged),
    }
    found = totals["newlyDenied"] > 0
    answer = {"user": user, "day": day, "orders": rows, "totals": totals}
    emit(as_json, answer, lambda: _show_rejudged(rows), status="fail" if found else "ok")
    say(
        f"Orders: {totals['orders']}. Passed then and denied now: {totals['newlyDenied']}. "
        f"Denied then and passed now: {totals['newlyPassed']}. Not judged: {totals['notJudged']}."
    )
    if found:
        raise typer.Exit(FOUND)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidArgument("--day is no date. Next: write it as 2026-11-20.") from None


def _rejudged_row(each: "Rejudged") -> dict[str, Any]:  # Any: JSON values
    asked = each.asked
    terms, then, now = asked.terms, asked.then, each.denial
    return {
        "position": asked.position,
        "askedAt": outside(asked.at),
        "orderKey": asked.order_key,
        "changeKey": asked.change_key,
        "mode": asked.mode,
        "order": f"{terms.transaction_type} {terms.quantity_shares} "
        f"{terms.exchange}:{terms.trading_symbol} {terms.product} {terms.order_type}",
        "then": "denied" if then else "passed",
        "thenRule": then.rule if then else None,
        "thenThreshold": then.threshold if then else None,
        "now": "not judged" if not each.judged else "denied" if now else "passed",
        "nowRule": now.rule if now else None,
        "nowThreshold": now.threshold if now else None,
        "nowReason": now.reason if now else None,
    }


def _show_rejudged(rows: list[dict[str, Any]]) -> None:  # Any: JSON values
    table(
        ("position", "time", "order key", "order", "then", "because", "now", "because of"),
        [
            (
                row["position"],
                row["askedAt"],
                row["orderKey"],
                row["order"],
                row["then"],
                row["thenThreshold"],
                row["now"],
                row["nowThreshold"],
            )
            for row in rows
        ],
    )
