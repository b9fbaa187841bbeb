"""Reads the bodies of kinds 0 to 3 and 33 to 46 and their JSON form by `doc/ENTRY-FORMAT.md` sections 10 to 15.

Each type of field is a pair: from the decoded value to JSON, and back. Either raises `Void`. Not here:
CBOR, which `verify_entries.py` decodes, and links (`read_link.py`).
"""

import hashlib
import re

from read_link import SPACES

WHITE = SPACES | set("\t\n\v\f\r\u0085")


class Void(Exception):
    """A rule is broken."""


def need(condition):
    if not condition:
        raise Void


def both(check):
    """A type whose value in JSON is the value itself."""
    def same(value):
        need(check(value))
        return value
    return same, same


def is_text(value, limit, lines=False, blank=False):
    return (
        type(value) is str and 1 <= len(value.encode()) <= limit and (blank or set(value) - WHITE != set())
        and not any(ord(c) < 32 and not (lines and c == "\n") or 127 <= ord(c) < 160 for c in value))


def text(limit, more=lambda value: True, **options):
    return both(lambda value: is_text(value, limit, **options) and bool(more(value)))


def long(limit):
    return text(limit, lines=True)


def texts(count, limit):
    return both(lambda value: type(value) is list and 1 <= len(value) <= count and all(
        is_text(part, limit) for part in value))


def uint(low, high):
    return both(lambda value: type(value) is int and low <= value <= high)


def hexadecimal(length):
    def read(value):
        need(type(value) is bytes and len(value) == length)
        return value.hex()

    def write(value):
        need(type(value) is str and re.fullmatch(f"[0-9a-fA-F]{{{2 * length}}}", value))
        return bytes.fromhex(value)
    return read, write


def hyphens(value):
    return "-".join([value[:8], value[8:12], value[12:16], value[16:20], value[20:]])


def write_mbid(value):
    need(type(value) is str and re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value))
    return bytes.fromhex(value.replace("-", ""))


ID = hexadecimal(32)
MBID = (lambda value: hyphens(hexadecimal(16)[0](value)), write_mbid)
# Absence says the same as false, so neither side writes it.
FLAG = both(lambda value: type(value) is bool)


def registry(words, keeps_others):
    def read(value):
        need(type(value) is int and value >= 0)
        if value < len(words):
            return words[value]
        need(keeps_others)
        return value

    def write(value):
        if type(value) is str:
            need(value in words)
            return words.index(value)
        need(keeps_others and type(value) is int and 0 <= value < 2**64)
        return value
    return read, write


REASON = registry(["other", "duplicate", "transcode", "wrong-mbid", "dead", "fake", "incomplete", "wrong-format",
                   "poor-quality", "spam"], keeps_others=True)
SUBJECT_KIND = registry(["release-group", "release", "recording", "artist", "label", "work"], keeps_others=False)


def table(rows, more=lambda fields: True):
    """A map with a field for each row: key, name, type, and whether it must be there."""
    def read(value):
        need(type(value) is dict)
        found = {name: kind[0](value[key]) for key, name, kind, _ in rows if key in value}
        need(all(name in found for _, name, _, must in rows if must) and more(found))
        return {name: part for name, part in found.items() if part is not False}

    def write(value):
        need(type(value) is dict and set(value) <= {name for _, name, _, _ in rows})
        return {key: kind[1](value[name]) for key, name, kind, _ in rows if name in value and value[name] is not False}
    return read, write


def maps(count, kind):
    def of(side):
        def each(value):
            need(type(value) is list and 1 <= len(value) <= count)
            return [side(part) for part in value]
        return each
    return of(kind[0]), of(kind[1])


MUST, MAY = True, False
MBID_SUBJECT = table([(0, "mbid", MBID, MUST), (1, "mbid_kind", SUBJECT_KIND, MUST), (2, "entry", ID, MAY)],
                     lambda found: "entry" not in found)
