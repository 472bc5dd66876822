"""Providers' secrets at rest: encrypted with a key of the installation, bound to their tenant, method and name."""

import base64
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rustok.commerce.payments.shapes import Unsealable

_MARK = "v1:"


class Sealer:
    """Seals and opens with AES-256-GCM; the key is derived, and never the installation's secret itself."""

    def __init__(self, secret: bytes) -> None:
        derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"rustok payment secrets").derive(secret)
        self._cipher = AESGCM(derived)

    def seal(self, text: str, *, tenant_id: UUID, method: str, name: str) -> str:
        """The text as it is stored; twice the same text looks different."""
        nonce = os.urandom(12)
        closed = self._cipher.encrypt(nonce, text.encode(), _place(tenant_id, method, name))
        return _MARK + base64.b64encode(nonce + closed).decode()

    def open(self, sealed: str, *, tenant_id: UUID, method: str, name: str) -> str:
        """What was sealed for this very place; raises `Unsealable` for anything else."""
        try:
            raw = base64.b64decode(sealed.removeprefix(_MARK), validate=True)
            return self._cipher.decrypt(raw[:12], raw[12:], _place(tenant_id, method, name)).decode()
        except (InvalidTag, ValueError):
            raise Unsealable(f"the secret {name} of {method} cannot be read: enter it again") from None


def _place(tenant_id: UUID, method: str, name: str) -> bytes:
    return b"\0".join((tenant_id.bytes, method.encode(), name.encode()))
