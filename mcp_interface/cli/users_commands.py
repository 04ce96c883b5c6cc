"""Who may call the HTTP server: make, list and revoke tokens."""

from enum import StrEnum
from typing import Annotated

import typer

from domain.errors import InvalidArgument
from domain.instants import outside
from mcp_interface.cli.instants import current, end
from mcp_interface.cli.opening import backend
from mcp_interface.cli.output import FOUND, Json, command, emit, say, show, table

MAX_NAME_CHARACTERS = 200
HEX = frozenset("0123456789abcdef")

Name = Annotated[str, typer.Argument(help="What the user is called here.", show_default=False)]


class Scope(StrEnum):
    READ = "read"
    TRADE = "trade"
    AUDIT = "audit"
    ADMIN = "admin"


@command
def add(
    name: Name,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="Repeatable; 'trade' if left out. trade reads, admin audits."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="30d, 12h, or a time; never if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token for a user and print it, once. Only its hash is kept."""
    _check_name(name)
    scopes = [each.value for each in dict.fromkeys(scope or [Scope.TRADE])]
    expires_at = end("--expires", expires, current()) if expires is not None else None
    with backend(projecting=False) as store:
        token = store.identities.add_token(name, scopes, expires_at)
    until = outside(expires_at) if expires_at else None
    made = {"user": name, "token": token, "scopes": scopes, "expiresAt": until}
    emit(as_json, made, lambda: show(token))
    say(
        f"This is the only time that {name}'s token is shown"
        f"{f'; it ends {until}' if until else ''}. Clients send it as 'Authorization: Bearer ...'. "
        "Next: trading-server client-config HOST --url http://127.0.0.1:8000/mcp"
    )


@command
def list_users(as_json: Json = False) -> None:
    """Everyone who was ever here, with their tokens by the first digits of their hashes."""
    with backend(projecting=False) as store:
        users = store.identities.users()
    rows = [
        {
            "user": u.name,
            "principal": str(u.principal),
            "token": u.token,
            "scopes": list(u.scopes),
            "createdAt": outside(u.created_at),
            "expiresAt": outside(u.expires_at) if u.expires_at else None,
            "revokedAt": outside(u.revoked_at) if u.revoked_at else None,
        }
        for u in users
    ]
    shown = ("user", "token", "scopes", "createdAt", "expiresAt", "revokedAt")
    columns = ("user", "token", "scopes", "since", "expires", "revoked")
    emit(
        as_json, {"users": rows}, lambda: table(columns, [[row[c] for c in shown] for row in rows])
    )
    if not rows:
        say("Nobody yet. Next: trading-server users add NAME.")


@command
def revoke(
    name: Name,
    token: Annotated[
        str | None, typer.Option(help="Only the one that 'users list' shows so.")
    ] = None,
    as_json: Json = False,
) -> None:
    """End a user's tokens, from the next call on. Their sessions and orders stay."""
    if token is not None and not (token and HEX.issuperset(token.lower())):
        raise InvalidArgument(
            "--token is the beginning of a token's hash, never the token itself. Next: take it "
            "from trading-server users list."
        )
    with backend(projecting=False) as store:
        ended = store.identities.revoke(name, token.lower() if token else None)
    words = f"{ended} token{'' if ended == 1 else 's'} of {name} revoked."
    if not ended:
        words = f"{name} has no such token that is still valid. Next: trading-server users list."
    answer = {"user": name, "revoked": ended}
    emit(as_json, answer, lambda: say(words), status="ok" if ended else "fail")
    if not ended:
        raise typer.Exit(FOUND)


def _check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable() or name != name.strip():
        raise InvalidArgument(
            f"A name has 1 to {MAX_NAME_CHARACTERS} printable characters and no spaces around it. "
            "Next: choose another one."
        )