SUBJECT = table(
    [(0, "mbid", MBID, MAY), (1, "mbid_kind", SUBJECT_KIND, MAY), (2, "entry", ID, MAY)],
    lambda found: set(found) in ({"mbid", "mbid_kind"}, {"entry"}))
TAG = text(64, lambda value: value[0] not in WHITE and value[-1] not in WHITE and not re.search("[A-Z]", value))
DATE = text(128, lambda value: re.fullmatch(
    "[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?", value))
ARTIST = table([(0, "name", text(1000), MUST), (1, "mbid", MBID, MAY), (2, "join", text(128, blank=True), MAY)])
LABEL = table([(0, "name", text(128), MAY), (1, "catno", text(128), MAY), (2, "mbid", MBID, MAY)], bool)
TRACK = table([(0, "title", text(1000), MUST), (1, "length_ms", uint(0, 2**32 - 1), MAY),
               (2, "artist", text(1000), MAY), (3, "number", text(128), MAY)])
MEDIUM = table([(0, "format", text(128), MAY), (1, "title", text(1000), MAY), (2, "tracks", maps(999, TRACK), MAY)])
DIMENSION = registry(["visibility", "author"], keeps_others=False)
VERDICT = registry(["stands", "falls"], keeps_others=False)
ONION = text(62, lambda value: re.fullmatch("[a-z2-7]{56}\\.onion", value))
DESTINATION = text(60, lambda value: re.fullmatch("[a-z2-7]{52}\\.b32\\.i2p", value))


def ascending(kind, key):
    """1 to 64 of a kind, sorted by `key`, none twice."""
    def of(side, order):
        def each(value):
            need(type(value) is list and 1 <= len(value) <= 64)
            parts = [side(part) for part in value]
            keys = [order(part) for part in (value if side is kind[1] else parts)]
            need(all(a < b for a, b in zip(keys, keys[1:])))
            return parts
        return each
    return of(kind[0], key), of(kind[1], key)


def read_signature(value):
    need(type(value) is list and len(value) == 2)
    return {"key": ID[0](value[0]), "signature": hexadecimal(64)[0](value[1])}


def write_signature(value):
    need(type(value) is dict and set(value) == {"key", "signature"})
    return [ID[1](value["key"]), hexadecimal(64)[1](value["signature"])]


def read_infohash(value):
    return hexadecimal(20 if type(value) is bytes and len(value) == 20 else 32)[0](value)


def write_infohash(value):
    return hexadecimal(20 if type(value) is str and len(value) == 40 else 32)[1](value)


def is_ballot(found):
    subjects = [name for name in ("subject", "author", "infohash") if name in found]
    return len(subjects) == 1 and (found["dimension"] == "author") == (subjects == ["author"])


