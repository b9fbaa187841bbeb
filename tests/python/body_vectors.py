"""Bodies of kinds 0 to 3 and 33 to 46 for the test vectors: what may be in one, and each rule broken once.

Written from `doc/ENTRY-FORMAT.md` sections 10 to 15. The records and their people are invented. Not
here: links, which have `link_vectors.py`.
"""

import hashlib
import uuid

import cbor2

from link_vectors import GROUP, RELEASE

ARTIST = "3c5d7e9f-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
LABEL = "77665544-3322-4110-8fed-cba987654321"
NIL = "00000000-0000-0000-0000-000000000000"
ONE, TWO, THREE = ("".join(f"{(first + i) % 256:02x}" for i in range(32)) for first in (0x20, 0x60, 0xF0))
SUBJECT_KINDS = "release-group release recording artist label work".split()
REASONS = "other duplicate transcode wrong-mbid dead fake incomplete wrong-format poor-quality spam".split()
NAMES = {
    0: "charter", 1: "ballot", 2: "vouch", 3: "node",
    33: "own-release", 34: "description", 35: "tag", 36: "vote", 37: "report", 38: "comment", 39: "topic",
    40: "collage", 41: "collage-item", 42: "request", 43: "want", 44: "fill", 45: "profile", 46: "retract",
}
# Names of the fields by kind; a field's key is its place.
MEMBERS = {
    0: "prev name roster budget quota_main quota_core text signatures",
    1: "subject author infohash dimension verdict reason note",
    2: "key grant withdrawn note",
    3: "name onion i2p tracker text",
    33: "title artists release_group types date country labels barcode status media urls language disambiguation",
    34: "subject text language replaces",
    35: "subject tag withdrawn",
    36: "subject value reason note",
    37: "subject reason note other withdrawn",
    38: "subject text reply_to",
    39: "section title text",
    40: "title description category replaces open",
    41: "collage item sort note removed",
    42: "subject artist title year formats encodings media note log cue",
    43: "subject withdrawn",
    44: "request link note",
    45: "name text urls",
    46: "entry note",
}
INNER = {
    "artists": "name mbid join", "labels": "name catno mbid", "media": "format title tracks",
    "tracks": "title length_ms artist number",
}


def numbered(members, value):
    """A map of the JSON object `value`, whose members have these names."""
    names = members.split()
    return {names.index(name): item(name, part) for name, part in sorted(
        value.items(), key=lambda pair: names.index(pair[0]))}


def item(name, value):
    """The value of one field."""
    if name in ("subject", "other", "item"):
        if "entry" in value:
            return {2: bytes.fromhex(value["entry"])}
        return {0: uuid.UUID(value["mbid"]).bytes, 1: SUBJECT_KINDS.index(value["mbid_kind"])}
    if name in ("replaces", "reply_to", "collage", "request", "link", "entry", "prev", "author", "infohash", "key"):
        return bytes.fromhex(value)
    if name == "roster":
        return [bytes.fromhex(key) for key in value]
    if name == "signatures":
        return [[bytes.fromhex(one["key"]), bytes.fromhex(one["signature"])] for one in value]
    if name in ("dimension", "verdict"):
        return {"dimension": ["visibility", "author"], "verdict": ["stands", "falls"]}[name].index(value)
    if name in ("mbid", "release_group"):
        return uuid.UUID(value).bytes
    if name == "reason" and type(value) is str:
        return REASONS.index(value)
    if name in INNER and type(value[0]) is dict:
        return [numbered(INNER[name], part) for part in value]
    return value


def fields(kind, value):
    return numbered(MEMBERS[kind], value)


def body(kind, value):
    return cbor2.dumps(fields(kind, value))


def own_release_uuid(entry_id):
    """Section 11.2."""
    digest = hashlib.sha256(b"deadwax/own-release/1" + entry_id).digest()[:16]
    number = int.from_bytes(digest, "big")
    number = number & ~(0xF << 76) | 8 << 76
    number = number & ~(3 << 62) | 2 << 62
    return str(uuid.UUID(int=number))


GROUP_SUBJECT = {"mbid": GROUP, "mbid_kind": "release-group"}
ENTRY_SUBJECT = {"entry": ONE}

# Whether a signature holds is not part of a body's form (`doc/MEMBERSHIP.md` section 2), so any 64 bytes do here.
SIGNED = [{"key": ONE, "signature": ONE + TWO}]
ONION, DESTINATION = "tide" * 14 + ".onion", "neap" * 13 + ".b32.i2p"

