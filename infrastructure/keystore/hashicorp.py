"""Keys in HashiCorp Vault or OpenBao, for several instances: KV version 2 over HTTP.

Version 2 keeps old versions, and an ordinary delete only hides the newest one. A key is destroyed
here by deleting its metadata, which removes every version for good.
"""

import base64
import secrets
import ssl
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2
import msgspec

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.store import KEY_BYTES, checked_name, whole

_TIMEOUTS: Final = httpx2.Timeout(5.0, connect=2.0)


class _Kept(msgspec.Struct):
    key: str


class _Version(msgspec.Struct):
    data: _Kept


class _Answer(msgspec.Struct):
    data: _Version


class _Errors(msgspec.Struct):
    errors: list[str] = []


class VaultKeys:
    """One secret per key at `<mount>/<prefix>/<name>`, with the key in base64 as its field `key`.

    The token's policy needs create, update and read on `<mount>/data/<prefix>/*` and delete on
    `<mount>/metadata/<prefix>/*`.
    """

    def __init__(self, address: str, token: Callable[[], str], *, mount: str, prefix: str) -> None:
        """`token` is asked for every request, so that one that an agent renews is picked up."""
        self._place = f"{mount.strip('/')}/{prefix.strip('/')}"
        self._address = address.rstrip("/")
        self._token = token
        self._mount, self._prefix = quote(mount.strip("/")), quote(prefix.strip("/"))
        # No environment: a proxy or a .netrc that was set for something else must not see keys.
        self._client = httpx2.Client(
            base_url=self._address,
            timeout=_TIMEOUTS,
            trust_env=False,
            follow_redirects=False,
            verify=ssl.create_default_context(),
        )

    @property
    def where(self) -> str:
        host = urlsplit(self._address).netloc.rpartition("@")[2]
        return f"HashiCorp Vault at {host} under {self._place}"

    def get(self, name: str) -> bytes | None:
        answer = self._ask("GET", "data", name)
        if answer.status_code == 404 and not _complains(answer):
            return None
        if answer.status_code != 200:
            raise self._refused(answer)
        try:
            kept = msgspec.json.decode(answer.content, type=_Answer).data.data.key
            key = base64.b64decode(kept, validate=True)
        except (msgspec.DecodeError, ValueError):  # not chained: it may quote what was read
            key = b""
        return whole(name, key)

    def get_or_create(self, name: str) -> bytes:
        if found := self.get(name):
            return found
        key = secrets.token_bytes(KEY_BYTES)
        # Check-and-set 0: stored only if nobody stored anything under this name before.
        body = {"options": {"cas": 0}, "data": {"key": base64.b64encode(key).decode()}}
        answer = self._ask("POST", "data", name, body)
        if answer.status_code in (200, 204):
            return key
        if answer.status_code != 400:
            raise self._refused(answer)
        found = self.get(name)
        if found is None:
            raise KeyStoreUnavailable(
                f"Somebody deleted the newest version of key {name} in {self.where}, not by us. "
                "Next: undelete it there, or delete its metadata."
            )
        return found

    def delete(self, name: str) -> None:
        answer = self._ask("DELETE", "metadata", name)
        if answer.status_code not in (200, 204, 404):
            raise self._refused(answer)

    def _ask(
        self, method: str, kind: str, name: str, body: Mapping[str, object] | None = None
    ) -> httpx2.Response:
        path = f"/v1/{self._mount}/{kind}/{self._prefix}/{checked_name(name)}"
        trouble = ""
        try:
            headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
            return self._client.request(method, path, json=body, headers=headers)
        except (httpx2.HTTPError, OSError, ValueError) as e:
            trouble = type(e).__name__
        # Outside of the handler: the error holds the request, and that holds token and key.
        raise KeyStoreUnavailable(
            f"{self.where} does not answer ({trouble}). Next: try again in a moment; the operator "
            "finds more with trading-server doctor."
        )

    def _refused(self, answer: httpx2.Response) -> KeyStoreUnavailable:
        why = {403: "our token is not allowed to", 404: "no such mount", 503: "it is sealed"}.get(
            answer.status_code, f"status {answer.status_code}"
        )
        return KeyStoreUnavailable(
            f"{self.where} refused ({why}). Next: the operator finds more with trading-server "
            "doctor."
        )


def _complains(answer: httpx2.Response) -> bool:
    """A secret that is not there is a plain 404; a mount that is not there has words, too."""
    try:
        return bool(msgspec.json.decode(answer.content, type=_Errors).errors)
    except msgspec.DecodeError:
        return True
