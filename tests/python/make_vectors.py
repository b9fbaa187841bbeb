"""Writes `index/vectors/*.json`: entries, bodies, CBOR items, networks, roots and sketches, each with its verdict.

Made with cbor2, PyNaCl and blake3 from PyPI and nothing of Deadwax, so that Deadwax agreeing with
them says something. Run it only to add vectors; those that are published never change.

    python3 tests/python/make_vectors.py
"""

import hashlib
import itertools
import json
import math
import pathlib

import blake3
import cbor2

import body_vectors as bodies
import cbor_vectors
import edwards
import heads
import link_vectors as links
import member_vectors
from heads import Author, assemble, byte_string, crafted, protected, statement, to_be_signed

OUT = pathlib.Path(__file__).resolve().parents[2] / "index" / "vectors"
ALICE = Author(bytes(range(32)))
BOB = Author(b"\x2a" * 32)
# A point of order 8; its multiples are all eight points of small order.
TORSION = edwards.decode(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))
SMALL = [edwards.multiply(i, TORSION) for i in range(8)]
MIXED = Author(b"\x07" * 32, torsion=TORSION)
R = 0x1122334455667788990011223344556677889900
MAX = 2**64 - 1
EMPTY = b"\xa0"


def valid_entries():
    """(name, head, body or None, what a link says or void)."""
    numbers = itertools.count()
    for name, link in links.VALID.items():
        body = links.body(link)
        yield name, ALICE.head(body, n=next(numbers)), body, {"link": link, "group": links.group(link)}
    for name, (body, link) in links.TOLERATED.items():
        yield name, ALICE.head(body, n=next(numbers)), body, {"read_as": link, "group": links.group(link)}
    body = links.body(links.BASIC)
    yield "link: body absent", ALICE.head(body, n=next(numbers)), None, {}
    for name, (body, code, field) in links.VOID.items():
        void = {"void": True, "void_code": code} | ({} if field is None else {"void_field": field})
        yield "void link: " + name, BOB.head(body, n=next(numbers)), body, void
    void = {"void": True}
    for kind in [0, 1, 2, 3, *range(33, 53)]:
        yield f"kind {kind}, body of no meaning", ALICE.head(EMPTY, kind=kind, n=next(numbers) % 64), EMPTY, void
    for kind in [4, 31, 53, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 + 1, MAX]:
        body = cbor2.dumps({0: "of a kind that nobody has assigned"})
        yield f"unassigned kind {kind}", ALICE.head(body, kind=kind, n=next(numbers) % 64), body, void
    for kind, n in [(3, 63), (3, 64), (32, 9999), (32, 10_000), (32, MAX)]:
        yield f"kind {kind} with n {n}", BOB.head(EMPTY, kind=kind, n=n), None, {}
    yield "created in 1970", BOB.head(EMPTY, created=0), None, {}
    yield "created in the far future", BOB.head(EMPTY, created=MAX), None, {}
    yield "longest head", BOB.head_of(cbor2.dumps(statement(EMPTY, MAX, MAX, MAX) | {5: 16_384})), None, {}
    yield "shortest head", BOB.head(EMPTY, kind=1, n=2, created=3), EMPTY, void
    yield "hash that no body is known for", BOB.head_of(cbor2.dumps(statement(EMPTY, n=7) | {4: bytes(32)})), None, {}

    # Only the exact equation decides, and it takes k modulo L.
    eight = lambda k: k % edwards.L % 8 == 0 and k % 8 != 0
    yield "key of mixed order, k a multiple of 8 after reduction", crafted(MIXED, R, wanted=eight), EMPTY, void
    yield "key and R of mixed order that cancel out", crafted(
        MIXED, R, r_torsion=SMALL[5], wanted=lambda k: k % edwards.L % 8 == 3), EMPTY, void