# What has to be there and nothing else.
BASIC = {
    0: {"name": "Tidewater", "roster": [ONE], "signatures": SIGNED},
    1: {"subject": ENTRY_SUBJECT, "dimension": "visibility", "verdict": "falls"},
    2: {"key": ONE, "grant": 1},
    3: {"name": "tideline", "onion": ONION},
    33: {"title": "Live at the Weighbridge", "artists": [{"name": "The Salt Cartographers"}]},
    34: {"subject": GROUP_SUBJECT, "text": "Recorded in a boathouse.\n\nSide two is one take."},
    35: {"subject": GROUP_SUBJECT, "tag": "field recordings"},
    36: {"subject": ENTRY_SUBJECT, "value": 1},
    37: {"subject": ENTRY_SUBJECT, "reason": "transcode"},
    38: {"subject": ENTRY_SUBJECT, "text": "The last track fades early on my copy."},
    39: {"section": "Ripping", "title": "Worn test pressings", "text": "Who has heard one?"},
    40: {"title": "Music for tide tables"},
    41: {"collage": TWO, "item": GROUP_SUBJECT},
    42: {"title": "Maps of Low Water"},
    43: {"subject": ENTRY_SUBJECT},
    44: {"request": ONE, "link": TWO},
    45: {"name": "neap"},
    46: {"entry": THREE},
}
FULL = {
    0: {"prev": TWO, "name": "Tidewater", "roster": [ONE, TWO, THREE], "budget": 500, "quota_main": 20_000,
        "quota_core": 128, "text": "Field recordings.\nNothing else.",
        "signatures": [{"key": ONE, "signature": ONE + TWO}, {"key": THREE, "signature": TWO + THREE}]},
    1: {"author": THREE, "dimension": "author", "verdict": "stands", "reason": "spam", "note": "It was a mistake."},
    2: {"key": THREE, "grant": 25, "withdrawn": True, "note": "We met at the weighbridge."},
    3: {"name": "tideline", "onion": ONION, "i2p": DESTINATION, "tracker": True, "text": "On a boat.\nSometimes."},
    33: {
        "title": "Live at the Weighbridge",
        "artists": [
            {"name": "The Salt Cartographers", "mbid": ARTIST, "join": " & "},
            {"name": "Ørnulf", "join": " with "},
            {"name": "海図"},
        ],
        "release_group": GROUP,
        "types": ["Album", "Live"],
        "date": "1996-02-29",
        "country": "XE",
        "labels": [{"name": "Tidemark", "catno": "TM 021", "mbid": LABEL}, {"catno": "TM 021 B"}],
        "barcode": "0700000000024",
        "status": "Bootleg",
        "media": [
            {"format": "Cassette", "title": "Ebb", "tracks": [
                {"title": "Sounding", "length_ms": 241_000, "number": "A1"},
                {"title": "Fathom", "length_ms": 0, "artist": "Ørnulf", "number": "A2"},
            ]},
            {"format": "CD"},
        ],
        "urls": ["https://tidemark.example/tm021"],
        "language": "nb",
        "disambiguation": "second night",
    },
    34: {"subject": {"mbid": RELEASE, "mbid_kind": "release"}, "text": "Mastered twice.", "language": "en-GB",
         "replaces": TWO},
    35: {"subject": ENTRY_SUBJECT, "tag": "ärger é 海", "withdrawn": True},
    36: {"subject": {"mbid": ARTIST, "mbid_kind": "artist"}, "value": -1, "reason": "wrong-mbid", "note": "Namesake."},
    37: {"subject": ENTRY_SUBJECT, "reason": "duplicate", "note": "Same files.\nOther names.",
         "other": {"entry": TWO}, "withdrawn": True},
    38: {"subject": {"mbid": NIL, "mbid_kind": "work"}, "text": "One line\n", "reply_to": TWO},
    39: {"section": "海図", "title": "Meta", "text": "\nBegins with a line break."},
    40: {"title": "Music for tide tables", "description": "Slow.\nSalty.", "category": "Mood", "replaces": TWO,
         "open": True},
    41: {"collage": TWO, "item": {"entry": THREE}, "sort": "0010", "note": "The one with the bell.", "removed": True},
    42: {"subject": {"mbid": RELEASE, "mbid_kind": "recording"}, "artist": "The Salt Cartographers",
         "title": "Maps of Low Water", "year": 1994, "formats": ["FLAC", "ALAC"], "encodings": ["Lossless"],
         "media": ["CD", "Vinyl"], "note": "Any pressing.\nWith scans.", "log": True, "cue": True},
    43: {"subject": {"mbid": LABEL, "mbid_kind": "label"}, "withdrawn": True},
    44: {"request": ONE, "link": TWO, "note": "The 2004 edition."},
    45: {"name": "neap", "text": "I tape harbours.\nAsk me.", "urls": ["https://neap.example/", "gemini://neap.example"]},
    46: {"entry": THREE, "note": "Wrong torrent."},
}


