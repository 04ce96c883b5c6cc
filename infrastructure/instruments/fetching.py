"""Fetching a master file: streamed to disk, bounded in time and size, nothing from the environment.

The SDKs' own ways are not used: they wait for ever, hold everything in memory, and write into
site-packages or the current directory.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from domain.errors import InvalidArgument
from domain.vocabulary import BrokerName
from infrastructure.instruments import dhan_file, groww_file, kite_file

MOST_BYTES: Final = 200 * 1024**2
MOST_SECONDS: Final = 300.0
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_HEADERS: Final = {"Accept-Encoding": "gzip", "X-Kite-Version": "3"}

HOMES: Final[Mapping[BrokerName, tuple[str, str]]] = {
    "kite": ("https://api.kite.trade", kite_file.PATH),
    "groww": ("https://growwapi-assets.groww.in", groww_file.PATH),
    "dhan": ("https://images.dhan.co", dhan_file.PATH),
}
"""Where the brokers keep their files, and under which path."""


class NotFetched(Exception):
    """The file did not come, or not whole. The text says why and names no address."""


class LoginWanted(NotFetched):
    """The broker gives this file only to somebody who is logged in."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a broker's master file is fetched from."""

    broker: BrokerName
    url: str


def source(broker: BrokerName, address: str | None) -> Source:
    """The broker's own file, or the one under the same path at another address.

    Raises:
        InvalidArgument: the address cannot be used.
    """
    home, path = HOMES[broker]
    parts = urlsplit(address or home)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise InvalidArgument(
            f"The address for the file of {broker} must be http(s)://host[:port], without a "
            "login in it. Next: correct it."
        )
    return Source(broker=broker, url=f"{parts.scheme}://{parts.netloc}{path}")


def fetch(
    wanted: Source,
    to: Path,
    *,
    most_bytes: int = MOST_BYTES,
    most_seconds: float = MOST_SECONDS,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Write the file to `to`; its size in bytes, unpacked.

    Raises:
        NotFetched: it did not come, or is larger or slower than any that is right.
        LoginWanted: the broker refused us without a login.
    """
    ends_at = now() + most_seconds
    size = 0
    try:
        with (
            httpx2.Client(trust_env=False, timeout=_TIMEOUT, headers=_HEADERS) as http,
            http.stream("GET", wanted.url) as answer,
            to.open("wb") as out,
        ):
            _check(wanted.broker, answer.status_code)
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > most_bytes:
                    raise NotFetched(f"The file of {wanted.broker} is larger than any can be.")
                if now() > ends_at:
                    raise NotFetched(f"The file of {wanted.broker} comes too slowly.")
                out.write(chunk)
    except httpx2.HTTPError as e:
        kind = type(e).__name__  # the error's own text can hold the address
        raise NotFetched(f"The file of {wanted.broker} did not come ({kind}).") from None
    return size


def _check(broker: BrokerName, status: int) -> None:
    if status in (401, 403):
        raise LoginWanted(f"{broker} wants a login for its file (HTTP {status}).")
    if status != 200:
        raise NotFetched(f"{broker} answered HTTP {status} instead of its file.")
