"""HashiCorp Vault, KV version 2, tried against a real OpenBao."""

import base64
import logging
import socket

import pytest

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.hashicorp import VaultKeys
from tests.support.openbao import OpenBao


def _keys(bao: OpenBao, token: str = "", mount: str = "secret", prefix: str = "p") -> VaultKeys:
    return VaultKeys(bao.url, lambda: token or bao.token, mount=mount, prefix=prefix)


def test_a_deleted_key_leaves_no_version_that_could_be_brought_back(openbao):
    keys = _keys(openbao, prefix="versions")
    keys.get_or_create("login-1")
    openbao.ask("POST", "secret/data/versions/login-1", {"data": {"key": "second"}})
    assert len(_versions(openbao, "versions/login-1")) == 2

    keys.delete("login-1")

    assert _versions(openbao, "versions/login-1") == {}
    undeleted = openbao.ask("POST", "secret/undelete/versions/login-1", {"versions": [1, 2]})
    assert undeleted.status_code in (204, 404)
    assert openbao.ask("GET", "secret/data/versions/login-1?version=1").status_code == 404


def _versions(bao: OpenBao, path: str) -> dict[str, object]:
    answer = bao.ask("GET", f"secret/metadata/{path}")
    return dict(answer.json()["data"]["versions"]) if answer.status_code == 200 else {}


def test_a_key_that_was_deleted_only_for_show_is_not_made_again_silently(openbao):
    keys = _keys(openbao, prefix="hidden")
    keys.get_or_create("login-1")
    openbao.ask("DELETE", "secret/data/hidden/login-1")

    assert keys.get("login-1") is None
    with pytest.raises(KeyStoreUnavailable, match="not by us"):
        keys.get_or_create("login-1")


def test_the_mount_and_the_prefix_are_ours_to_choose(openbao):
    openbao.ask("POST", "sys/mounts/teams/kv", {"type": "kv", "options": {"version": "2"}})
    keys = _keys(openbao, mount="teams/kv", prefix="trading/prod")

    made = keys.get_or_create("order-id")

    stored = openbao.ask("GET", "teams/kv/data/trading/prod/order-id").json()["data"]["data"]
    assert base64.b64decode(stored["key"]) == made


def test_the_smallest_policy_that_is_documented_is_enough(openbao):
    rules = """
    path "secret/data/least/*" { capabilities = ["create", "update", "read"] }
    path "secret/metadata/least/*" { capabilities = ["delete"] }
    """
    openbao.ask("PUT", "sys/policies/acl/least", {"policy": rules})
    made = openbao.ask("POST", "auth/token/create", {"policies": ["least"]}).json()
    keys = _keys(openbao, made["auth"]["client_token"], prefix="least")

    key = keys.get_or_create("login-1")
    assert keys.get("login-1") == key
    keys.delete("login-1")
    assert keys.get("login-1") is None

    with pytest.raises(KeyStoreUnavailable, match="not allowed"):
        _keys(openbao, made["auth"]["client_token"], prefix="elsewhere").get("login-1")


@pytest.mark.parametrize(
    ("token", "mount", "why"),
    [("not-a-token-of-anyone", "secret", "not allowed"), ("", "nowhere", "no such mount")],
    ids=["token", "mount"],
)
def test_a_wrong_token_or_mount_is_never_taken_for_a_missing_key(openbao, token, mount, why):
    keys = _keys(openbao, token, mount)

    for method in (keys.get, keys.get_or_create):
        with pytest.raises(KeyStoreUnavailable, match=why) as refusal:
            method("login-1")
        assert "Next:" in str(refusal.value)


def test_a_sealed_vault_is_unavailable(mortal_bao):
    keys = _keys(mortal_bao)
    keys.get_or_create("login-1")
    mortal_bao.seal()

    for method in (keys.get, keys.get_or_create, keys.delete):
        with pytest.raises(KeyStoreUnavailable, match="sealed"):
            method("login-1")


def test_a_vault_that_nobody_answers_at_is_unavailable_and_its_token_stays_untold(caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        keys = VaultKeys(address, lambda: "hvs.canary-token", mount="secret", prefix="p")

        with pytest.raises(KeyStoreUnavailable, match="does not answer") as refusal:
            keys.get("login-1")

    assert refusal.value.__context__ is None
    assert "canary" not in str(refusal.value) + caplog.text + repr(vars(keys))


def test_neither_keys_nor_the_token_reach_the_log(openbao, caplog):
    caplog.set_level(logging.DEBUG)
    keys = _keys(openbao, prefix="quiet")

    made = keys.get_or_create("login-1")
    keys.delete("login-1")

    assert openbao.token not in caplog.text
    assert base64.b64encode(made).decode() not in caplog.text


def test_a_token_that_an_agent_renews_in_its_file_is_picked_up(openbao, tmp_path):
    file = tmp_path / "token"
    keys = VaultKeys(openbao.url, file.read_text, mount="secret", prefix="renewed")
    file.write_text("expired")
    with pytest.raises(KeyStoreUnavailable):
        keys.get("login-1")

    file.write_text(openbao.token)

    assert keys.get("login-1") is None


def test_a_value_that_is_no_key_of_ours_is_refused(openbao):
    openbao.ask("POST", "secret/data/strange/login-1", {"data": {"password": "hunter2"}})
    openbao.ask("POST", "secret/data/strange/login-2", {"data": {"key": "c2hvcnQ="}})

    for name in ("login-1", "login-2"):
        with pytest.raises(KeyStoreUnavailable, match="no key of 32 bytes") as refusal:
            _keys(openbao, prefix="strange").get(name)
        assert "hunter2" not in str(refusal.value)