def longest():
    """An own release whose body has exactly 16,384 bytes."""
    tracks = [{"title": f"Sounding no. {number:03}", "length_ms": 70_000 + number} for number in range(640)]
    value = BASIC[33] | {"media": [{"tracks": tracks}]}
    while len(body(33, value)) < 16_384:
        tracks[-1]["title"] += "."
    assert len(body(33, value)) == 16_384 and len(tracks[-1]["title"]) < 1000
    return value


SPACED = "\u00a0 a\u2028b\u202ec\u200b "
# (kind, name, JSON form)
KEYS = [f"{number:064x}" for number in range(64)]
EDGES = [
    (0, "every limit reached", {
        "prev": THREE, "name": "n" * 64, "roster": KEYS, "budget": 2**32 - 1, "quota_main": 2**32 - 1,
        "quota_core": 2**32 - 1, "text": "t" * 4000, "signatures": [{"key": key, "signature": key * 2} for key in KEYS]}),
    (0, "lowest amounts", BASIC[0] | {"budget": 0, "quota_main": 10_000, "quota_core": 64}),
    (0, "signed by a key that is not on the roster", BASIC[0] | {"roster": [TWO]}),
    (1, "about an MBID", BASIC[1] | {"subject": {"mbid": ARTIST, "mbid_kind": "artist"}}),
    (1, "about a v1 infohash", {"infohash": ONE[:40], "dimension": "visibility", "verdict": "falls"}),
    (1, "about a v2 infohash", {"infohash": ONE, "dimension": "visibility", "verdict": "stands"}),
    (1, "reason without a word, note of 1,000 bytes", BASIC[1] | {"reason": 2**64 - 1, "note": "n" * 1000}),
    (2, "grant of 2^32 - 1, note of 1,000 bytes", BASIC[2] | {"grant": 2**32 - 1, "note": "n" * 1000}),
    (3, "I2P alone, every limit reached", {"name": "n" * 64, "i2p": "234567ab" * 6 + "cdef.b32.i2p", "text": "t" * 4000}),
    (33, "title of 1,000 bytes in 500 characters", BASIC[33] | {"title": "é" * 500}),
    (33, "64 artists, joined by white space", BASIC[33] | {"artists": [{"name": "a", "join": " "}] * 64}),
    (33, "join of 128 bytes", BASIC[33] | {"artists": [{"name": "n" * 1000, "join": "+" * 128}]}),
    (33, "eight types of 128 bytes", BASIC[33] | {"types": ["T" * 128] * 8}),
    (33, "year alone, zeros", BASIC[33] | {"date": "0000"}),
    *((33, f"date {date}", BASIC[33] | {"date": date}) for date in [
        "1996-12", "1996-01-01", "1996-09-09", "1996-10-10", "1996-11-19", "1996-12-20", "1996-12-29", "1996-12-30"]),
    (33, "a day that the month does not have", BASIC[33] | {"date": "9999-02-31"}),
    (33, "eight labels", BASIC[33] | {"labels": [{"name": "l" * 128}, {"catno": "c" * 128}, {"mbid": LABEL}] * 2
                                      + [{"name": "l"}] * 2}),
    (33, "words of 128 bytes", BASIC[33] | {"country": "c" * 128, "barcode": "b" * 128, "status": "s" * 128,
                                            "language": "l" * 35, "disambiguation": "d" * 300}),
    (33, "100 media of which nothing is known", BASIC[33] | {"media": [{}] * 100}),
    (33, "medium with every limit reached", BASIC[33] | {"media": [{
        "format": "f" * 128, "title": "t" * 1000,
        "tracks": [{"title": "t" * 1000, "length_ms": 2**32 - 1, "artist": "a" * 1000, "number": "n" * 128}]}]}),
    (33, "999 tracks", BASIC[33] | {"media": [{"tracks": [{"title": "t"}] * 999}]}),
    (33, "16 addresses of 256 bytes", BASIC[33] | {"urls": ["https://" + "u" * 248] * 16}),
    (33, "body of 16,384 bytes", longest()),
    (34, "12,000 bytes, language of 35", BASIC[34] | {"text": "é\n" * 4000, "language": "l" * 35}),
    (34, "spaces at the ends and format characters stay", BASIC[34] | {"text": SPACED}),
    (35, "64 bytes", BASIC[35] | {"tag": "é" * 32}),
    (35, "capitals outside of ASCII stay", BASIC[35] | {"tag": "Ärger"}),
    (36, "taken back", BASIC[36] | {"value": 0}),
    (36, "against, note of 1,000 bytes", BASIC[36] | {"value": -1, "note": "n" * 1000}),
    (37, "note of 4,000 bytes", BASIC[37] | {"note": "n" * 4000}),
    (38, "12,000 bytes", BASIC[38] | {"text": "c" * 12_000}),
    (39, "every limit reached", {"section": "s" * 64, "title": "t" * 300, "text": "t" * 12_000}),
    (40, "every limit reached", {"title": "t" * 300, "description": "d" * 12_000, "category": "c" * 64}),
    (41, "every limit reached", BASIC[41] | {"sort": "s" * 64, "note": "n" * 1000}),
    (42, "every limit reached", {
        "artist": "a" * 1000, "title": "t" * 1000, "year": 9999, "formats": ["f" * 128] * 16,
        "encodings": ["e" * 128] * 16, "media": ["m" * 128] * 16, "note": "n" * 4000}),
    (42, "year 1", BASIC[42] | {"year": 1}),
    (44, "note of 1,000 bytes", BASIC[44] | {"note": "n" * 1000}),
    (45, "every limit reached", {"name": "n" * 64, "text": "t" * 4000, "urls": ["u" * 256] * 8}),
    (45, "text only", {"text": "t"}),
    (45, "addresses only", {"urls": ["u"]}),
    (46, "note of 1,000 bytes", BASIC[46] | {"note": "n" * 1000}),
    *((37, f"reason {word}", BASIC[37] | {"reason": word}) for word in REASONS),
    (36, "reason without a word", BASIC[36] | {"reason": 10}),
    (37, "reason of 2^64 - 1", BASIC[37] | {"reason": 2**64 - 1}),
    *((43, f"subject kind {word}", {"subject": {"mbid": ARTIST, "mbid_kind": word}}) for word in SUBJECT_KINDS),
]
VALID = [
    *((kind, "required fields only", value) for kind, value in BASIC.items()),
    *((kind, "every field", value) for kind, value in FULL.items()),
    *EDGES,
]


