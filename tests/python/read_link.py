"""Reads the body of a link by `doc/ENTRY-FORMAT.md` section 6.

Not here: CBOR. `verify_entries.py` hands over the decoded map.
"""

SPACES = set("\u0020\u00a0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}


def text(limit):
    def check(value):
        return type(value) is str and len(value.encode()) <= limit and bool(set(value) - SPACES) and not any(
            ord(c) < 32 or 127 <= ord(c) < 160 for c in value)
    return check


def number(low, high):
    return lambda value: type(value) is int and low <= value <= high


def binary(length):
    return lambda value: type(value) is bytes and len(value) == length


def texts(count, limit):
    return lambda value: type(value) is list and 1 <= len(value) <= count and all(map(text(limit), value))


def files(value):
    return type(value) is list and len(value) > 0 and len(value) % 2 == 0 and all(
        map(text(1000), value[::2])) and all(map(number(0, 2**63 - 1), value[1::2]))


def boolean(value):
    return type(value) is bool


EDITION = {0: ("title", text(128)), 1: ("year", number(1, 9999)), 2: ("label", text(128)), 3: ("catno", text(128)),
           4: ("country", text(128)), 5: ("barcode", text(128))}


def known(table, value):
    """The fields of `value` that `table` has, None if one of them breaks its limit."""
    found = {key: item for key, item in value.items() if key in table}
    good = all(table[key][1](item) for key, item in found.items())
    return {table[key][0]: item for key, item in found.items()} if good else None


LINK = {
    0: ("infohash_v1", binary(20)), 1: ("infohash_v2", binary(32)), 2: ("mbid", binary(16)),
    3: ("mbid_kind", number(0, 2)), 4: ("release_group", binary(16)), 5: ("artist", text(1000)),
    6: ("title", text(1000)), 7: ("year", number(1, 9999)), 8: ("types", texts(8, 128)), 9: ("media", text(128)),
    10: ("format", text(128)), 11: ("encoding", text(128)), 12: ("size_bytes", number(0, 2**63 - 1)),
    13: ("file_count", number(0, 2**63 - 1)), 14: ("log", boolean), 15: ("log_score", number(0, 100)),
    16: ("cue", boolean), 17: ("edition", lambda value: type(value) is dict and known(EDITION, value) is not None),
    18: ("trackers", texts(8, 256)), 19: ("name", text(1000)), 20: ("files", files),
}


def read_link(value):
    """The JSON form of a link whose body decodes to `value`, None if it is void."""
    link = known(LINK, value) if type(value) is dict else None
    if link is None or not {"mbid", "mbid_kind", "artist", "title"} <= set(link) or not {
            "infohash_v1", "infohash_v2"} & set(link):
        return None
    uuid = lambda value: "-".join(value.hex()[a:b] for a, b in [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)])
    as_json = {
        "infohash_v1": bytes.hex, "infohash_v2": bytes.hex, "mbid": uuid, "release_group": uuid,
        "mbid_kind": ["release-group", "release", "recording"].__getitem__,
        "edition": lambda value: known(EDITION, value),
        "files": lambda value: [{"path": p, "size_bytes": s} for p, s in zip(value[::2], value[1::2])],
    }
    link = {name: as_json.get(name, lambda value: value)(value) for name, value in link.items()}
    return {name: value for name, value in link.items() if value != {}}


def group(link):
    """Section 6.3: the MBID under which it is shown."""
    return link["release_group"] if "release_group" in link and link["mbid_kind"] != "release-group" else link["mbid"]
