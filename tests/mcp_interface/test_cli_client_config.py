import json
import shlex
from pathlib import Path

import pytest

from tests.mcp_interface.command_line import SCRIPT, CommandLine

URL = "http://127.0.0.1:8000/mcp"


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, cold=True)


def stdio(cli: CommandLine, *args: str) -> dict[str, object]:
    return {
        "command": str(SCRIPT),
        "args": ["stdio", *args],
        "env": {
            "TRADING_DATA_DIR": str(cli.data_dir),
            "TRADING_KEYS_DIR": str(cli.keys_dir),
            "TRADING_USER": "asha",
        },
    }


@pytest.mark.parametrize("host", ["claude-desktop", "cursor", "json"])
def test_a_local_server_is_started_by_its_absolute_path_on_the_same_data(cli, host):
    printed = json.loads(cli("client-config", host, "--session", "work").out)

    assert printed == {"mcpServers": {"trading": stdio(cli, "--session", "work")}}


def test_vs_code_has_words_of_its_own_and_asks_for_the_token(cli):
    local = cli.json("client-config", "vscode")["config"]
    remote = cli.json("client-config", "vscode", "--url", URL)["config"]

    assert local == {"servers": {"trading": {"type": "stdio"} | stdio(cli)}}
    assert remote["servers"]["trading"] == {
        "type": "http",
        "url": URL,
        "headers": {"Authorization": "Bearer ${input:trading-token}"},
    }
    assert [(i["id"], i["password"]) for i in remote["inputs"]] == [("trading-token", True)]


def test_cursor_takes_the_token_from_its_environment(cli):
    remote = cli.json("client-config", "cursor", "--url", URL, "--session", "my work")["config"]

    assert remote["mcpServers"]["trading"] == {
        "url": f"{URL}?session=my+work",
        "headers": {"Authorization": "Bearer ${env:TRADING_TOKEN}"},
    }


def test_claude_code_is_one_line_for_a_shell(cli):
    local = shlex.split(cli("client-config", "claude-code", "--session", "my work").out)
    remote = cli("client-config", "claude-code", "--url", URL).out

    assert local[:3] == ["claude", "mcp", "add"]
    assert local[local.index("--transport") :] == [
        *("--transport", "stdio", "trading", "--"),
        *(str(SCRIPT), "stdio", "--session", "my work"),
    ]
    assert remote == (
        f"claude mcp add --transport http trading {URL} "
        '--header "Authorization: Bearer $TRADING_TOKEN"\n'
    )


def test_the_inspector_gets_the_servers_options_behind_two_hyphens(cli):
    local = shlex.split(cli("client-config", "inspector", "--session", "work").out)
    remote = cli("client-config", "inspector", "--url", URL).out

    assert local[-5:] == [str(SCRIPT), "stdio", "--", "--session", "work"]
    assert f"--transport http --server-url {URL} --header" in remote


def test_claude_desktop_takes_no_address_and_is_told_so(cli):
    said = cli("client-config", "claude-desktop", "--url", URL)

    assert json.loads(said.out) == {"mcpServers": {"trading": stdio(cli)}}
    assert "local servers only" in said.err


def test_no_secret_is_printed_and_no_strange_address_taken(cli):
    stored = cli.given(
        TRADING_DATABASE_URL="postgresql://u:hushhush@127.0.0.1/d",
        TRADING_VAULT_TOKEN="hushhush",
    )

    said = stored("client-config", "json")
    assert said.code == 0
    assert "hushhush" not in said.out + said.err
    assert "TRADING_DATABASE_URL" in said.err
    assert "TRADING_VAULT_TOKEN" in said.err
    for strange in ("ftp://x/mcp", "127.0.0.1:8000", "http://u:p@127.0.0.1/mcp"):
        assert cli("client-config", "json", "--url", strange).code == 2