def changed(kind, *path_and_value):
    """The basic body with another value at a path of keys; None leaves the key out."""
    *path, last, value = path_and_value
    top = place = cbor2.loads(body(kind, BASIC[kind]))
    for key in path:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return cbor2.dumps(ordered(top))


def ordered(value):
    if type(value) is dict:
        return {key: ordered(part) for key, part in sorted(value.items())}
    return [ordered(part) for part in value] if type(value) is list else value


# Not void, but not what a writer would write: (kind, name, body, JSON form).
TOLERATED = [
    *((kind, "unknown keys are skipped", cbor2.dumps(fields(kind, value) | {21: "later", 2**64 - 1: [{0: -1}]}), value)
      for kind, value in FULL.items()),
    *((kind, f"{name} written as false", changed(kind, key, False), BASIC[kind]) for kind, key, name in [
        (2, 2, "withdrawn"), (3, 3, "tracker"), (35, 2, "withdrawn"), (37, 4, "withdrawn"), (40, 4, "open"), (41, 4, "removed"), (42, 8, "log"), (42, 9, "cue"),
        (43, 1, "withdrawn")]),
    (36, "unknown keys in a subject are skipped", changed(36, 0, 3, "later"), BASIC[36]),
    (35, "unknown keys in a subject with an MBID are skipped", changed(35, 0, 7, []), BASIC[35]),
    (33, "unknown keys in an artist are skipped", changed(33, 1, 0, 3, {}), BASIC[33]),
    (33, "unknown keys in a label are skipped", changed(33, 6, [{1: "TM 021", 3: False}]),
     BASIC[33] | {"labels": [{"catno": "TM 021"}]}),
    (33, "a medium with unknown keys only", changed(33, 9, [{3: -1}]), BASIC[33] | {"media": [{}]}),
    (33, "unknown keys in a track are skipped", changed(33, 9, [{2: [{0: "Sounding", 4: b""}]}]),
     BASIC[33] | {"media": [{"tracks": [{"title": "Sounding"}]}]}),
    (45, "an unknown key as deep as the profile allows", changed(45, 99, [[[[[[[]]]]]]]), BASIC[45]),
]

MISSING, RANGE, CONTROL, CBOR = "body.missing", "body.range", "body.control", "body.cbor"


# What breaks a field of each type: (name, value, code).

