"""Bodies of links for the test vectors: what may be in one, and each rule broken once.

Written from `doc/ENTRY-FORMAT.md` section 6. The record and its people are invented.
"""

import cbor2

import heads

KEYS = {
    name: key
    for key, name in enumerate(
        "infohash_v1 infohash_v2 mbid mbid_kind release_group artist title year types media format "
        "encoding size_bytes file_count log log_score cue edition trackers name files".split()
    )
}
EDITION_KEYS = {"title": 0, "year": 1, "label": 2, "catno": 3, "country": 4, "barcode": 5}
MBID_KINDS = ["release-group", "release", "recording"]
V1 = "5a5b5c5d5e5f606162636465666768696a6b6c6d"
V2 = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
GROUP = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0"
RELEASE = "1b7e6d5c-0a9f-4e8d-9c7b-6a5948372615"
TRACKER = "http://" + "deadwaxy" * 6 + "abcd.b32.i2p/announce"
BASIC = {
    "infohash_v1": V1,
    "mbid": GROUP,
    "mbid_kind": "release-group",
    "artist": "The Salt Cartographers",
    "title": "Maps of Low Water",
}
# The worked example of `doc/ENTRY-FORMAT.md` section 7.
EXAMPLE = BASIC | {"year": 1994, "types": ["Album"], "media": "CD", "format": "FLAC", "encoding": "Lossless"}
FULL = BASIC | {
    "infohash_v2": V2,
    "mbid": RELEASE,
    "mbid_kind": "release",
    "release_group": GROUP,
    "year": 1994,
    "types": ["Album", "Live"],
    "media": "CD",
    "format": "FLAC",
    "encoding": "Lossless",
    "size_bytes": 301_442_871,
    "file_count": 3,
    "log": True,
    "log_score": 100,
    "cue": False,
    "edition": {
        "title": "Remastered", "year": 2004, "label": "Tidemark", "catno": "TM 017",
        "country": "XE", "barcode": "0700000000017",
    },
    "trackers": [TRACKER],
    "name": "The Salt Cartographers - Maps of Low Water (2004) [FLAC]",
    "files": [
        {"path": "01 Ebb.flac", "size_bytes": 150_000_000},
        {"path": "02 Flood.flac", "size_bytes": 151_440_000},
        {"path": "rip.log", "size_bytes": 2871},
    ],
}


def group(link):
    """The MBID under which a link is shown."""
    return link["mbid"] if link["mbid_kind"] == "release-group" else link.get("release_group", link["mbid"])


def without(link, *names):
    return {name: value for name, value in link.items() if name not in names}


def fields(link):
    """The body's map of a link in its JSON form."""
    pairs = {}
    for name, value in link.items():
        if name.startswith("infohash"):
            value = bytes.fromhex(value)
        elif name in ("mbid", "release_group"):
            value = bytes.fromhex(value.replace("-", ""))
        elif name == "mbid_kind":
            value = MBID_KINDS.index(value)
        elif name == "edition":
            value = {EDITION_KEYS[key]: item for key, item in value.items()}
        elif name == "files":
            value = [item for file in value for item in (file["path"], file["size_bytes"])]
        pairs[KEYS[name]] = value
    return dict(sorted(pairs.items()))


def body(link):
    return cbor2.dumps(fields(link))


def longest():
    """A link whose body has exactly 16,384 bytes."""
    link = FULL | {"files": [], "file_count": 900}
    while len(body(link)) < 16_300:
        path = f"{len(link['files']) + 1:03} A Track with a Name.flac"
        link["files"].append({"path": path, "size_bytes": 4_000_000_000})
    link["files"][-1]["path"] += "x" * (16_384 - len(body(link)))
    assert len(body(link)) == 16_384
    return link


