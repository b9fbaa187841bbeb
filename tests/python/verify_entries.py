"""Checks the test vectors, or entries in files, by `doc/ENTRY-FORMAT.md` alone.

    verify_entries.py            all vectors in index/vectors; last line "N passed, N failed"
    verify_entries.py FILE...    one line of JSON about each entry

Needs cbor2 and PyNaCl from PyPI and shares no code with Deadwax. Section numbers are those of the
document. libsodium gives a second opinion on signatures; the exact rule of 3.5 decides.
"""

import hashlib
import json
import pathlib
import sys

import cbor2
import nacl.exceptions
import nacl.signing

import edwards
import read_sketch
from fold_members import fold
from read_body import KINDS, own_release_uuid, read_body, write_body
from read_link import group, read_link

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "index" / "vectors"
QUOTA = {"core": 64, "main": 10_000}
opinions = []  # (message that libsodium saw, its verdict, verdict by 3.5)


class Invalid(Exception):
    """Carries the code of what is wrong."""


def need(condition, code):
    if not condition:
        raise Invalid(code)


def uint(value):
    return type(value) is int and 0 <= value < 2**64


def in_profile(value, depth=0):
    """Section 2, except for what re-encoding shows."""
    if type(value) is int:
        return -(2**64) <= value < 2**64
    if type(value) in (list, dict) and depth == 8:
        return False
    if type(value) is list:
        return all(in_profile(item, depth + 1) for item in value)
    if type(value) is dict:
        keys = list(value)
        return all(map(uint, keys)) and keys == sorted(keys) and all(
            in_profile(item, depth + 1) for item in value.values())
    return type(value) in (bool, bytes, str)


def decode(data, code):
    """The one item that `data` is. cbor2 is lenient: writing it again must give the same bytes."""
    try:
        value = cbor2.loads(data)
        good = in_profile(value) and cbor2.dumps(value) == data
    except Exception as error:
        raise Invalid(code) from error
    need(good, code)
    return value


def check_signature(key, message, signature):
    """Section 3.5: the strict rule."""
    a = edwards.decode(key)
    need(a is not None and not edwards.is_small_order(a), "head.key")
    r, s = edwards.decode(signature[:32]), int.from_bytes(signature[32:], "little")
    good = r is not None and not edwards.is_small_order(r) and s < edwards.L
    if good:
        k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % edwards.L
        minus_ka = edwards.multiply(k, edwards.negate(a))
        good = edwards.encode(edwards.add(edwards.multiply(s, edwards.BASE), minus_ka)) == signature[:32]
    try:
        nacl.signing.VerifyKey(key).verify(message, signature)
        opinions.append(good)
    except nacl.exceptions.BadSignatureError:
        opinions.append(not good)
    need(good, "head.signature")


def verify(data):
    """Sections 3 and 4: what the entry says, or Invalid."""
    need(data[:10].hex() == "d2845826a20132045820" and data[42:44].hex() == "a058" and len(data) > 44, "head.form")
    end = 45 + data[44] + 66
    need(end <= 256, "head.length")
    head, rest = data[:end], data[end:]
    payload, signature = head[45:-66], head[-64:]
    need(len(head) == end and data[44] >= 24 and head[-66:-64].hex() == "5840", "head.form")
    fields = decode(payload, "head.cbor")
    need(type(fields) is dict and (0 not in fields or uint(fields[0])), "head.payload")
    need(fields.get(0, 1) == 1, "head.version")
    need(list(fields) == [0, 1, 2, 3, 4, 5] and all(uint(fields[key]) for key in (0, 1, 2, 3, 5)), "head.payload")
    need(type(fields[4]) is bytes and len(fields[4]) == 32, "head.payload")
    need(1 <= fields[5] <= 16_384, "head.body-length")
    signed = cbor2.dumps(["Signature1", head[4:42], b"deadwax/entry/1", payload])
    check_signature(head[10:42], signed, signature)
    matches = 0xA0 <= (rest or b"\0")[0] <= 0xBB and len(rest) == fields[5] and hashlib.sha256(rest).digest() == fields[4]
    scope = "core" if fields[1] < 32 else "main"
    facts = {
        "id": hashlib.sha256(head).hexdigest(), "author": head[10:42].hex(), "kind": str(fields[1]), "scope": scope,
        "n": str(fields[2]), "created": str(fields[3]), "head_bytes": end, "within_quota": fields[2] < QUOTA[scope],
        "body": "matches" if matches else "mismatch" if rest else "absent",
    }
    if matches:
        facts |= meaning(fields[1], rest)
    return facts


def meaning(kind, body):
    """Sections 6 and 10 to 12: what the body says."""
    value = outcome(decode, body, "cbor")
    if kind == 32:
        link = read_link(value)
        return {"void": True} if link is None else {"void": False, "link": link, "group": group(link)}
    says = read_body(kind, value) if kind in KINDS else None
    return {"void": True} if says is None else {"void": False, "says": says}


def outcome(check, *arguments):
    try:
        return check(*arguments)
    except Invalid as invalid:
        return str(invalid)


