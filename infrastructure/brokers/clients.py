"""What adapters share above their SDKs. Importing this imports neither `requests` nor an SDK."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from application.ports.broker import Access
from application.ports.egress import Egress

T = TypeVar("T")

MOST_CLIENTS: Final = 1024
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Clients(Generic[T]):
    """One client per login and way, never given another; the least recently used are forgotten."""

    def __init__(self, most: int = MOST_CLIENTS) -> None:
        self._most = most
        self._lock = Lock()
        self._clients: OrderedDict[bytes, tuple[Egress, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients)

    def get(self, access: Access, make: Callable[[], T]) -> T:
        """The client of these very secrets and this way; `make` one if there is none. A login
        that has changed its way leaves the client of the old one behind."""
        digest = _digest(access.secrets)
        with self._lock:
            if (client := self._known(digest, access.egress)) is not None:
                return client
        made = make()
        with self._lock:
            if (client := self._known(digest, access.egress)) is not None:
                return client
            self._clients[digest] = (access.egress, made)
            self._clients.move_to_end(digest)
            while len(self._clients) > self._most:
                self._clients.popitem(last=False)
        return made

    def _known(self, digest: bytes, egress: Egress) -> T | None:
        way, client = self._clients.get(digest, (None, None))
        if way != egress:
            return None
        self._clients.move_to_end(digest)
        return client

    def forget(self, access: Access) -> None:
        with self._lock:
            self._clients.pop(_digest(access.secrets), None)


def root_of(url: str | None, own: str, display_name: str) -> str:
    """`scheme://host[:port]` to send to: `own`, the broker's, without a `url`.

    Raises:
        ValueError: `url` is anything else. The SDKs would drop or bend a path silently.
    """
    if not url:
        return own
    parts = urlsplit(url)
    plain = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    if not plain or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            f"The address of {display_name} must be scheme://host:port without a path, such as "
            "http://127.0.0.1:9100."
        )
    return f"{parts.scheme}://{parts.netloc}"


def in_address(broker_id: str) -> str:
    """An id of a broker's, fit to become a part of an address.

    Raises:
        ValueError: it is none, and would lead to something else: `../../gtt/triggers/1`.
    """
    if not _ID.fullmatch(broker_id):
        raise ValueError("this is no id of a broker's")
    return broker_id


def hidden(text: str, access: Access) -> str:
    """A broker's words without the caller's secrets and account."""
    for value in (*access.secrets.values(), access.account_id):
        if value:
            text = text.replace(value, "***")
    return text


def _digest(secrets: Mapping[str, str]) -> bytes:
    return sha256(
        "\0".join(f"{name}={secrets[name]}" for name in sorted(secrets)).encode()
    ).digest()