VALID = {
    "link: required fields only": BASIC,
    "link: v2 only": without(BASIC, "infohash_v1") | {"infohash_v2": V2},
    "link: hybrid, every field": FULL,
    "link: body of 16,384 bytes": longest(),
    "link: recording, nil MBID": BASIC | {"mbid": "00000000-0000-0000-0000-000000000000", "mbid_kind": "recording"},
    "link: several scripts, emoji, right to left": BASIC | {"artist": "Ørnulf & Мария と 海図", "title": "خرائط 🌊 “ebb”"},
    "link: composed letters stay composed": BASIC | {"artist": "Caf\u00e9 Mar\u00e9e"},
    "link: decomposed letters stay decomposed": BASIC | {"artist": "Cafe\u0301 Mare\u0301e"},
    "link: spaces at the ends stay": BASIC | {"title": " Low  Water "},
    "link: format characters and line separators are not control characters": BASIC
    | {"title": "a\u200bb\u202ec\u2028d\u2029e\ufefff\u00ad"},
    "link: every limit reached": FULL | {
        "artist": "é" * 500, "title": "t" * 1000, "year": 9999, "types": ["T" * 128] * 8, "media": "m" * 128,
        "format": "f" * 128, "encoding": "e" * 128, "size_bytes": 2**63 - 1, "file_count": 2**63 - 1,
        "trackers": ["http://" + "t" * 249] * 8, "name": "n" * 1000,
        "edition": {"title": "e" * 128, "year": 9999, "label": "l" * 128, "catno": "c" * 128, "country": "c" * 128,
                    "barcode": "b" * 128},
        "files": [{"path": "p" * 1000, "size_bytes": 2**63 - 1}],
    },
    "link: every lower limit": BASIC | {
        "artist": "a", "title": "t", "year": 1, "types": ["S"], "size_bytes": 0, "file_count": 0, "log": False,
        "log_score": 0, "trackers": ["x"], "files": [{"path": "p", "size_bytes": 0}],
    },
    "link: a clearnet tracker is skipped by readers, not void": BASIC
    | {"trackers": ["http://tracker.example.org/announce", TRACKER]},
    "link: words outside the recommended ones": BASIC
    | {"media": "Wire Recording", "format": "ATRAC3plus", "encoding": "352 kbit/s", "types": ["Field Recording"]},
}


def with_pairs(**pairs):
    """The basic link's body with raw values, key 7 written as `k7=...`; None leaves the key out."""
    changed = fields(BASIC) | {int(name[1:]): value for name, value in pairs.items()}
    return cbor2.dumps({key: value for key, value in sorted(changed.items()) if value is not None})


# Not void, but not what a writer would write: read as the given link.
TOLERATED = {
    "link: unknown keys are skipped": (with_pairs(k21="later", k1000=[{0: True}, -1], k18446744073709551615=b""), BASIC),
    "link: an unknown key as deep as the profile allows": (with_pairs(k99=[[[[[[[]]]]]]]), BASIC),
    "link: an empty edition": (with_pairs(k17={}), BASIC),
    "link: an edition with unknown keys only": (with_pairs(k17={6: "later"}), BASIC),
    "link: a release group beside one": (
        with_pairs(k4=bytes.fromhex(RELEASE.replace("-", ""))), BASIC | {"release_group": RELEASE}),
}


def raw(*pairs):
    """A map of pairs of already encoded items, in the order given."""
    return heads.header(5, len(pairs)) + b"".join(key + value for key, value in pairs)


ENCODED = [(cbor2.dumps(key), cbor2.dumps(value)) for key, value in fields(BASIC).items()]