def bad_text(limit):
    yield "empty", "", RANGE
    yield "of white space", " \u00a0\u1680\u2003\u2028\u202f\u205f\u3000", RANGE
    yield f"of {limit + 1} bytes", "é" * (limit // 2) + "e" * (limit % 2 + 1), RANGE
    yield "with a line feed", "ebb\nflood", CONTROL
    yield "with U+007F", "ebb\x7f", CONTROL
    yield "with U+0085", "ebb\u0085flood", CONTROL
    yield "as bytes", b"ebb", RANGE


def bad_long(limit):
    yield "empty", "", RANGE
    yield "of line feeds", "\n \n", RANGE
    yield f"of {limit + 1} bytes", "e" * (limit + 1), RANGE
    yield "with a carriage return", "ebb\r\nflood", CONTROL
    yield "with a tab", "ebb\tflood", CONTROL
    yield "with NUL", "ebb\0", CONTROL
    yield "with U+009F", "ebb\u009f", CONTROL
    yield "as a number", 7, RANGE


def bad_texts(count, limit):
    yield "empty", [], RANGE
    yield f"of {count + 1} texts", ["x"] * (count + 1), RANGE
    yield "with an empty text", ["x", ""], RANGE
    yield f"with a text of {limit + 1} bytes", ["x" * (limit + 1)], RANGE
    yield "with a number", ["x", 1], RANGE
    yield "with a line feed", ["x\n"], CONTROL
    yield "as text", "x", RANGE


def bad_bytes(length):
    yield f"of {length - 1} bytes", bytes(length - 1), RANGE
    yield f"of {length + 1} bytes", bytes(length + 1), RANGE
    yield "as text", "0" * length, RANGE


def bad_subject():
    yield "that is empty", {}, MISSING
    yield "with an unknown key only", {3: bytes(32)}, MISSING
    yield "without kind of MBID", {0: bytes(16)}, MISSING
    yield "without MBID", {1: 0}, MISSING
    yield "with MBID and entry", {0: bytes(16), 1: 0, 2: bytes(32)}, RANGE
    yield "with an MBID without kind, and entry", {0: bytes(16), 2: bytes(32)}, RANGE
    yield "with a kind of MBID and entry", {1: 0, 2: bytes(32)}, RANGE
    yield "of kind 6", {0: bytes(16), 1: 6}, RANGE
    yield "of kind -1", {0: bytes(16), 1: -1}, RANGE
    yield "whose kind is text", {0: bytes(16), 1: "release"}, RANGE
    yield "with an MBID of 15 bytes", {0: bytes(15), 1: 0}, RANGE
    yield "with the prefix of an id", {2: bytes(16)}, RANGE
    yield "with an id as text", {2: ONE}, RANGE
    yield "as bytes", bytes(32), RANGE
    yield "as an array", [bytes(16), 0], RANGE


def bad_flag():
    yield "as 1", 1, RANGE
    yield "as text", "yes", RANGE


def bad_year():
    yield "0", 0, RANGE
    yield "10000", 10_000, RANGE
    yield "-1", -1, RANGE
    yield "as text", "1994", RANGE


def bad_reason():
    yield "-1", -1, RANGE
    yield "as its word", "dead", RANGE
    yield "as true", True, RANGE


def bad_value():
    yield "2", 2, RANGE
    yield "-2", -2, RANGE
    yield "-2^64", -(2**64), RANGE
    yield "2^64 - 1", 2**64 - 1, RANGE
    yield "as true", True, RANGE
    yield "as text", "1", RANGE


def bad_tag():
    yield from bad_text(64)
    yield "with a capital", "field Recordings", RANGE
    yield "with a space before it", " ebb", RANGE
    yield "with a space after it", "ebb ", RANGE
    yield "with a wide space after it", "ebb\u3000", RANGE


def bad_date():
    for text in ["199", "19960", "1996-", "1996-2", "1996-00", "1996-13", "1996-02-00", "1996-02-32", "1996-02-1",
                 "1996-02-01-", "96-02-01", "-996", "+996", "1996/02", "1996-02-01T00", " 1996", "1996 ",
                 "\u0661\u0669\u0669\u0666"]:
        yield repr(text), text, RANGE
    yield "as a number", 1996, RANGE


def bad_maps(count, one):
    yield "empty", [], RANGE
    yield f"of {count + 1}", [one] * (count + 1), RANGE
    yield "with a text in it", [one, "x"], RANGE
    yield "as a map", {0: one}, RANGE


def inner(field, wrap, one, key, bad):
    """What breaks a field of a map inside; `wrap` makes the field of the body of one such map."""
    for name, value, code in bad:
        yield f"{field.split('.')[-1]} {name}", wrap({**one, key: value}), code, field


def bad_artists():
    one, wrap = {0: "a"}, lambda artist: [artist]
    for name, value, code in bad_maps(64, one):
        yield name, value, code, "artists"
    yield "without name", [{1: bytes(16)}], MISSING, "artists.name"
    yield from inner("artists.name", wrap, one, 0, bad_text(1000))
    yield from inner("artists.mbid", wrap, one, 1, bad_bytes(16))
    yield from inner("artists.join", wrap, one, 2, [
        ("empty", "", RANGE), ("of 129 bytes", "+" * 129, RANGE), ("with a tab", "\t", CONTROL), ("as bytes", b" ", RANGE)])


def bad_labels():
    one, wrap = {0: "a"}, lambda label: [label]
    for name, value, code in bad_maps(8, one):
        yield name, value, code, "labels"
    yield "with an empty map", [one, {}], MISSING, "labels"
    yield "with unknown keys only", [{3: "later"}], MISSING, "labels"
    yield from inner("labels.name", wrap, one, 0, bad_text(128))
    yield from inner("labels.catno", wrap, one, 1, bad_text(128))
    yield from inner("labels.mbid", wrap, one, 2, bad_bytes(16))


def bad_media():
    one, wrap = {}, lambda medium: [medium]
    for name, value, code in bad_maps(100, one):
        yield name, value, code, "media"
    yield from inner("media.format", wrap, one, 0, bad_text(128))
    yield from inner("media.title", wrap, one, 1, bad_text(1000))
    yield from inner("media.tracks", wrap, one, 2, bad_maps(999, {0: "t"}))
    track, wrap = {0: "t"}, lambda track: [{2: [track]}]
    yield "with a track without title", [{2: [{1: 1}]}], MISSING, "media.tracks.title"
    yield from inner("media.tracks.title", wrap, track, 0, bad_text(1000))
    yield from inner("media.tracks.length_ms", wrap, track, 1, [
        ("2^32", 2**32, RANGE), ("-1", -1, RANGE), ("as text", "4:01", RANGE)])
    yield from inner("media.tracks.artist", wrap, track, 2, bad_text(1000))
    yield from inner("media.tracks.number", wrap, track, 3, bad_text(128))


def bad_amount(low):
    yield from [(f"{low - 1}", low - 1, RANGE), ("2^32", 2**32, RANGE), ("as text", str(low), RANGE), ("as true", True, RANGE)]


def bad_roster():
    one, two = bytes.fromhex(ONE), bytes.fromhex(TWO)
    yield "empty", [], RANGE
    yield "of 65 keys", [number.to_bytes(32, "big") for number in range(65)], RANGE
    yield "that descends", [two, one], RANGE
    yield "with a key twice", [one, one], RANGE
    yield "with a key of 31 bytes", [bytes(31)], RANGE
    yield "with a key as text", [ONE], RANGE
    yield "as bytes", one, RANGE


def bad_signatures():
    one, two = ([bytes.fromhex(key), bytes(64)] for key in (ONE, TWO))
    yield "empty", [], RANGE
    yield "of 65", [[number.to_bytes(32, "big"), bytes(64)] for number in range(65)], RANGE
    yield "that descend", [two, one], RANGE
    yield "with a key twice", [one, [one[0], b"\x01" * 64]], RANGE
    yield "with a key of 33 bytes", [[bytes(33), bytes(64)]], RANGE
    yield "with a signature of 63 bytes", [[bytes(32), bytes(63)]], RANGE
    yield "with a signature as text", [[bytes(32), "0" * 64]], RANGE
    yield "with a key alone", [[bytes(32)]], RANGE
    yield "with three parts", [[bytes(32), bytes(64), 0]], RANGE
    yield "with a map in it", [{0: bytes(32), 1: bytes(64)}], RANGE
    yield "not in pairs", [bytes(32), bytes(64)], RANGE
    yield "as a map", {0: bytes(64)}, RANGE


def bad_infohash():
    yield from [(f"of {length} bytes", bytes(length), RANGE) for length in (19, 21, 31, 33)]
    yield "as text", "0" * 40, RANGE


def bad_address(good, chars, ending):
    yield from bad_text(chars + len(ending))
    yield "too short", good[1:], RANGE
    yield "too long", "t" + good, RANGE
    yield "with a capital", good[0].upper() + good[1:], RANGE
    yield "with a digit that base32 does not have", "1" + good[1:], RANGE
    yield "with a hyphen", "-" + good[1:], RANGE
    yield "without its ending", good[:chars], RANGE
    yield "with a port", good[:-3] + ":80", RANGE
    yield "with another ending", "a" * (chars + len(ending) - 8) + ".example", RANGE
    yield "with a letter outside of ASCII", "é" + good[2:], RANGE


BAD = {
    0: {"prev": bad_bytes(32), "name": bad_text(64), "roster": bad_roster(), "budget": bad_amount(0),
        "quota_main": bad_amount(10_000), "quota_core": bad_amount(64), "text": bad_long(4000),
        "signatures": bad_signatures()},
    1: {"subject": [*bad_subject()], "author": [*bad_bytes(32), ("beside a subject", bytes(32), RANGE, "subject")],
        "infohash": [*bad_infohash(), ("beside a subject", bytes(20), RANGE, "subject")],
        "dimension": [("2", 2, RANGE), ("-1", -1, RANGE), ("as its word", "visibility", RANGE), ("author of an entry", 1, RANGE)],
        "verdict": [("2", 2, RANGE), ("-1", -1, RANGE), ("as true", True, RANGE)], "reason": bad_reason(),
        "note": bad_text(1000)},
    2: {"key": bad_bytes(32), "grant": bad_amount(1), "withdrawn": bad_flag(), "note": bad_text(1000)},
    3: {"name": bad_text(64), "onion": bad_address(ONION, 56, ".onion"),
        "i2p": bad_address(DESTINATION, 52, ".b32.i2p"), "tracker": bad_flag(), "text": bad_long(4000)},
    33: {"title": bad_text(1000), "artists": bad_artists(), "release_group": bad_bytes(16), "types": bad_texts(8, 128),
         "date": bad_date(), "country": bad_text(128), "labels": bad_labels(), "barcode": bad_text(128),
         "status": bad_text(128), "media": bad_media(), "urls": bad_texts(16, 256), "language": bad_text(35),
         "disambiguation": bad_text(300)},
    34: {"subject": bad_subject(), "text": bad_long(12_000), "language": bad_text(35), "replaces": bad_bytes(32)},
    35: {"subject": bad_subject(), "tag": bad_tag(), "withdrawn": bad_flag()},
    36: {"subject": bad_subject(), "value": bad_value(), "reason": bad_reason(), "note": bad_text(1000)},
    37: {"subject": bad_subject(), "reason": bad_reason(), "note": bad_long(4000), "other": bad_subject(),
         "withdrawn": bad_flag()},
    38: {"subject": bad_subject(), "text": bad_long(12_000), "reply_to": bad_bytes(32)},
    39: {"section": bad_text(64), "title": bad_text(300), "text": bad_long(12_000)},
    40: {"title": bad_text(300), "description": bad_long(12_000), "category": bad_text(64), "replaces": bad_bytes(32),
         "open": bad_flag()},
    41: {"collage": bad_bytes(32), "item": bad_subject(), "sort": bad_text(64), "note": bad_text(1000),
         "removed": bad_flag()},
    42: {"subject": [*bad_subject(), ("that is an entry", {2: bytes(32)}, RANGE)], "artist": bad_text(1000),
         "title": bad_text(1000), "year": bad_year(), "formats": bad_texts(16, 128), "encodings": bad_texts(16, 128),
         "media": bad_texts(16, 128), "note": bad_long(4000), "log": bad_flag(), "cue": bad_flag()},
    43: {"subject": bad_subject(), "withdrawn": bad_flag()},
    44: {"request": bad_bytes(32), "link": bad_bytes(32), "note": bad_text(1000)},
    45: {"name": bad_text(64), "text": bad_long(4000), "urls": bad_texts(8, 256)},
    46: {"entry": bad_bytes(32), "note": bad_text(1000)},
}


def void():
    """(kind, name, body, code, field)"""
    for kind, members in BAD.items():
        names = MEMBERS[kind].split()
        for name in BASIC[kind]:
            # A profile without its only field is an empty map, which is below.
            if kind != 45:
                yield kind, f"no {name}", changed(kind, names.index(name), None), MISSING, name
        for name, cases in members.items():
            for case, value, code, *field in cases:
                yield kind, f"{name} {case}", changed(kind, names.index(name), value), code, *(field or [name])
        good = body(kind, BASIC[kind])
        first = {33: "title", 45: "name"}.get(kind, next(iter(BASIC[kind])))
        yield kind, "an empty map", b"\xa0", MISSING, first
        yield kind, "unknown keys only", cbor2.dumps({77: "later"}), MISSING, first
        yield kind, "bytes after the map", good + b"\x00", CBOR, ""
        yield kind, "a map that ends too early", good[:-1], CBOR, ""
        yield kind, "a key twice", bytes([good[0] + 1]) + good[1:] + good[1:2] + b"\xf4", CBOR, ""
        yield kind, "null instead of an absent field", bytes([good[0] + 1]) + good[1:] + b"\x15\xf6", CBOR, ""
        yield kind, "nesting of nine", changed(kind, 99, [[[[[[[[]]]]]]]]), CBOR, ""


    for name, value in [("visibility of an author", {1: bytes(32), 3: 0, 4: 1}), ("author of a torrent", {2: bytes(20), 3: 1, 4: 1})]:
        yield 1, f"dimension {name}", cbor2.dumps(value), RANGE, "dimension"
    for value in [{1: bytes(32), 2: bytes(20), 3: 0, 4: 1}, {0: {2: bytes(32)}, 1: bytes(32), 2: bytes(20), 3: 0, 4: 1}]:
        yield 1, f"{len(value) - 2} subjects", cbor2.dumps(value), RANGE, "subject"


# JSON that is refused: (kind, name, JSON). What the JSON form adds to the rules of bodies.
REFUSED_JSON = [
    *((kind, "an unknown member", value | {"colour": "blue"}) for kind, value in BASIC.items()),
    *((kind, "nothing", {}) for kind in BASIC),
    *((kind, "an array", [value]) for kind, value in BASIC.items()),
    *((kind, "no " + name, {key: part for key, part in value.items() if key != name})
      for kind, value in BASIC.items() for name in value),
    (0, "a roster that is a text", BASIC[0] | {"roster": ONE}),
    (0, "a key of 62 digits", BASIC[0] | {"roster": [ONE[2:]]}),
    (0, "a roster that descends", BASIC[0] | {"roster": [TWO, ONE]}),
    (0, "a signature of 126 digits", BASIC[0] | {"signatures": [{"key": ONE, "signature": "0" * 126}]}),
    (0, "an unknown member of a signature", BASIC[0] | {"signatures": [SIGNED[0] | {"by": "me"}]}),
    (0, "a budget of 2^32", BASIC[0] | {"budget": 2**32}),
    (0, "a negative budget", BASIC[0] | {"budget": -1}),
    (1, "a subject and an author", BASIC[1] | {"author": ONE}),
    (1, "an infohash of 41 digits", {"infohash": "0" * 41, "dimension": "visibility", "verdict": "falls"}),
    (1, "an infohash in base32", {"infohash": "LJNVYXK6L5QGCYTDMRSWMZ3INFVGW3DN", "dimension": "visibility", "verdict": "falls"}),
    (1, "another dimension", BASIC[1] | {"dimension": "author"}),
    (1, "an unknown verdict", BASIC[1] | {"verdict": "hidden"}),
    (1, "a verdict as number", BASIC[1] | {"verdict": 1}),
    (2, "grant 0", BASIC[2] | {"grant": 0}),
    (2, "a key of 63 digits", BASIC[2] | {"key": ONE[1:]}),
    (3, "a peer's address", {"name": "tideline", "onion": "onion:" + ONION}),
    (3, "a clearnet address", {"name": "tideline", "onion": "tideline.example"}),
    (36, "a name beside a decimal key", {"subject": ENTRY_SUBJECT, "1": 1}),
    (36, "a subject of both sorts", {"subject": GROUP_SUBJECT | ENTRY_SUBJECT, "value": 1}),
    (36, "a subject without kind", {"subject": {"mbid": GROUP}, "value": 1}),
    (36, "a subject without MBID", {"subject": {"mbid_kind": "release"}, "value": 1}),
    (36, "a subject that is a text", {"subject": GROUP, "value": 1}),
    (36, "an empty subject", {"subject": {}, "value": 1}),
    (36, "an unknown member of a subject", {"subject": ENTRY_SUBJECT | {"kind": "link"}, "value": 1}),
    (36, "an unknown kind of MBID", {"subject": {"mbid": GROUP, "mbid_kind": "series"}, "value": 1}),
    (36, "a kind of MBID as number", {"subject": {"mbid": GROUP, "mbid_kind": 0}, "value": 1}),
    (36, "an id of 63 digits", {"subject": {"entry": ONE[1:]}, "value": 1}),
    (36, "an id that is no hexadecimal", {"subject": {"entry": "x" + ONE[1:]}, "value": 1}),
    (36, "value 2", BASIC[36] | {"value": 2}),
    (36, "value 256", BASIC[36] | {"value": 256}),
    (36, "value as text", BASIC[36] | {"value": "1"}),
    (36, "value as true", BASIC[36] | {"value": True}),
    (36, "an unknown reason", BASIC[36] | {"reason": "boring"}),
    (36, "a reason with capitals", BASIC[36] | {"reason": "Dead"}),
    (36, "a negative reason", BASIC[36] | {"reason": -1}),
    (35, "a tag with capitals", BASIC[35] | {"tag": "Ambient"}),
    (35, "withdrawn as text", BASIC[35] | {"withdrawn": "true"}),
    (33, "an artist as text", BASIC[33] | {"artists": ["The Salt Cartographers"]}),
    (33, "no artists in the list", BASIC[33] | {"artists": []}),
    (33, "an unknown member of an artist", BASIC[33] | {"artists": [{"name": "a", "sort": "a"}]}),
    (33, "an empty label", BASIC[33] | {"labels": [{}]}),
    (33, "an unknown member of a track", BASIC[33] | {"media": [{"tracks": [{"title": "t", "isrc": "x"}]}]}),
    (33, "a date of two digits", BASIC[33] | {"date": "96"}),
    (33, "an MBID that is none", BASIC[33] | {"release_group": "8d1f2e3c"}),
    (42, "a request for an entry", BASIC[42] | {"subject": ENTRY_SUBJECT}),
    (42, "formats as text", BASIC[42] | {"formats": "FLAC"}),
    (42, "year 0", BASIC[42] | {"year": 0}),
    (45, "an empty name", {"name": ""}),
    (45, "a body of more than 16,384 bytes", {"name": "n", "urls": ["u" * 17_000]}),
    (33, "a body that is too long although no field is",
     BASIC[33] | {"media": [{"tracks": [{"title": "t" * 1000}] * 17}]}),
]
