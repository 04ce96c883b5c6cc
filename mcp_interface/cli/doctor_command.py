"""`trading-server doctor`: is this installation fit to serve, and what to do if not."""

import typer

from mcp_interface.cli.output import FOUND, STORE_AWAY, Json, command, emit, say, table


@command
def doctor(as_json: Json = False) -> None:
    """Check settings, directories, store, projections, SDKs and clock. Changes nothing."""
    from infrastructure import logs
    from mcp_interface.cli.diagnosis import examine

    logs.configure("error")
    diagnosis = examine()
    found = diagnosis.findings
    failed = sum(f.status == "fail" for f in found)
    warned = sum(f.status == "warn" for f in found)
    checks = [
        {"check": f.check, "status": f.status, "found": f.found, "next": f.next_step} for f in found
    ]

    def shown() -> None:
        table(
            ("check", "status", "found", "next"),
            [(f.check, f.status, f.found, f.next_step) for f in found],
        )

    answer = {"checks": checks, "failed": failed, "warned": warned}
    emit(as_json, answer, shown, status="fail" if failed else "ok")
    say(f"{len(found)} checks: {failed} failed, {warned} warnings.")
    if diagnosis.store_away:
        raise typer.Exit(STORE_AWAY)
    if failed:
        raise typer.Exit(FOUND)