def mismatched_entries():
    """Valid heads with something else behind them: (name, head, what follows)."""
    body = links.body(links.BASIC)
    head = ALICE.head(body)
    yield "one bit of the body flipped", head, body[:-1] + bytes([body[-1] ^ 1])
    yield "body cut short", head, body[:-1]
    yield "a byte after the body", head, body + b"\x00"
    yield "the body twice", head, body + body
    yield "another head after the head", head, ALICE.head(body, n=1)
    yield "right hash, wrong length", ALICE.head_of(cbor2.dumps(statement(body) | {5: len(body) + 1})), body
    yield "body of 16,385 bytes", ALICE.head_of(cbor2.dumps(statement(body) | {5: 16_384})), bytes([0xA0]) * 16_385
    for name, body in {
        "an integer": b"\x00",
        "16 bytes, like an id": byte_string(bytes(16)),
        "a head": BOB.head(EMPTY),
        "an array": b"\x80",
        "a map of indefinite length": b"\xbf\xff",
        "a tagged map": b"\xd9\xd9\xf7\xa0",
        "a head and its body": BOB.head(EMPTY) + EMPTY,
        "0xbc": b"\xbc",
    }.items():
        yield f"hash and length agree, but the body is {name}", ALICE.head(body), body


def payload_cases():
    """Payloads that are signed by the book: (name, payload, code)."""
    good = statement(EMPTY)
    pairs = [cbor2.dumps(key) + cbor2.dumps(value) for key, value in good.items()]
    raw = lambda *items: heads.header(5, len(items)) + b"".join(items)
    for name, version in [("0", 0), ("2", 2), ("2^64 - 1", MAX)]:
        yield f"version {name}", cbor2.dumps(good | {0: version}), "head.version"
    yield "body length 0", cbor2.dumps(good | {5: 0}), "head.body-length"
    yield "body length 16,385", cbor2.dumps(good | {5: 16_385}), "head.body-length"
    yield "body length 2^64 - 1", cbor2.dumps(good | {5: MAX}), "head.body-length"
    for key, name in enumerate(["version", "kind", "n", "created", "hash", "length"]):
        # Without the hash the payload is so short that its length fits into the first byte.
        code = "head.form" if key == 4 else "head.payload"
        yield f"no {name}", cbor2.dumps({k: v for k, v in good.items() if k != key}), code
        if key != 4:
            yield f"negative {name}", cbor2.dumps(good | {key: -1}), "head.payload"
            yield f"{name} as text", cbor2.dumps(good | {key: "1"}), "head.payload"
    yield "a seventh field", cbor2.dumps(good | {6: 0}), "head.payload"
    yield "key 6 instead of 5", cbor2.dumps({(6 if k == 5 else k): v for k, v in good.items()}), "head.payload"
    yield "hash of 31 bytes", cbor2.dumps(good | {4: bytes(31)}), "head.payload"
    yield "hash of 33 bytes", cbor2.dumps(good | {4: bytes(33)}), "head.payload"
    yield "hash as text", cbor2.dumps(good | {4: "x" * 32}), "head.payload"
    yield "kind as true", cbor2.dumps(good | {1: True}), "head.payload"
    yield "payload is an array", cbor2.dumps(list(good.values())), "head.payload"
    yield "payload is a byte string", byte_string(bytes(40)), "head.payload"
    yield "keys descend", raw(*pairs[::-1]), "head.cbor"
    yield "two keys swapped", raw(pairs[0], pairs[2], pairs[1], *pairs[3:]), "head.cbor"
    yield "a key twice", raw(*pairs[:3], pairs[2], *pairs[3:]), "head.cbor"
    yield "a text key", raw(*pairs, b"\x61x\x00"), "head.cbor"
    yield "kind in two bytes that fits into one", raw(pairs[0], b"\x01\x18\x05", *pairs[2:]), "head.cbor"
    yield "n in three bytes that fits into two", raw(*pairs[:2], b"\x02\x19\x00\x20", *pairs[3:]), "head.cbor"
    yield "created in nine bytes that fits into five", raw(*pairs[:3], b"\x03\x1b" + (494000).to_bytes(8, "big"), *pairs[4:]), "head.cbor"
    yield "key in two bytes that fits into one", raw(b"\x18\x00\x01", *pairs[1:]), "head.cbor"
    yield "length of the hash in three bytes", raw(*pairs[:4], b"\x04\x59\x00\x20" + good[4], pairs[5]), "head.cbor"
    yield "map header in two bytes", b"\xb8\x06" + b"".join(pairs), "head.cbor"
    yield "payload of indefinite length inside", b"\xbf" + b"".join(pairs) + b"\xff", "head.cbor"
    yield "hash in chunks", raw(*pairs[:4], b"\x04\x5f\x58\x20" + good[4] + b"\xff", pairs[5]), "head.cbor"
    yield "n as a float", raw(*pairs[:2], b"\x02\xf9\x3c\x00", *pairs[3:]), "head.cbor"
    yield "n as a bignum", raw(*pairs[:2], b"\x02\xc2\x49\x01" + bytes(8), *pairs[3:]), "head.cbor"
    yield "n as null", raw(*pairs[:2], b"\x02\xf6", *pairs[3:]), "head.cbor"
    yield "created with a tag", raw(*pairs[:3], b"\x03\xc1\x1a\x00\x07\x89\xb0", *pairs[4:]), "head.cbor"
    yield "a byte after the payload's map", cbor2.dumps(good) + b"\x00", "head.cbor"
    yield "payload's map ends too early", cbor2.dumps(good)[:-1], "head.cbor"
    # 54 bytes without the zeros; a head has 111 more than its payload.
    yield "head of 256 bytes", cbor2.dumps(good | {6: bytes(91)}), "head.payload"
    yield "head of 257 bytes", cbor2.dumps(good | {6: bytes(92)}), "head.length"
    yield "payload of 255 bytes", cbor2.dumps(good | {6: bytes(201)}), "head.length"
    yield "payload of 256 bytes", cbor2.dumps(good | {6: bytes(202)}), "head.form"


