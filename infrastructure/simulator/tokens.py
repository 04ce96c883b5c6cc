"""Access tokens of the simulated Groww and Dhan: signed JWTs that say when they end.

The key lives as long as the simulator, so a token of an earlier run is worth nothing.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

_HEADER = {"alg": "HS256", "typ": "JWT"}


class _Claims(msgspec.Struct):
    sub: str
    exp: int


class DayTokens:
    """Issues and reads the tokens of one broker. `now` is the clock that ends them."""

    def __init__(self, issuer: str, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._now = now
        self._key = secrets.token_bytes(32)
        self._ended: set[str] = set()

    def issue(self, user: str, ends_at: datetime) -> str:
        claims = {
            "iss": self._issuer,
            "sub": user,
            "iat": int(self._now().timestamp()),
            "exp": int(ends_at.timestamp()),
            "jti": secrets.token_hex(8),
        }
        signed = f"{_packed(msgspec.json.encode(_HEADER))}.{_packed(msgspec.json.encode(claims))}"
        return f"{signed}.{self._signature(signed)}"

    def user_of(self, token: str) -> str | None:
        """Whose token this is; `None` when it is not ours or has ended."""
        claims = self._read(token)
        return None if claims is None else claims.sub

    def ends_at(self, token: str) -> datetime | None:
        claims = self._read(token)
        return None if claims is None else datetime.fromtimestamp(claims.exp, UTC)

    def end(self, token: str) -> None:
        """From now on this token is worth nothing."""
        self._ended.add(token)

    def _read(self, token: str) -> _Claims | None:
        if token in self._ended:
            return None
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        claims = msgspec.json.decode(_unpacked(signed.partition(".")[2]), type=_Claims)
        return None if self._now().timestamp() >= claims.exp else claims

    def _signature(self, signed: str) -> str:
        return _packed(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


def totp_secret(broker: str, name: str) -> str:
    """The secret that a simulated login's authenticator app would hold: its name decides it."""
    return base64.b32encode(hashlib.sha256(f"{broker}:{name}".encode()).digest()[:20]).decode()


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
