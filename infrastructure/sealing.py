"""What the vault does with keys alone: sealed words, fingerprints, tags for brokers."""

import base64
import hmac
from uuid import UUID

from domain.vocabulary import BrokerName
from infrastructure.ciphers import base32, bound, decrypt, digest, encrypt
from infrastructure.keystore.store import KeyStore


class Sealing:
    """No database: whoever has the keys computes the same."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    def seal(self, principal: UUID, text: str) -> str:
        key = self._keys.get_or_create(f"principal-{principal.hex}")
        sealed = encrypt(key, text.encode(), bound("sealed", principal))
        return base64.urlsafe_b64encode(sealed).decode()

    def unseal(self, principal: UUID, sealed: str) -> str | None:
        key = self._keys.get(f"principal-{principal.hex}")
        if key is None:
            return None
        plain = decrypt(key, base64.urlsafe_b64decode(sealed), bound("sealed", principal))
        return None if plain is None else plain.decode()

    def account_fingerprint(self, broker: BrokerName, account_id: str) -> str:
        key = self._keys.get_or_create("account-fingerprint")
        return digest(key, "account", broker, account_id).hex()[:32]

    def broker_tag(self, principal: UUID, account_fingerprint: str, order_key: str) -> str:
        """Twelve characters that name the order, and eight that prove, per person and account, that
        we did."""
        key = self._keys.get_or_create("order-id")
        name = "u" + base32(digest(key, "order", principal.hex, account_fingerprint, order_key), 11)
        return name + _proof(key, principal, account_fingerprint, name)

    def is_our_tag(self, principal: UUID, account_fingerprint: str, tag: str) -> bool:
        key, name = self._keys.get("order-id"), tag[:12]
        if key is None or len(tag) != 20:
            return False
        proof = _proof(key, principal, account_fingerprint, name)
        return hmac.compare_digest(tag[12:].encode(), proof.encode())


def _proof(key: bytes, principal: UUID, account_fingerprint: str, name: str) -> str:
    return base32(digest(key, "proof", principal.hex, account_fingerprint, name), 8)