def shape_cases():
    """Heads of another shape, signed over what they hold: (name, bytes, code)."""
    key, payload = ALICE.key, cbor2.dumps(statement(EMPTY))
    signature = ALICE.sign(to_be_signed(protected(key), payload))
    head = lambda **parts: assemble(key, payload, signature, **parts)

    def other_protected(data, item=None, **parts):
        signed = ALICE.sign(to_be_signed(data, payload))
        return assemble(key, payload, signed, protected_item=item or byte_string(data), **parts)

    yield "nothing", b"", "head.form"
    for length in [1, 9, 10, 41, 42, 43, 44, 45]:
        yield f"the first {length} bytes", head()[:length], "head.form"
    yield "the last byte is missing", head()[:-1], "head.form"
    yield "the signature is missing", head()[:-66], "head.form"
    yield "no tag", head(tag=b""), "head.form"
    yield "tag 98 (COSE_Sign)", head(tag=b"\xd8\x62"), "head.form"
    yield "tag 18 in two bytes", head(tag=b"\xd8\x12"), "head.form"
    yield "tag 55799 before it", b"\xd9\xd9\xf7" + head(), "head.form"
    yield "array header in two bytes", head(array=b"\x98\x04"), "head.form"
    yield "array of indefinite length", head(array=b"\x9f", tail=b"\xff"), "head.form"
    yield "array of five", head(array=b"\x85", tail=b"\x00"), "head.form"
    yield "array of three", head(array=b"\x83", signature_item=b""), "head.form"
    yield "protected header with its length in three bytes", head(
        protected_item=b"\x59\x00\x26" + protected(key)), "head.form"
    yield "alg -8 (EdDSA)", other_protected(protected(key, b"\x27")), "head.form"
    yield "alg -7 (ES256)", other_protected(protected(key, b"\x26")), "head.form"
    yield "alg -19 in two bytes", other_protected(protected(key, b"\x38\x12")), "head.form"
    yield "key before alg", other_protected(b"\xa2\x04" + byte_string(key) + b"\x01\x32"), "head.form"
    yield "alg only, key in the unprotected header", other_protected(
        b"\xa1\x01\x32", unprotected=b"\xa1\x04" + byte_string(key)), "head.form"
    yield "a third protected field", other_protected(
        b"\xa3\x01\x32\x03\x00\x04" + byte_string(key)), "head.form"
    yield "protected header empty", other_protected(b""), "head.form"
    yield "key of 31 bytes", other_protected(b"\xa2\x01\x32\x04" + byte_string(key[:31])), "head.form"
    yield "unprotected header with a field", head(unprotected=b"\xa1\x01\x32"), "head.form"
    yield "unprotected header of indefinite length", head(unprotected=b"\xbf\xff"), "head.form"
    yield "unprotected header in two bytes", head(unprotected=b"\xb8\x00"), "head.form"
    yield "unprotected header null", head(unprotected=b"\xf6"), "head.form"
    yield "payload detached", head(payload_item=b"\xf6"), "head.form"
    yield "payload as a map, not wrapped", head(payload_item=payload), "head.form"
    yield "payload with its length in three bytes", head(payload_item=b"\x59\x00" + bytes([len(payload)]) + payload), "head.form"
    yield "payload in chunks", head(payload_item=b"\x5f" + byte_string(payload) + b"\xff"), "head.form"
    yield "payload empty", ALICE.head_of(b""), "head.form"
    yield "payload of 23 bytes", ALICE.head_of(bytes(23)), "head.form"
    yield "payload longer than it says", head(payload_item=b"\x58" + bytes([len(payload) - 1]) + payload), "head.form"
    yield "payload shorter than it says", head(payload_item=b"\x58" + bytes([len(payload) + 1]) + payload), "head.form"
    yield "signature of 63 bytes", head(signature_item=byte_string(signature[:-1])), "head.form"
    yield "signature of 65 bytes", head(signature_item=byte_string(signature + b"\0"))[:-1], "head.form"
    yield "signature with its length in three bytes", head(signature_item=b"\x59\x00\x40" + signature), "head.form"
    yield "signature as text", head(signature_item=b"\x78\x40" + bytes(64)), "head.form"


