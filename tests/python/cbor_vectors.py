"""Items for the test vectors of the CBOR profile; the bytes are written by hand, not by an encoder."""

DEEP = 8

# bytes in hex: what they say, in the notation of `cbor.json`
VALID = {
    # RFC 8949 appendix A, as far as the profile goes
    "00": {"uint": "0"},
    "01": {"uint": "1"},
    "0a": {"uint": "10"},
    "17": {"uint": "23"},
    "1818": {"uint": "24"},
    "1819": {"uint": "25"},
    "1864": {"uint": "100"},
    "1903e8": {"uint": "1000"},
    "1a000f4240": {"uint": "1000000"},
    "1b000000e8d4a51000": {"uint": "1000000000000"},
    "1bffffffffffffffff": {"uint": "18446744073709551615"},
    "3bffffffffffffffff": {"nint": "-18446744073709551616"},
    "20": {"nint": "-1"},
    "29": {"nint": "-10"},
    "3863": {"nint": "-100"},
    "3903e7": {"nint": "-1000"},
    "f4": {"bool": False},
    "f5": {"bool": True},
    "40": {"bytes": ""},
    "4401020304": {"bytes": "01020304"},
    "60": {"text": ""},
    "6161": {"text": "a"},
    "6449455446": {"text": "IETF"},
    "62225c": {"text": "\"\\"},
    "62c3bc": {"text": "\u00fc"},
    "63e6b0b4": {"text": "\u6c34"},
    "64f0908591": {"text": "\U00010151"},
    "80": {"array": []},
    "83010203": {"array": [{"uint": "1"}, {"uint": "2"}, {"uint": "3"}]},
    "a0": {"map": []},
    "a201020304": {"map": [["1", {"uint": "2"}], ["3", {"uint": "4"}]]},
    # the steps between lengths
    "18ff": {"uint": "255"},
    "190100": {"uint": "256"},
    "19ffff": {"uint": "65535"},
    "1a00010000": {"uint": "65536"},
    "1affffffff": {"uint": "4294967295"},
    "1b0000000100000000": {"uint": "4294967296"},
    "37": {"nint": "-24"},
    "3818": {"nint": "-25"},
    "5818" + "ab" * 24: {"bytes": "ab" * 24},
    "590100" + "cd" * 256: {"bytes": "cd" * 256},
    "7818" + "78" * 24: {"text": "x" * 24},
    "9818" + "f4" * 24: {"array": [{"bool": False}] * 24},
    # keys ascend as numbers
    "a3170018180019010000": {"map": [["23", {"uint": "0"}], ["24", {"uint": "0"}], ["256", {"uint": "0"}]]},
    "a11bffffffffffffffff80": {"map": [["18446744073709551615", {"array": []}]]},
    # text is kept as it is: NUL, NFC and NFD, the last code point, a byte order mark
    "6100": {"text": "\0"},
    "62c3a9": {"text": "\u00e9"},
    "6365cc81": {"text": "e\u0301"},
    "64f48fbfbf": {"text": "\U0010ffff"},
    "63efbbbf": {"text": "\ufeff"},
    # eight levels
    "81" * (DEEP - 1) + "80": None,
    "a100" * (DEEP - 1) + "a0": None,
    "81" * DEEP + "05": None,
}


def nested(text):
    """The value of the deep items above."""
    if text in ("80", "a0"):
        return {"array" if text == "80" else "map": []}
    if text == "05":
        return {"uint": "5"}
    if text.startswith("81"):
        return {"array": [nested(text[2:])]}
    return {"map": [["0", nested(text[4:])]]}


VALID = {text: nested(text) if value is None else value for text, value in VALID.items()}

# bytes in hex: the rule that they break
INVALID = {
    "": "truncated",
    "18": "truncated",
    "1900": "truncated",
    "1b00000001000000": "truncated",
    "41": "truncated",
    "4401": "truncated",
    "61": "truncated",
    "81": "truncated",
    "a1": "truncated",
    "a100": "truncated",
    "9bffffffffffffffff": "truncated",
    "bbffffffffffffffff": "truncated",
    "5bffffffffffffffff00": "truncated",
    "7bffffffffffffffff00": "truncated",
    "0000": "trailing",
    "a000": "trailing",
    "80ff": "trailing",
    "1800": "not-shortest",
    "1817": "not-shortest",
    "190001": "not-shortest",
    "1900ff": "not-shortest",
    "1a0000ffff": "not-shortest",
    "1b00000000ffffffff": "not-shortest",
    "3817": "not-shortest",
    "580100": "not-shortest",
    "780161": "not-shortest",
    "980100": "not-shortest",
    "b8010000": "not-shortest",
    "a1180500": "not-shortest",
    "9fff": "indefinite",
    "bfff": "indefinite",
    "5f4100ff": "indefinite",
    "7f6161ff": "indefinite",
    "1f": "indefinite",
    "819fff": "indefinite",
    "c000": "forbidden",
    "c249010000000000000000": "forbidden",
    "d9d9f700": "forbidden",
    "e0": "forbidden",
    "f0": "forbidden",
    "f6": "forbidden",
    "f7": "forbidden",
    "f8ff": "forbidden",
    "f814": "forbidden",
    "f97e00": "forbidden",
    "f93c00": "forbidden",
    "fa47c35000": "forbidden",
    "fb3ff199999999999a": "forbidden",
    "ff": "forbidden",
    "1c": "forbidden",
    "5d": "forbidden",
    "fe": "forbidden",
    "81f6": "forbidden",
    "a100f6": "forbidden",
    "a1613100": "key",
    "a12000": "key",
    "a1410000": "key",
    "a1f400": "key",
    "a18000": "key",
    "a201000100": "order",
    "a202000100": "order",
    "a21818001700": "order",
    "a101a201000100": "order",
    "61ff": "utf8",
    "62c328": "utf8",
    "62c080": "utf8",
    "63eda080": "utf8",
    "64f4908080": "utf8",
    "61c3": "utf8",
    "81" * 8 + "80": "depth",
    "a100" * 8 + "a0": "depth",
}