KINDS = {
    0: table([
        (0, "prev", ID, MAY), (1, "name", text(64), MUST), (2, "roster", ascending(ID, lambda key: key), MUST),
        (3, "budget", uint(0, 2**32 - 1), MAY), (4, "quota_main", uint(10_000, 2**32 - 1), MAY),
        (5, "quota_core", uint(64, 2**32 - 1), MAY), (6, "text", long(4000), MAY),
        (7, "signatures", ascending((read_signature, write_signature), lambda one: one["key"]), MUST)]),
    1: table([
        (0, "subject", SUBJECT, MAY), (1, "author", ID, MAY), (2, "infohash", (read_infohash, write_infohash), MAY),
        (3, "dimension", DIMENSION, MUST), (4, "verdict", VERDICT, MUST), (5, "reason", REASON, MAY),
        (6, "note", text(1000), MAY)], is_ballot),
    2: table([(0, "key", ID, MUST), (1, "grant", uint(1, 2**32 - 1), MUST), (2, "withdrawn", FLAG, MAY),
              (3, "note", text(1000), MAY)]),
    3: table([(0, "name", text(64), MUST), (1, "onion", ONION, MAY), (2, "i2p", DESTINATION, MAY),
              (3, "tracker", FLAG, MAY), (4, "text", long(4000), MAY)], lambda found: "onion" in found or "i2p" in found),
    33: table([
        (0, "title", text(1000), MUST), (1, "artists", maps(64, ARTIST), MUST), (2, "release_group", MBID, MAY),
        (3, "types", texts(8, 128), MAY), (4, "date", DATE, MAY), (5, "country", text(128), MAY),
        (6, "labels", maps(8, LABEL), MAY), (7, "barcode", text(128), MAY), (8, "status", text(128), MAY),
        (9, "media", maps(100, MEDIUM), MAY), (10, "urls", texts(16, 256), MAY), (11, "language", text(35), MAY),
        (12, "disambiguation", text(300), MAY)]),
    34: table([(0, "subject", SUBJECT, MUST), (1, "text", long(12_000), MUST), (2, "language", text(35), MAY),
               (3, "replaces", ID, MAY)]),
    35: table([(0, "subject", SUBJECT, MUST), (1, "tag", TAG, MUST), (2, "withdrawn", FLAG, MAY)]),
    36: table([(0, "subject", SUBJECT, MUST), (1, "value", uint(-1, 1), MUST), (2, "reason", REASON, MAY),
               (3, "note", text(1000), MAY)]),
    37: table([(0, "subject", SUBJECT, MUST), (1, "reason", REASON, MUST), (2, "note", long(4000), MAY),
               (3, "other", SUBJECT, MAY), (4, "withdrawn", FLAG, MAY)]),
    38: table([(0, "subject", SUBJECT, MUST), (1, "text", long(12_000), MUST), (2, "reply_to", ID, MAY)]),
    39: table([(0, "section", text(64), MUST), (1, "title", text(300), MUST), (2, "text", long(12_000), MUST)]),
    40: table([(0, "title", text(300), MUST), (1, "description", long(12_000), MAY), (2, "category", text(64), MAY),
               (3, "replaces", ID, MAY), (4, "open", FLAG, MAY)]),
    41: table([(0, "collage", ID, MUST), (1, "item", SUBJECT, MUST), (2, "sort", text(64), MAY),
               (3, "note", text(1000), MAY), (4, "removed", FLAG, MAY)]),
    42: table([(0, "subject", MBID_SUBJECT, MAY), (1, "artist", text(1000), MAY), (2, "title", text(1000), MUST),
               (3, "year", uint(1, 9999), MAY), (4, "formats", texts(16, 128), MAY), (5, "encodings", texts(16, 128), MAY),
               (6, "media", texts(16, 128), MAY), (7, "note", long(4000), MAY), (8, "log", FLAG, MAY), (9, "cue", FLAG, MAY)]),
    43: table([(0, "subject", SUBJECT, MUST), (1, "withdrawn", FLAG, MAY)]),
    44: table([(0, "request", ID, MUST), (1, "link", ID, MUST), (2, "note", text(1000), MAY)]),
    45: table([(0, "name", text(64), MAY), (1, "text", long(4000), MAY), (2, "urls", texts(8, 256), MAY)], bool),
    46: table([(0, "entry", ID, MUST), (1, "note", text(1000), MAY)]),
}


def read_body(kind, value):
    """The JSON form of a body of this kind that decodes to `value`, None if it is void."""
    try:
        return KINDS[kind][0](value)
    except Void:
        return None


def write_body(kind, value):
    """The map that a JSON form stands for, None if it is refused."""
    try:
        fields = KINDS[kind][1](value)
        KINDS[kind][0](fields)
        return fields
    except Void:
        return None


def own_release_uuid(entry_id):
    """Section 11.2."""
    digest = bytearray(hashlib.sha256(b"deadwax/own-release/1" + bytes.fromhex(entry_id)).digest()[:16])
    digest[6] = 0x80 | digest[6] % 16
    digest[8] = 0x80 | digest[8] % 64
    return hyphens(digest.hex())
