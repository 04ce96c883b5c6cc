"""By which way each account's calls leave this machine."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from domain.vocabulary import BrokerName
from mcp_interface.cli.opening import backend, principal_of
from mcp_interface.cli.output import FOUND, Json, command, emit, say, table


class RealBroker(StrEnum):
    KITE = "kite"
    GROWW = "groww"
    DHAN = "dhan"


User = Annotated[str, typer.Argument(help="As trading-server users list shows it.")]
Broker = Annotated[RealBroker, typer.Argument(help="Whose calls.")]


@command
def set_egress(
    user: User,
    broker: Broker,
    way: Annotated[
        str,
        typer.Argument(
            help="direct, source:ADDRESS, proxy:SCHEME://[USER:PASSWORD@]HOST:PORT (schemes: http, "
            "https, socks5, socks5h), or - to read it from stdin, where nobody sees a password."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Let a user's calls to a broker leave by this way, from the next call on."""
    from infrastructure.brokers.ways import is_usable
    from infrastructure.egress import parse_egress, shown

    egress = parse_egress(sys.stdin.readline() if way == "-" else way)
    with backend(projecting=False) as store:
        store.egresses.set(principal_of(store, user), _name(broker), egress)
    usable = is_usable(egress)
    made = {"user": user, "broker": broker.value, "egress": shown(egress), "usableHere": usable}
    emit(as_json, made, lambda: say(f"{user}'s calls to {broker} leave by {shown(egress)}."))
    if not usable:
        say(
            "This machine does not have that address now: orders will be refused with "
            "EGRESS_UNAVAILABLE. Next: add the address to an interface."
        )


@command
def show(as_json: Json = False) -> None:
    """Every way that is set. Whoever is missing here calls directly."""
    from infrastructure.egress import shown

    with backend(projecting=False) as store:
        names = store.identities.names()
        rows: list[dict[str, Any]] = [
            {
                "user": names.get(principal, str(principal)),
                "broker": broker,
                "egress": shown(egress) if egress else "(cannot be read; set it anew)",
            }
            for principal, broker, egress in store.egresses.all()
        ]
    rows.sort(key=lambda row: (row["user"], row["broker"]))
    columns = ("user", "broker", "egress")
    emit(
        as_json,
        {"egresses": rows},
        lambda: table(columns, [[row[c] for c in columns] for row in rows]),
    )
    if not rows:
        say("Everybody calls directly. Next: trading-server egress set USER BROKER WAY.")


@command
def clear(user: User, broker: Broker, as_json: Json = False) -> None:
    """Let a user's calls to a broker leave directly again."""
    from application.ports.egress import DIRECT

    with backend(projecting=False) as store:
        principal = principal_of(store, user)
        was_set = any(row[:2] == (principal, broker.value) for row in store.egresses.all())
        store.egresses.set(principal, _name(broker), DIRECT)
    answer = {"user": user, "broker": broker.value, "cleared": was_set}
    words = f"{user}'s calls to {broker} leave directly{'' if was_set else ', as before'}."
    emit(as_json, answer, lambda: say(words), status="ok" if was_set else "fail")
    if not was_set:
        raise typer.Exit(FOUND)


def _name(broker: RealBroker) -> BrokerName:
    match broker:
        case RealBroker.KITE:
            return "kite"
        case RealBroker.GROWW:
            return "groww"
        case RealBroker.DHAN:
            return "dhan"
