import os
import pty
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from infrastructure.identity import SCOPES
from mcp_interface.cli.users_commands import Scope
from tests.mcp_interface.command_line import SCRIPT, CommandLine


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, cold=True)


def status_with(token: str, address: str) -> int:
    """What a server says to this token at a place for auditors."""
    request = urllib.request.Request(
        f"{address}/admin/api/statistics", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_token_is_shown_once_works_until_it_is_revoked_and_is_stored_nowhere(cli):
    added = cli("users", "add", "asha", "--scope", "audit", "--scope", "trade")
    token = added.out.strip()
    for_a_month = cli.json("users", "add", "bob", "--expires", "30d")

    assert added.code == 0
    assert token.startswith("ts_")
    assert token not in added.err
    assert "Authorization: Bearer" in added.err
    assert for_a_month["scopes"] == ["trade"]
    assert for_a_month["expiresAt"].endswith("+05:30")
    kept = [path for path in cli.home.rglob("*") if path.is_file()]
    assert kept
    assert all(token.encode() not in path.read_bytes() for path in kept)

    listed = cli("users", "list").rows
    assert [(row["user"], row["scopes"]) for row in listed] == [
        ("asha", "audit, trade"),
        ("bob", "trade"),
    ]
    with cli.serving() as address:
        assert status_with(token, address) == 200
        assert cli("users", "revoke", "asha").code == 0
        assert status_with(token, address) == 401
    assert cli.json("users", "revoke", "asha", code=1) == {"user": "asha", "revoked": 0}
    assert cli.json("users", "revoke", "bob", "--token", listed[1]["token"])["revoked"] == 1
    users = cli.json("users", "list")["users"]
    assert all(user["revokedAt"] for user in users)
    assert for_a_month["token"] not in str(users)


def test_a_token_in_the_place_of_its_prefix_is_refused_and_not_repeated(cli):
    said = cli("users", "revoke", "bob", "--token", "ts_a-real-one")

    assert said.code == 2
    assert "ts_a-real-one" not in said.err
    assert cli("users", "revoke", "bob", "--token", "").code == 2


def test_the_scopes_on_offer_are_those_of_the_server():
    assert tuple(Scope) == SCOPES


def test_ending_a_session_asks_on_a_terminal_and_takes_no_for_an_answer(tmp_path):
    cli = CommandLine(tmp_path)
    session = cli.json("tools", "call", "list_brokers")["sessionId"]

    silent = cli("sessions", "expire", session[:8])
    assert silent.code == 2
    assert "--yes" in silent.err

    assert answering(cli, "n\n", "sessions", "expire", session[:8]) == 1
    assert answering(cli, "y\n", "sessions", "expire", session[:8]) == 0
    assert cli.json("sessions", "expire", session, "--yes", code=1)["ended"] is False


def answering(cli: CommandLine, answer: str, *words: str) -> int:
    """The exit code of a command on a terminal where somebody types this."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(SCRIPT, [str(SCRIPT), *words], cli.env)
    os.write(terminal, answer.encode())
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:  # the terminal is gone with its last user
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status)
