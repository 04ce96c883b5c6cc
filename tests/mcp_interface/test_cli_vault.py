"""`trading-server vault`, and what `doctor` says about the key store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_interface.cli.key_diagnosis import crosses_the_network_in_clear
from mcp_interface.composition import Backend
from tests.mcp_interface.command_line import CommandLine, closed_port
from tests.support.canary import ASHA, CANARIES, installation, log_in, settings
from tests.support.openbao import OpenBao


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    """A server on the same data, with one login."""
    with installation(settings(tmp_path)) as running:
        log_in(running)
        yield running


def in_a_vault(cli: CommandLine, bao: OpenBao, token: str | None = None) -> CommandLine:
    return cli.given(
        TRADING_KEY_STORE="vault",
        TRADING_VAULT_ADDR=bao.url,
        TRADING_VAULT_TOKEN=bao.token if token is None else token,
        TRADING_VAULT_PREFIX="cli",
    )


def key_store(cli: CommandLine, code: int = 0) -> dict[str, str]:
    """What doctor found about it."""
    checks = cli.json("doctor", code=code)["checks"]
    [found] = [check for check in checks if check["check"] == "key store"]
    return dict(found)


def test_the_status_counts_logins_and_keys(cli, backend):
    assert cli.json("vault", "status") == {
        "keyStore": f"files in {cli.keys_dir}",
        "liveLogins": 1,
        "retiredLogins": 0,
        "keys": 1,
        "missingKeys": 0,
        "orphanKeys": 0,
    }
    assert cli("vault", "status").rows[1] == {"what": "live logins", "found": "1"}


def test_a_rotation_beside_a_running_server_loses_no_login(cli, backend):
    [before] = cli.keys_dir.glob("login-*.key")
    [login] = backend.vault.held_by_all()

    done = cli.json("vault", "rotate")

    assert done == {"rotated": 1, "endedMeanwhile": 0, "unreadable": 0}
    [after] = cli.keys_dir.glob("login-*.key")
    assert after != before
    held = backend.vault.get(ASHA, login.session_id, "kite", login.version)
    assert held is not None
    assert dict(held[1]) == CANARIES


def test_a_login_without_its_key_is_a_failure(cli, backend):
    for file in cli.keys_dir.glob("login-*.key"):
        file.unlink()

    assert cli.json("vault", "status", code=1)["missingKeys"] == 1
    assert cli.json("vault", "rotate", code=1)["unreadable"] == 1
    assert "log in again" in cli("vault", "status").err


def test_without_logins_there_is_nothing_to_rotate(cli):
    assert cli.json("vault", "rotate")["rotated"] == 0


# The key store, as doctor sees it


def test_doctor_names_the_files_and_makes_none(cli):
    assert key_store(cli)["found"] == f"files in {cli.keys_dir}, which answers"
    assert not cli.keys_dir.exists()


def test_doctor_asks_the_keyring_that_the_person_chose(cli):
    chosen = cli.given(
        TRADING_KEY_STORE="keyring",
        PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring",
        XDG_DATA_HOME=str(cli.home / "share"),
    )

    found = key_store(chosen)

    assert found["status"] == "ok"
    assert found["found"].startswith("OS keyring (keyrings.alt.file.PlaintextKeyring)")


def test_a_machine_without_a_keyring_is_a_failure_with_a_way_out(cli):
    none = cli.given(
        TRADING_KEY_STORE="keyring", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring"
    )

    found = key_store(none, code=1)

    assert found["status"] == "fail"
    assert "TRADING_KEY_STORE=files" in found["next"]
    assert none.json("vault", "status", code=3)["code"] == "KEY_STORE_UNAVAILABLE"


def test_doctor_asks_the_vault_with_our_token_and_tells_it_to_nobody(cli, openbao):
    asked = in_a_vault(cli, openbao)

    found = key_store(asked)

    assert found["status"] == "ok"
    assert found["found"].startswith("HashiCorp Vault at 127.0.0.1:")
    assert openbao.token not in asked("doctor").out


def test_a_vault_that_does_not_let_us_in_or_is_away_is_a_failure(cli, openbao):
    wrong = key_store(in_a_vault(cli, openbao, "hush-wrong-token"), code=1)
    away = in_a_vault(cli, openbao).given(TRADING_VAULT_ADDR=f"http://127.0.0.1:{closed_port()}")

    assert "not allowed" in wrong["found"]
    assert "hush" not in str(wrong)
    assert "does not answer" in key_store(away, code=1)["found"]
    assert away.json("tools", "call", "list_brokers", code=3)["code"] == "KEY_STORE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "TRADING_VAULT_ADDR"),
        ({"TRADING_VAULT_ADDR": "http://127.0.0.1:8200"}, "TRADING_VAULT_TOKEN"),
        ({"TRADING_VAULT_ADDR": "vault.example:8200"}, "TRADING_VAULT_ADDR"),
        ({"TRADING_VAULT_PREFIX": "../elsewhere"}, "TRADING_VAULT_PREFIX"),
    ],
    ids=["no address", "no token", "no scheme", "a way out of the prefix"],
)
def test_half_of_a_vaults_settings_is_refused_by_name(cli, given, missing):
    problem = cli.given(TRADING_KEY_STORE="vault", **given).json("stats", code=2)

    assert problem["code"] == "BAD_SETTINGS"
    assert missing in problem["message"]


@pytest.mark.parametrize(
    ("address", "in_clear"),
    [
        ("http://vault.internal:8200", True),
        ("http://10.0.0.5:8200", True),
        ("https://vault.internal:8200", False),
        ("http://127.0.0.1:8200", False),
        ("http://localhost:8200", False),
    ],
)
def test_keys_that_would_cross_the_network_in_clear_are_warned_of(address, in_clear):
    assert crosses_the_network_in_clear(address) is in_clear
