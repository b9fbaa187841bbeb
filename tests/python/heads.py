"""Makes the bytes of heads and entries as `doc/ENTRY-FORMAT.md` has them, or with one part wrong.

For the test vectors; each part of a head can be replaced. Not here: which parts are replaced.
"""

import hashlib

import cbor2
import nacl.signing

import edwards

AAD = b"deadwax/entry/1"


def header(major, number):
    """The initial byte and argument of an item, shortest form."""
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * width:
            return bytes([major << 5 | info]) + number.to_bytes(width, "big")
    raise ValueError(number)


def byte_string(data):
    return header(2, len(data)) + data


def statement(body, kind=32, n=0, created=494000, version=1):
    """The six fields of a payload."""
    return {0: version, 1: kind, 2: n, 3: created, 4: hashlib.sha256(body).digest(), 5: len(body)}


def protected(key, algorithm=b"\x32"):
    return b"\xa2\x01" + algorithm + b"\x04" + byte_string(key)


def to_be_signed(protected_bytes, payload, aad=AAD, context="Signature1"):
    return cbor2.dumps([context, protected_bytes, aad, payload])


class Author:
    """An Ed25519 key; `torsion` is a point of small order that is added to the public key."""

    def __init__(self, secret, torsion=edwards.IDENTITY):
        self.secret = secret
        digest = bytearray(hashlib.sha512(secret).digest()[:32])
        digest[0] &= 248
        digest[31] = digest[31] & 127 | 64
        self.scalar = int.from_bytes(digest, "little")
        self.point = edwards.add(edwards.multiply(self.scalar, edwards.BASE), torsion)
        self.key = edwards.encode(self.point)

    def sign(self, message):
        return nacl.signing.SigningKey(self.secret).sign(message).signature

    def head(self, body, **fields):
        """A valid head."""
        return self.head_of(cbor2.dumps(statement(body, **fields)))

    def head_of(self, payload, **parts):
        """A head with any payload, signed by the book."""
        return assemble(self.key, payload, self.sign(to_be_signed(protected(self.key), payload)), **parts)


def assemble(
    key, payload, signature, tag=b"\xd2", array=b"\x84", protected_item=None, unprotected=b"\xa0",
    payload_item=None, signature_item=None, tail=b"",
):
    """The bytes of a head from its parts; each item can be given as bytes instead."""
    return b"".join([
        tag,
        array,
        byte_string(protected(key)) if protected_item is None else protected_item,
        unprotected,
        byte_string(payload) if payload_item is None else payload_item,
        byte_string(signature) if signature_item is None else signature_item,
        tail,
    ])


def challenge(r_bytes, key, message):
    """SHA-512(R || A || M) as an integer, not reduced."""
    return int.from_bytes(hashlib.sha512(r_bytes + key + message).digest(), "little")


def crafted(author, r, r_torsion=edwards.IDENTITY, key=None, wanted=lambda k: True, r_bytes=None):
    """A head over an empty map whose signature is made by hand: R = r B + `r_torsion`, S = r + k a.

    Counts `created` up until `wanted` likes the challenge k. `key` and `r_bytes` replace the bytes
    of the public key and of R.
    """
    key = key or author.key
    r_point = edwards.add(edwards.multiply(r, edwards.BASE), r_torsion)
    r_bytes = r_bytes or edwards.encode(r_point)
    for created in range(494000, 496000):
        payload = cbor2.dumps(statement(b"\xa0", created=created))
        k = challenge(r_bytes, key, to_be_signed(protected(key), payload))
        if wanted(k):
            s = (r + k * author.scalar) % edwards.L
            return assemble(key, payload, r_bytes + s.to_bytes(32, "little"))
    raise ValueError("no such challenge")