# name: (body, code, field)
VOID = {
    "no infohash": (with_pairs(k0=None), "link.missing", "infohash"),
    "no MBID": (with_pairs(k2=None), "link.missing", "mbid"),
    "no kind of MBID": (with_pairs(k3=None), "link.missing", "mbid_kind"),
    "no artist": (with_pairs(k5=None), "link.missing", "artist"),
    "no title": (with_pairs(k6=None), "link.missing", "title"),
    "v1 infohash of 19 bytes": (with_pairs(k0=bytes(19)), "link.range", "infohash_v1"),
    "v1 infohash of 32 bytes": (with_pairs(k0=bytes(32)), "link.range", "infohash_v1"),
    "v1 infohash as text": (with_pairs(k0=V1), "link.range", "infohash_v1"),
    "v2 infohash of 20 bytes": (with_pairs(k1=bytes(20)), "link.range", "infohash_v2"),
    "MBID of 15 bytes": (with_pairs(k2=bytes(15)), "link.range", "mbid"),
    "MBID as text": (with_pairs(k2=GROUP), "link.range", "mbid"),
    "kind of MBID out of range": (with_pairs(k3=3), "link.range", "mbid_kind"),
    "release group of 17 bytes": (with_pairs(k4=bytes(17)), "link.range", "release_group"),
    "empty artist": (with_pairs(k5=""), "link.range", "artist"),
    "artist of spaces": (with_pairs(k5=" \u00a0\u1680\u2003\u2028\u202f\u205f\u3000"), "link.range", "artist"),
    "artist of 1,001 bytes in 501 characters": (with_pairs(k5="é" * 500 + "e"), "link.range", "artist"),
    "artist as bytes": (with_pairs(k5=b"The Salt Cartographers"), "link.range", "artist"),
    "line feed in the title": (with_pairs(k6="Maps\nof Low Water"), "link.control", "title"),
    "NUL in the title": (with_pairs(k6="Maps\0"), "link.control", "title"),
    "DEL in the title": (with_pairs(k6="Maps\x7f"), "link.control", "title"),
    "NEL in the title": (with_pairs(k6="Maps\u0085of"), "link.control", "title"),
    "U+009F in the title": (with_pairs(k6="Maps\u009f"), "link.control", "title"),
    "year 0": (with_pairs(k7=0), "link.range", "year"),
    "year 10000": (with_pairs(k7=10000), "link.range", "year"),
    "year -1": (with_pairs(k7=-1), "link.range", "year"),
    "year as text": (with_pairs(k7="1994"), "link.range", "year"),
    "types empty": (with_pairs(k8=[]), "link.range", "types"),
    "nine types": (with_pairs(k8=["Album"] * 9), "link.range", "types"),
    "a type that is a number": (with_pairs(k8=["Album", 1]), "link.range", "types"),
    "an empty type": (with_pairs(k8=["Album", ""]), "link.range", "types"),
    "types as text": (with_pairs(k8="Album"), "link.range", "types"),
    "media of 129 bytes": (with_pairs(k9="m" * 129), "link.range", "media"),
    "format empty": (with_pairs(k10=""), "link.range", "format"),
    "encoding as a number": (with_pairs(k11=320), "link.range", "encoding"),
    "size of 2^63": (with_pairs(k12=2**63), "link.range", "size_bytes"),
    "negative size": (with_pairs(k12=-1), "link.range", "size_bytes"),
    "file count of 2^63": (with_pairs(k13=2**63), "link.range", "file_count"),
    "log as 1": (with_pairs(k14=1), "link.range", "log"),
    "log score 101": (with_pairs(k15=101), "link.range", "log_score"),
    "cue as text": (with_pairs(k16="yes"), "link.range", "cue"),
    "edition as an array": (with_pairs(k17=["Remastered"]), "link.range", "edition"),
    "edition with year 0": (with_pairs(k17={1: 0}), "link.range", "edition.year"),
    "edition with an empty title": (with_pairs(k17={0: ""}), "link.range", "edition.title"),
    "label of 129 bytes": (with_pairs(k17={2: "l" * 129}), "link.range", "edition.label"),
    "trackers empty": (with_pairs(k18=[]), "link.range", "trackers"),
    "nine trackers": (with_pairs(k18=[TRACKER] * 9), "link.range", "trackers"),
    "tracker of 257 bytes": (with_pairs(k18=["http://" + "t" * 250]), "link.range", "trackers"),
    "control character in a tracker": (with_pairs(k18=[TRACKER + "\r\n"]), "link.control", "trackers"),
    "name of 1,001 bytes": (with_pairs(k19="n" * 1001), "link.range", "name"),
    "files empty": (with_pairs(k20=[]), "link.range", "files"),
    "files of odd length": (with_pairs(k20=["a.flac", 1, "b.flac"]), "link.range", "files"),
    "files as pairs": (with_pairs(k20=[["a.flac", 1], ["b.flac", 2]]), "link.range", "files"),
    "size before path": (with_pairs(k20=[1, "a.flac"]), "link.range", "files"),
    "empty path": (with_pairs(k20=["", 1]), "link.range", "files"),
    "tab in a path": (with_pairs(k20=["a\tb.flac", 1]), "link.control", "files"),
    "file of 2^63 bytes": (with_pairs(k20=["a.flac", 2**63]), "link.range", "files"),
    "an empty map": (b"\xa0", "link.missing", None),
    "bytes after the map": (body(BASIC) + b"\x00", "link.cbor", ""),
    "map that ends too early": (body(BASIC)[:-1], "link.cbor", ""),
    "keys descend": (raw(*ENCODED[::-1]), "link.cbor", ""),
    "a key twice": (raw(*ENCODED, ENCODED[-1]), "link.cbor", ""),
    "a text key": (raw(*ENCODED, (b"\x61x", b"\x00")), "link.cbor", ""),
    "an integer that could be shorter": (raw(*ENCODED, (b"\x07", b"\x1a\x00\x00\x07\xca")), "link.cbor", ""),
    "null instead of an absent field": (raw(*ENCODED, (b"\x09", b"\xf6")), "link.cbor", ""),
    "a float": (raw(*ENCODED, (b"\x07", b"\xf9\x63\xca")), "link.cbor", ""),
    "a tag": (raw(*ENCODED, (b"\x07", b"\xc1\x19\x07\xca")), "link.cbor", ""),
    "an indefinite array": (raw(*ENCODED, (b"\x08", b"\x9f\x65Album\xff")), "link.cbor", ""),
    "text that is not UTF-8": (raw(*ENCODED, (b"\x09", b"\x62\xc3\x28")), "link.cbor", ""),
    "nesting of nine": (with_pairs(k99=[[[[[[[[]]]]]]]]), "link.cbor", ""),
}