def signature_cases():
    """Heads of the right shape: (name, bytes, code)."""
    key, payload = ALICE.key, cbor2.dumps(statement(EMPTY))
    good = ALICE.sign(to_be_signed(protected(key), payload))
    r_bytes, s = good[:32], int.from_bytes(good[32:], "little")
    with_s = lambda number: assemble(key, payload, r_bytes + number.to_bytes(32, "little"))
    over = lambda message: assemble(key, payload, ALICE.sign(message))
    bad, refused = "head.signature", "head.key"

    for name, aad in [("empty", b""), ("of version 2", b"deadwax/entry/2"), ("with a final NUL", heads.AAD + b"\0"),
                      ("of the root", b"deadwax/root/1")]:
        yield f"external_aad {name}", over(to_be_signed(protected(key), payload, aad=aad)), bad
    yield "context Signature", over(to_be_signed(protected(key), payload, context="Signature")), bad
    yield "context CounterSignature", over(to_be_signed(protected(key), payload, context="CounterSignature")), bad
    yield "signed without the protected header", over(to_be_signed(b"", payload)), bad
    yield "signed without the Sig_structure", over(payload), bad
    yield "signed over the hash of the Sig_structure", over(
        hashlib.sha512(to_be_signed(protected(key), payload)).digest()), bad
    yield "signed by another key", assemble(key, payload, BOB.sign(to_be_signed(protected(key), payload))), bad
    yield "another author's key put in", assemble(BOB.key, payload, good), bad
    yield "signature of another payload", assemble(key, cbor2.dumps(statement(EMPTY, n=1)), good), bad
    yield "signature of zeros", assemble(key, payload, bytes(64)), bad
    yield "one bit of R flipped", assemble(key, payload, bytes([good[0] ^ 1]) + good[1:]), bad
    yield "S + L", with_s(s + edwards.L), bad
    yield "S + 8 L", with_s(s + 8 * edwards.L), bad
    yield "S + 14 L", with_s(s + 14 * edwards.L), bad
    yield "S negated", with_s(edwards.L - s), bad
    yield "R and S swapped", assemble(key, payload, good[32:] + good[:32]), bad

    for order, point in [(1, 0), (2, 4), (4, 2), (4, 6), (8, 1), (8, 3), (8, 5), (8, 7)]:
        author = Author(bytes(32))
        author.scalar, author.key = 0, edwards.encode(SMALL[point])
        yield f"key of order {order}, point {point}, equation satisfied", crafted(
            author, R, wanted=lambda k: k % edwards.L % 8 == 0 and k % 8 == 0), refused
    nobody = Author(bytes(32))
    nobody.scalar = 0
    for name, text in {
        "key p: y = 0 not reduced": "ed" + "ff" * 30 + "7f",
        "key p + 1: y = 1 not reduced": "ee" + "ff" * 30 + "7f",
        "key p + 3: y = 3 not reduced, order large": "f0" + "ff" * 30 + "7f",
        "key 2^255 - 1: y = 18 not reduced, order large": "ff" * 31 + "7f",
        "key p + 3 with the other sign": "f0" + "ff" * 31,
        "key 1 with the sign of minus zero": "01" + "00" * 30 + "80",
        "key p - 1 with the sign of minus zero": "ec" + "ff" * 31,
        "key p + 1 with the sign of minus zero": "ee" + "ff" * 31,
        "key that is on no curve point: y = 2": "02" + "00" * 31,
        "key that is on no curve point: y = 7": "07" + "00" * 31,
    }.items():
        yield name, crafted(nobody, R, key=bytes.fromhex(text)), refused

    for point in [0, 4, 2, 1]:
        honest = lambda r_point: crafted(ALICE, 0, r_torsion=SMALL[r_point])
        note = "equation satisfied" if point == 0 else "cofactored equation satisfied"
        yield f"R of small order, point {point}, {note}", honest(point), bad
    yield "R of order 8 and a key of mixed order, equation satisfied", crafted(
        MIXED, 0, r_torsion=SMALL[5], wanted=lambda k: k % edwards.L % 8 == 3), bad
    yield "R = p + 1, the identity not reduced", crafted(
        ALICE, 0, r_bytes=bytes.fromhex("ee" + "ff" * 30 + "7f")), bad
    yield "R on no curve point", crafted(ALICE, R, r_bytes=bytes.fromhex("02" + "00" * 31)), bad
    for point in [1, 2, 4]:
        yield f"R of mixed order, point {point}: only the cofactored equation holds", crafted(
            ALICE, R, r_torsion=SMALL[point]), bad
    yield "key of mixed order: only the cofactored equation holds", crafted(
        MIXED, R, wanted=lambda k: k % edwards.L % 8 == 1), bad
    yield "key of mixed order: the equation holds only if k is not reduced", crafted(
        MIXED, R, wanted=lambda k: k % 8 == 0 and k % edwards.L % 8 != 0), bad


