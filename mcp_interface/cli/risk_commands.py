"""What people may do at most: look at the risk limits, and give one person others."""

from typing import Annotated

import typer

from mcp_interface.cli.opening import backend, principal_of
from mcp_interface.cli.output import Json, command, emit, say, table

Changes = Annotated[
    list[str],
    typer.Argument(
        metavar="LIMIT=VALUE...",
        help="Lists have | inside; LIMIT=default takes one back.",
        show_default=False,
    ),
]


@command
def show_limits(
    user: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Whose; everybody's if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The risk limits that hold now, and who set each: the default, the configuration, or an
    operator for this user."""
    from domain.limits import RiskLimits, about, as_text

    with backend(projecting=False) as store:
        policy = store.risk_policy
        principal = None if user is None else principal_of(store, user)
        now = as_text(policy.defaults if principal is None else policy.of(principal))
        own = {} if principal is None else policy.changes(principal)
    default, configured = as_text(RiskLimits()), as_text(policy.defaults)
    rows = []
    for name, value in now.items():
        by = "default" if configured[name] == default[name] else "configuration"
        by = by if own.get(name) is None else "operator"
        rows.append({"limit": name, "value": value, "setBy": by, "about": about(name)})
    columns = ("limit", "value", "setBy", "about")
    emit(
        as_json,
        {"user": user, "limits": rows},
        lambda: table(
            ("limit", "value", "set by", "about"), [[row[c] for c in columns] for row in rows]
        ),
    )


@command
def set_limits(
    user: Annotated[
        str, typer.Argument(metavar="NAME", help="As trading-server users list shows it.")
    ],
    changes: Changes,
    reason: Annotated[str, typer.Option(help="For the audit trail.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Give a user limits of their own, from their next order on."""
    from application.writer import Context
    from domain.limits import read_changes, shown

    wanted = read_changes(",".join(changes))
    with backend(projecting=False) as store:
        principal = principal_of(store, user)
        context = Context(
            principal=principal,
            actor="operator",
            correlation_id=store.ids.new(),
            client_name="trading-server risk set",
        )
        limits = store.risk_policy.set(context, principal, wanted, reason)
    now = {name: shown(limits, name) for name in wanted}
    emit(
        as_json,
        {"user": user, "limits": now, "reason": reason},
        lambda: say(f"{user} now has {', '.join(f'{k}={v}' for k, v in now.items())}."),
    )
