"""How the simulator proves that it is ours, so that an order to it can be called SIMULATED.

A loopback address proves nothing: a tunnel to a real broker has one too. Whoever answers must know
the key in the keys directory, which only this installation can read. The answer covers the Host
header as it was asked for, and the simulator answers only under its own address, so a proxy in
between cannot hand the question on. Both sides use this module; it imports neither.
"""

import hashlib
import hmac
import os
import re
import secrets
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

KEY_FILE = "simulator.key"
KEY_BYTES = 32
PROOF_PATH = "/simulator/proof"
NONCE = re.compile(r"[0-9a-f]{32,128}")
BROKER = re.compile(r"[a-z]{1,20}")
_PURPOSE = b"unified-trading-server: this is our own simulator, v1"
_TIMEOUT_SECONDS = 1.0
_MOST_BYTES = 1024


class Proof(msgspec.Struct, frozen=True):
    """The simulator's answer to a challenge."""

    proof: str


def simulator_key(keys_dir: Path) -> bytes:
    """The key that this installation's simulator and servers share; whoever comes first makes it.

    Raises:
        OSError: the directory cannot be written or the file not read.
        ValueError: the file is not a key.
    """
    path = keys_dir / KEY_FILE
    keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked into place: nobody ever reads half a key, and one maker wins.
        aside = keys_dir / f".{KEY_FILE}.{secrets.token_hex(8)}"
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{KEY_FILE} is not a key of {KEY_BYTES} bytes. Next: delete the file.")
    return key


def proof(key: bytes, broker: str, nonce: str, host: str) -> str:
    """The answer to one challenge, in hex. `host` is the Host header that it was asked under."""
    question = b"\0".join([_PURPOSE, broker.encode(), nonce.encode(), host.encode()])
    return hmac.new(key, question, hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether this is an address, in numbers, of this machine only. A name such as `localhost` is
    not: it may lead to one listener now and to another one on the next call."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def far_side_is_our_simulator(base_url: str, broker: str, keys_dir: Path) -> bool:
    """Ask whoever listens at `base_url` for a proof. Anything but a right answer is a no.

    Never through a proxy, never to another machine (our simulator only listens on this one), and
    redirects are not followed.
    """
    try:
        key = _read_key(keys_dir / KEY_FILE)
        url = urlsplit(base_url)
        host, port = url.hostname, url.port
        if host is None or url.scheme not in ("http", "https") or not is_loopback(host):
            return False
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = connect(host, port, timeout=_TIMEOUT_SECONDS)
        nonce, asked_as = secrets.token_hex(32), url.netloc.rpartition("@")[2]
        try:
            query = urlencode({"broker": broker, "nonce": nonce})
            connection.request("GET", f"{PROOF_PATH}?{query}", headers={"Host": asked_as})
            answer = connection.getresponse()
            if answer.status != 200:
                return False
            given = msgspec.json.decode(answer.read(_MOST_BYTES), type=Proof).proof
        finally:
            connection.close()
    except (OSError, ValueError, HTTPException):  # no key, no answer, or nonsense
        return False
    expected = proof(key, broker, nonce, asked_as)
    return hmac.compare_digest(given.encode(), expected.encode())
