"""Whose sessions there are, and how to end one."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InvalidArgument, SessionNotFound
from mcp_interface.cli.opening import backend, principal_of
from mcp_interface.cli.output import FOUND, Full, Json, command, emit, say, short, table

if TYPE_CHECKING:
    from mcp_interface.composition import Backend
    from projections.session_info import SessionInfo

PAGE = 500
HEX = frozenset("0123456789abcdef")

SessionId = Annotated[
    str, typer.Argument(metavar="ID", help="The id or its first digits.", show_default=False)
]


@command
def list_sessions(
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    user: Annotated[str | None, typer.Option(help="Only this user's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE)] = 50,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out before.")] = 0,
    full: Full = False,
    as_json: Json = False,
) -> None:
    """Sessions, newest first."""
    from mcp_interface.operator import session_page

    with backend() as store:
        page = session_page(
            store,
            active_only=not every,
            principal=None if user is None else principal_of(store, user),
            limit=limit,
            offset=offset,
        )
    emit(as_json, page, lambda: _show_page(page, full))
    if page["stale"]:
        say(f"The views are behind: this is as of position {page['asOfPosition']}.")


def _show_page(page: dict[str, Any], full: bool) -> None:  # Any: JSON values
    rows = page["sessions"]
    table(
        ("session", "user", "label", "no", "broker", "orders", "open", "last used", "ends", "end"),
        [
            (
                short(row["sessionId"], full),
                row["user"],
                row["label"],
                row["generation"],
                row["activeBroker"],
                row["ordersRequested"],
                row["openOrders"],
                row["lastActivity"],
                row["endedAt"] or row["endsAt"],
                row["endReason"],
            )
            for row in rows
        ],
    )
    say(f"{len(rows)} of {page['total']} sessions.")


@command
def show_session(session_id: SessionId, full: Full = False, as_json: Json = False) -> None:
    """Everything the views know about one session."""
    from mcp_interface.operator import session_row

    with backend() as store:
        row = session_row(store, find(store, session_id), store.identities.names())
    shown = row | {"sessionId": short(row["sessionId"], full)}
    emit(as_json, row, lambda: table(("field", "value"), list(shown.items())))


@command
def expire(
    session_id: SessionId,
    reason: Annotated[str, typer.Option(help="For the audit trail.")] = "ended by the operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    full: Full = False,
    as_json: Json = False,
) -> None:
    """End a session and destroy its broker logins. Orders at a broker stay where they are."""
    from application.writer import Context

    if not 0 < len(reason) <= 100 or not reason.isprintable():
        raise InvalidArgument("--reason has 1 to 100 printable characters. Next: shorten it.")
    with backend() as store:
        info = find(store, session_id)
        owner = store.identities.names().get(info.principal, "nobody known")
        named = f"Session {short(info.session_id, full)} ('{info.label}') of {owner}"
        if info.ended_at is None and not yes and not _confirmed(named, info.orders_open):
            say("Nothing was changed.")
            raise typer.Exit(FOUND)
        context = Context(
            principal=info.principal,
            actor="operator",
            correlation_id=store.ids.new(),
            client_name="trading-server sessions expire",
        )
        ended = store.close_session.end(context, info.session_id, reason)
    answer = {"sessionId": str(info.session_id), "user": owner, "ended": ended, "reason": reason}
    words = f"{named} has ended." if ended else f"{named} had ended before; nothing was changed."
    emit(as_json, answer, lambda: say(words), status="ok" if ended else "fail")
    if not ended:
        raise typer.Exit(FOUND)


def _confirmed(named: str, open_orders: int) -> bool:
    """Ask on a terminal. Anywhere else nobody could answer.

    Raises:
        InvalidArgument: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise InvalidArgument(
            f"{named} would end, and there is no terminal to ask on. Next: repeat it with --yes."
        )
    stay = f" Its {open_orders} open orders stay at the broker." if open_orders else ""
    say(f"{named} will end, and its broker logins will be destroyed.{stay}")
    return typer.confirm("End it?", err=True)


def find(store: "Backend", session_id: str) -> "SessionInfo":
    """The one session whose id begins so.

    Raises:
        SessionNotFound: there is none, or more than one.
    """
    digits = session_id.replace("-", "").lower()
    found = store.admin.find_sessions(digits).value if digits and HEX.issuperset(digits) else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise SessionNotFound(
            f"No session's id begins with {ascii(session_id)[:42]}. Next: trading-server sessions "
            "list --all."
        )
    raise SessionNotFound(
        f"{len(found)} sessions begin with {ascii(session_id)[:42]}. Next: give more digits "
        "(trading-server sessions list --all --full)."
    )