def invalid_entries():
    for name, payload, code in payload_cases():
        yield "payload: " + name, ALICE.head_of(payload), code
    for name, data, code in shape_cases():
        yield "shape: " + name, data, code
    for name, data, code in signature_cases():
        yield "signature: " + name, data, code
    head = ALICE.head(EMPTY)
    yield "shape: body before the head", EMPTY + head, "head.form"
    yield "shape: a body alone", links.body(links.BASIC), "head.form"
    yield "shape: text", b"deadwax", "head.form"


def facts(head):
    """What the head says, by name."""
    key, payload = head[10:42], cbor2.loads(head[45:-66])
    scope = "core" if payload[1] < 32 else "main"
    return {
        "id": hashlib.sha256(head).hexdigest(),
        "author": key.hex(),
        "kind": str(payload[1]),
        "scope": scope,
        "n": str(payload[2]),
        "created": str(payload[3]),
        "head_bytes": len(head),
        "within_quota": payload[2] < {"core": 64, "main": 10_000}[scope],
    }


def slots():
    """Entries of one author, scope and n, of which a set holds the one with the lowest id."""
    for name, kinds in [("main", [32, 34, 99]), ("core", [2, 3, 4])]:
        rivals = [BOB.head(EMPTY, kind=kind, n=5, created=created) for kind in kinds for created in (494000, 1)]
        holder = min(rivals, key=lambda head: hashlib.sha256(head).digest())
        yield {"scope": name, "heads": [head.hex() for head in rivals], "holder": hashlib.sha256(holder).hexdigest()}


