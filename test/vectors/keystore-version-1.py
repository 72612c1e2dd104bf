"""Wallet files of version 1, written from the description of the format in another language.

Run with python3 and its `cryptography` package; prints keystore-version-1.json. Files like these
exist on people's disks: what stands here must open for ever.
"""

import hashlib
import json
import unicodedata

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GENESIS = hashlib.sha256(b"genesis").hexdigest()
PASSWORD = "p\u00e4ssword \u2460"
ENTROPY = bytes(range(32))
PASSPHRASE = "TREZOR".encode()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def secret_bytes():
    return (
        bytes([len(ENTROPY)])
        + ENTROPY.ljust(32, b"\0")
        + len(PASSPHRASE).to_bytes(2, "big")
        + PASSPHRASE.ljust(256, b"\0")
    )


def render(header, payload):
    content = {**header, "payload": payload.hex()}
    checksum = hashlib.sha256(compact(content).encode()).hexdigest()
    return json.dumps({**content, "checksum": checksum}, indent=2, ensure_ascii=True) + "\n"


def header_of(kind):
    return {
        "magic": "cairn-wallet",
        "version": 1,
        "network": "cairn",
        "genesis": GENESIS,
        "name": "golden-" + kind,
        "createdAt": 1700000000000,
        "kind": kind,
        "descriptors": ["wpkh([73c5da0a/84'/1'/0']xpub/0/*)", 'quoted "\\" text'],
    }


def encrypted():
    salt = hashlib.sha256(b"salt").digest()
    nonce = hashlib.sha256(b"nonce").digest()[:12]
    n, r, p = 2**17, 8, 1
    header = {
        **header_of("encrypted"),
        "kdf": {"name": "scrypt", "n": n, "r": r, "p": p, "salt": salt.hex()},
        "cipher": "aes-256-gcm",
        "nonce": nonce.hex(),
    }
    password = unicodedata.normalize("NFKD", PASSWORD).encode()
    key = hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=2**28)
    return render(header, AESGCM(key).encrypt(nonce, secret_bytes(), compact(header).encode()))


print(
    json.dumps(
        {
            "genesis": GENESIS,
            "password": PASSWORD,
            "entropy": ENTROPY.hex(),
            "passphrase": PASSPHRASE.hex(),
            "files": {
                "golden-encrypted": encrypted(),
                "golden-plain": render(header_of("plain"), secret_bytes()),
                "golden-watch": render(header_of("watch"), b""),
            },
        },
        indent=1,
        ensure_ascii=True,
    )
)
