"""An ed25519 signature under the corpus root, so that a client who knows the key need not trust where it comes from.

The library is loaded when something is signed or checked, and not before.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path

from index.errors import BadInput

PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64


@dataclass(frozen=True, slots=True)
class Signature:
    """Both as standard base64 with padding: of 64 bytes, and of the raw 32 bytes of the public key."""

    signature: str
    public_key: str


def corpus_message(root: str, documents: int) -> bytes:
    """What is signed: version, root in hex, number of documents."""
    return f"quotewell corpus v1\n{root}\n{documents}\n".encode()


def new_key(path: Path) -> str:
    """Writes a new private key (PEM, PKCS 8, not encrypted) that only its owner may read; returns the public one.

    Raises BadInput where a file stands already: a key that was in use is not replaced.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BadInput(f"'{path}' exists already; name a new file for the key") from error
    except OSError as error:
        raise BadInput(f"no key can be written to '{path}': {error.strerror}; name another file") from error
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(key_file: Path, message: bytes) -> Signature:
    """Raises BadInput for a file that holds no ed25519 key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    make_one = "make one with: quotewell corpus new-key FILE"
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except OSError as error:
        raise BadInput(f"the signing key '{key_file}' cannot be read: {error.strerror}; {make_one}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # no PEM; encrypted; of a kind nobody knows
        raise BadInput(f"'{key_file}' holds no signing key that can be used; {make_one}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"'{key_file}' holds a key of another kind than ed25519; {make_one}")
    signature, public = key.sign(message), key.public_key().public_bytes_raw()
    return Signature(base64.b64encode(signature).decode(), base64.b64encode(public).decode())


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the owner of the key signed exactly this; False, too, for what is no key or no signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(public_key) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def bytes_of(written: object, size: int) -> bytes | None:
    """What standard base64 says, if it is that and says `size` bytes."""
    try:
        data = base64.b64decode(written, validate=True) if isinstance(written, str) else b""
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size and base64.b64encode(data).decode() == written else None