def root(scope, ids):
    """LtHash with 1,024 lanes of 16 bits (`doc/SYNC-PROTOCOL.md` section 2)."""
    lanes = [0] * 1024
    for entry_id in ids:
        element = blake3.blake3(b"deadwax/root/1" + entry_id).digest(length=2048)
        lanes = [(lane + int.from_bytes(element[2 * i:2 * i + 2], "little")) % 65536 for i, lane in enumerate(lanes)]
    packed = b"".join(lane.to_bytes(2, "little") for lane in lanes)
    digest = hashlib.sha256(scope.encode() + len(ids).to_bytes(8, "little") + packed).hexdigest()
    return {"scope": scope, "ids": [i.hex() for i in ids], "lanes_sha256": hashlib.sha256(packed).hexdigest(), "root": digest}


def sketch(network, ids):
    """Rateless IBLT of 16,384 symbols (`doc/SYNC-PROTOCOL.md` section 7)."""
    key = hashlib.sha256(b"deadwax/sketch/1" + network).digest()
    cells = [[0, 0] for _ in range(16_384)]
    for item in (entry_id[:16] for entry_id in ids):
        output = blake3.blake3(item, key=key)
        check, index, block = int.from_bytes(output.digest(length=8), "little"), 0, 1
        while index < len(cells):
            cells[index][0] ^= int.from_bytes(item, "big")
            cells[index][1] ^= check
            number = int.from_bytes(output.digest(length=8, seek=8 * block), "little")
            index += max(1, math.ceil((index + 1.5) * (2**32 / math.sqrt(number + 1.0) - 1)))
            block += 1
    return b"".join(items.to_bytes(16, "big") + checks.to_bytes(8, "little") for items, checks in cells)


def sketch_sets(ids):
    for network in (bytes(32), hashlib.sha256(b"some charter").digest()):
        for some in ([], ids[:1], ids[:2], ids, [bytes(32)], [b"\xff" * 32]):
            data = sketch(network, some)
            yield {"network": network.hex(), "ids": [i.hex() for i in some], "prefix": data[:16 * 24].hex(),
                   "sha256": hashlib.sha256(data).hexdigest()}


def sketch_differences():
    """Sets of the ids SHA-256(n as 4 bytes, big-endian) for n from the first number up to below the second."""
    for left, right, symbols, complete in [
        ((0, 50), (0, 50), 1, True), ((0, 51), (0, 50), 4, True), ((0, 300), (40, 320), 128, True),
        ((0, 1000), (0, 0), 1600, True), ((0, 0), (5, 2005), 3200, True), ((0, 400), (100, 500), 200, False),
        ((0, 400), (100, 500), 16384, True),
    ]:
        numbers = sorted(set(range(*left)) ^ set(range(*right)))
        different = sorted(hashlib.sha256(n.to_bytes(4, "big")).digest()[:16].hex() for n in numbers)
        yield {"network": "00" * 32, "left": left, "right": right, "symbols": symbols, "complete": complete,
               "different": different}