def check_entry(vector):
    """What differs from the vector: a list that is empty if all is well."""
    facts = outcome(verify, bytes.fromhex(vector["bytes"]))
    if "id" not in vector or type(facts) is str:
        return [] if facts == vector.get("code") else [f"is {facts!r}"]
    if vector["kind"] == "32":  # the code of a void body is not part of the format
        vector = vector | ({"link": vector["read_as"]} if "read_as" in vector else {})
    return [f"{key} is {value!r}" for key, value in facts.items() if vector.get(key) != value]


def check_slot(slot):
    facts = [verify(bytes.fromhex(head)) for head in slot["heads"]]
    one_slot = len({(fact["author"], fact["scope"], fact["n"]) for fact in facts}) == 1
    return [] if one_slot and min(fact["id"] for fact in facts) == slot["holder"] else ["another holder"]


def notation(value):
    """An item as `cbor.json` writes it."""
    if type(value) is int:
        return {"uint" if value >= 0 else "nint": str(value)}
    if type(value) is list:
        return {"array": [notation(item) for item in value]}
    if type(value) is dict:
        return {"map": [[str(key), notation(item)] for key, item in value.items()]}
    return {"bytes": value.hex()} if type(value) is bytes else {"text" if type(value) is str else "bool": value}


def check_item(vector):
    try:
        value = notation(decode(bytes.fromhex(vector["hex"]), "cbor"))
    except Invalid:
        value = None
    return [] if value == vector.get("value") else [f"is {value}"]


def check_body(vector, is_written):
    """Both ways between a body and its JSON form; a void one has none."""
    kind, body = vector["kind"], bytes.fromhex(vector["body"])
    says = read_body(kind, outcome(decode, body, "cbor")) if len(body) <= 16_384 else None
    if says != vector.get("json"):
        return [f"says {says}"]
    written = says is not None and cbor2.dumps(write_body(kind, says))
    return [f"is written as {written.hex()}"] if is_written and written != body else []


def check_refused(vector):
    fields = write_body(vector["kind"], vector["json"])
    return [] if fields is None or len(cbor2.dumps(fields)) > 16_384 else [f"is taken for {fields}"]


def check_own_release(vector):
    facts = verify(bytes.fromhex(vector["bytes"]))
    good = not facts["void"] and facts["id"] == vector["id"] and own_release_uuid(facts["id"]) == vector["uuid"]
    return [] if good else [f"is {facts} with {own_release_uuid(facts['id'])}"]


def core_entry(data):
    """What the fold of members needs of an entry of `core`."""
    facts = verify(data)
    end = facts["head_bytes"]
    return facts | {"raw": data[end:] if len(data) > end else None}


def holds(key, message, signature):
    return outcome(check_signature, key, message, signature) is None


def check_network(network):
    before = [core_entry(bytes.fromhex(data)) for data in network["before"]]
    entries = [core_entry(bytes.fromhex(data)) for data in network["entries"]]
    adopted = fold(network["pinned"], before, [], holds)["charters"]
    found = fold(network["pinned"], before + entries, adopted, holds)
    return [f"{name} is {value}" for name, value in found.items() if network[name] != value]


def check_vectors():
    entries = json.loads((VECTORS / "entries.json").read_text())
    items = json.loads((VECTORS / "cbor.json").read_text())
    results = [(v["name"], check_entry(v)) for part in ("valid", "mismatched", "invalid") for v in entries[part]]
    results += [(f"slot in {slot['scope']}", check_slot(slot)) for slot in entries["slots"]]
    results += [("CBOR " + vector["hex"], check_item(vector)) for vector in items["valid"] + items["invalid"]]
    bodies = json.loads((VECTORS / "bodies.json").read_text())
    results += [(v["name"], check_body(v, part == "valid")) for part in ("valid", "read_as", "void") for v in bodies[part]]
    results += [("JSON of " + vector["name"], check_refused(vector)) for vector in bodies["refused_json"]]
    results += [(vector["name"], check_own_release(vector)) for vector in bodies["own_releases"]]
    sketches = json.loads((VECTORS / "sketch.json").read_text())
    results += [(f"sketch of {len(v['ids'])} ids", read_sketch.check_set(v)) for v in sketches["sets"]]
    results += [(f"difference of {v['left']} and {v['right']}", read_sketch.check_difference(v))
                for v in sketches["differences"]]
    networks = json.loads((VECTORS / "members.json").read_text())["networks"]
    results += [("network: " + network["name"], check_network(network)) for network in networks]
    failed = [(name, problems) for name, problems in results if problems]
    for name, problems in failed:
        print(f"FAILED {name}: {'; '.join(problems)}")
    print(f"libsodium: {opinions.count(True)} signatures judged alike, {opinions.count(False)} differently")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return not failed


def check_files(paths):
    results = [outcome(verify, pathlib.Path(path).read_bytes()) for path in paths]
    for path, facts in zip(paths, results):
        facts = {"valid": False, "code": facts} if type(facts) is str else {"valid": True} | facts
        print(json.dumps({"file": path} | facts, ensure_ascii=False))
    return all(type(facts) is dict and facts["body"] != "mismatch" for facts in results)


if __name__ == "__main__":
    sys.exit(0 if (check_files(sys.argv[1:]) if sys.argv[1:] else check_vectors()) else 1)
