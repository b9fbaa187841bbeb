"""Reads sketches by `doc/SYNC-PROTOCOL.md` section 7 alone, and finds what two sets do not share.

    read_sketch.py LEFT RIGHT [NETWORK]    one line of JSON about two sketches, or beginnings of sketches

Needs blake3 from PyPI and shares no code with Deadwax, nor with what makes the vectors.
"""

import collections
import hashlib
import json
import math
import pathlib
import sys

import blake3

SYMBOLS = 16_384
SYMBOL_BYTES = 24


class Network:
    """What the items of one network's sketches are drawn with."""

    def __init__(self, network_id):
        self.key = hashlib.sha256(b"deadwax/sketch/1" + network_id).digest()
        self.known = {}

    def draw(self, item):
        """The check of an item, and the symbols of a whole sketch that it is part of."""
        if item not in self.known:
            # Longer than any item needs, but for one in more than a million.
            stream = blake3.blake3(item, key=self.key).digest(length=8 * 300)
            numbers = [int.from_bytes(stream[at:at + 8], "little") for at in range(0, len(stream), 8)]
            parts, index = [], 0
            for number in numbers[1:]:
                if index >= SYMBOLS:
                    break
                parts.append(index)
                index += max(1, math.ceil((index + 1.5) * (2.0**32 / math.sqrt(float(number) + 1.0) - 1.0)))
            else:
                raise ValueError("an item is part of too many symbols")
            self.known[item] = stream[:8], parts
        return self.known[item]


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def build(network, items):
    """The whole sketch of a set."""
    symbols = [bytes(SYMBOL_BYTES)] * SYMBOLS
    for item in items:
        check, parts = network.draw(item)
        for part in parts:
            symbols[part] = xor(symbols[part], item + check)
    return b"".join(symbols)


def decode(network, left, right):
    """(the items that one set has and the other has not, whether these are all)"""
    count = min(len(left), len(right)) // SYMBOL_BYTES
    symbol = lambda sketch, n: sketch[n * SYMBOL_BYTES:][:SYMBOL_BYTES]
    rest = [xor(symbol(left, n), symbol(right, n)) for n in range(count)]
    found, queue = set(), collections.deque(range(count))
    while queue and len(found) <= count:
        at = queue.popleft()
        item, check = rest[at][:16], rest[at][16:]
        if not any(rest[at]) or item in found or network.draw(item)[0] != check or at not in network.draw(item)[1]:
            continue
        found.add(item)
        for part in network.draw(item)[1]:
            if part < count:
                rest[part] = xor(rest[part], item + check)
                queue.append(part)
    return found, not any(map(any, rest))


def check_set(vector):
    """What differs from the vector: a list that is empty if all is well."""
    sketch = build(Network(bytes.fromhex(vector["network"])), [bytes.fromhex(text)[:16] for text in vector["ids"]])
    good = sketch.hex().startswith(vector["prefix"]) and hashlib.sha256(sketch).hexdigest() == vector["sha256"]
    return [] if good else [f"is {hashlib.sha256(sketch).hexdigest()}"]


def check_difference(vector):
    network = Network(bytes.fromhex(vector["network"]))
    numbered = lambda first, last: [hashlib.sha256(n.to_bytes(4, "big")).digest()[:16] for n in range(first, last)]
    sketches = [build(network, numbered(*vector[side]))[:vector["symbols"] * SYMBOL_BYTES] for side in ("left", "right")]
    found, complete = decode(network, *sketches)
    expected = {bytes.fromhex(text) for text in vector["different"]}
    good = complete == vector["complete"] and (found == expected if complete else found <= expected)
    return [] if good else [f"complete: {complete}, {len(found)} of {len(expected)}"]


def main(left, right, network="00" * 32):
    read = lambda path: pathlib.Path(path).read_bytes()
    found, complete = decode(Network(bytes.fromhex(network)), read(left), read(right))
    print(json.dumps({"complete": complete, "different": sorted(item.hex() for item in found)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