def own_releases():
    """Signed own releases, and the UUIDs by which links name them."""
    for name, fields in [("an own release", bodies.BASIC[33]), ("an edition of a known group", bodies.FULL[33])]:
        for n, author in enumerate((ALICE, BOB)):
            body = bodies.body(33, fields)
            head = author.head(body, kind=33, n=n)
            entry_id = hashlib.sha256(head).digest()
            yield {"name": name, "bytes": (head + body).hex(), "id": entry_id.hex(),
                   "uuid": bodies.own_release_uuid(entry_id)}


def body_sections():
    name = lambda kind, text: {"name": f"{bodies.NAMES[kind]}: {text}", "kind": kind}
    return {
        "valid": [
            name(kind, text) | {"body": bodies.body(kind, fields).hex(), "json": fields}
            for kind, text, fields in bodies.VALID],
        "read_as": [
            name(kind, text) | {"body": body.hex(), "json": fields} for kind, text, body, fields in bodies.TOLERATED],
        "void": [
            name(kind, text) | {"body": body.hex(), "code": code, "field": field}
            for kind, text, body, code, field in bodies.void()],
        "refused_json": [name(kind, text) | {"json": fields} for kind, text, fields in bodies.REFUSED_JSON],
        "own_releases": list(own_releases()),
    }


def write(name, sections):
    """One vector a line, so that a diff shows which ones were added."""
    parts = []
    for key, value in sections.items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in value)
            parts.append(f'"{key}": [\n{lines}\n]')
        else:
            parts.append(f'"{key}": {json.dumps(value)}')
    (OUT / name).write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    print(name, {key: len(value) for key, value in sections.items() if isinstance(value, list)})


def main():
    OUT.mkdir(exist_ok=True)
    body = links.body(links.EXAMPLE)
    example = ("worked example", ALICE.head(body), body, {"link": links.EXAMPLE, "group": links.GROUP})
    valid = []
    for name, head, body, more in [example, *valid_entries()]:
        vector = {"name": name, "bytes": (head + (body or b"")).hex()} | facts(head)
        vector["body"] = "absent" if body is None else "matches"
        valid.append(vector | ({} if body is None else {"void": False}) | more)
    mismatched = [
        {"name": name, "bytes": (head + rest).hex()} | facts(head) | {"body": "mismatch", "code": "body.mismatch"}
        for name, head, rest in mismatched_entries()
    ]
    invalid = [{"name": name, "bytes": data.hex(), "code": code} for name, data, code in invalid_entries()]
    keys = [{"secret": author.secret.hex(), "author": author.key.hex()} for author in (ALICE, BOB)]
    write("entries.json", {
        "format": "deadwax/entry/1", "keys": keys, "valid": valid, "mismatched": mismatched, "invalid": invalid,
        "slots": list(slots()),
    })
    write("cbor.json", {
        "format": "deadwax/entry/1",
        "valid": [{"hex": text, "value": value} for text, value in cbor_vectors.VALID.items()],
        "invalid": [{"hex": text, "rule": rule} for text, rule in cbor_vectors.INVALID.items()],
    })
    write("bodies.json", {"format": "deadwax/entry/1"} | body_sections())
    write("members.json", {"format": "deadwax/members/1", "networks": list(member_vectors.cases())})
    ids = [hashlib.sha256(i.to_bytes(1, "big")).digest() for i in range(100)]
    sets = [[], ids[:1], ids[:2], ids[1::-1], ids[:3], [bytes(32)], [b"\xff" * 32], ids]
    write("root.json", {
        "format": "deadwax/root/1", "sets": [root(scope, some) for scope in ("core", "main") for some in sets],
    })
    write("sketch.json", {
        "format": "deadwax/sketch/1", "sets": list(sketch_sets(ids)), "differences": list(sketch_differences()),
    })


if __name__ == "__main__":
    main()
