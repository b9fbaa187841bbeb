"""Networks for the test vectors of `doc/MEMBERSHIP.md`: entries, and who is a member because of them.

What must come out is written down here by hand, case by case, and is not computed by a fold; only hashes
are. `fold_members.py` has the fold that checks it.
"""

import hashlib

import cbor2

from heads import Author

NAMES = ["ada", "ben", "cleo", "dan", "eve", "finn", "gus", "hal"]
PEOPLE = {name: Author(bytes([number]) * 32) for number, name in enumerate(NAMES, 101)}
KEYS = {name: author.key for name, author in PEOPLE.items()}
FOUNDERS = ["ada", "ben", "cleo"]
STANDS, FALLS = 0, 1


def signed_part(body):
    return b"deadwax/charter/1" + cbor2.dumps({key: value for key, value in sorted(body.items()) if key != 7})


def charter_id(body):
    return hashlib.sha256(signed_part(body)).digest()


def charter(roster, signers, prev=None, forged=(), **more):
    """A charter as a map; `forged` are operators whose signatures do not hold."""
    names = {"budget": 3, "quota_main": 4, "quota_core": 5, "text": 6, "later": 9}
    body = {} if prev is None else {0: charter_id(prev)}
    body |= {1: "Tidewater", 2: sorted(KEYS[name] for name in roster)} | {names[name]: value for name, value in more.items()}
    message = signed_part(body)
    sign = lambda name: PEOPLE[name].sign(message if name not in forged else message + b"\0")
    signatures = sorted([KEYS[name], sign(name)] for name in signers)
    return dict(sorted((body | {7: signatures}).items()))


def entry(name, n, kind, body, is_here=True, created=494000):
    body = body if type(body) is bytes else cbor2.dumps(body)
    return PEOPLE[name].head(body, kind=kind, n=n, created=created) + (body if is_here else b"")


def vouch(name, n, subject, grant, **options):
    return entry(name, n, 2, {0: KEYS[subject], 1: grant}, **options)


def withdrawal(name, n, subject):
    return entry(name, n, 2, {0: KEYS[subject], 1: 1, 2: True})


def ballot(name, n, verdict, about):
    return entry(name, n, 1, dict(sorted((about | {3: 1 if 1 in about else 0, 4: verdict}).items())))


def lowest_first(*entries):
    return sorted(entries, key=lambda data: hashlib.sha256(data[:45 + data[44] + 66]).digest())


FIRST = charter(FOUNDERS, FOUNDERS, budget=9)
FOUNDED = entry("ada", 0, 0, FIRST)
SECOND = charter(["ada", "ben", "dan"], ["ada", "cleo"], prev=FIRST, budget=12, quota_main=20_000, quota_core=65)
OTHER = charter(["ada", "ben", "eve"], ["ada", "ben", "cleo"], prev=FIRST, budget=9)
AUTHOR_EVE, ID, MBID = {1: KEYS["eve"]}, {0: {2: b"\x0e" * 32}}, bytes(range(16))
QUOTAS = {"main": 10_000, "core": 64, "core_of_operators": 10_000}


def case(name, entries, members, charters=(FIRST,), pinned=FIRST, before=(), weightless=(), rulings=(), forks=(), quotas=QUOTAS):
    keys = sorted(KEYS[member] for member in members)
    root = None
    if charters:
        first = charter_id(charters[0])
        root = hashlib.sha256(b"deadwax/members/1" + first + len(keys).to_bytes(8, "little") + b"".join(keys)).hexdigest()
    return {
        "name": name, "pinned": charter_id(pinned).hex(), "before": [data.hex() for data in before],
        "entries": [data.hex() for data in entries], "charters": [charter_id(body).hex() for body in charters],
        "members": [key.hex() for key in keys], "weightless": sorted(KEYS[member].hex() for member in weightless),
        "quotas": quotas, "rulings": list(rulings),
        "forks": [{"prev": charter_id(a).hex(), "adopted": charter_id(b).hex(), "other": charter_id(c).hex()} for a, b, c in forks],
        "members_root": root,
    }


def ruling(subject, verdict, votes, roster=3):
    dimension = "author" if "author" in subject else "visibility"
    return {"subject": subject, "dimension": dimension, "verdict": ["stands", "falls"][verdict], "votes": votes, "roster": roster}


def cases():
    yield case("the founders are members", [FOUNDED], FOUNDERS)
    yield case("the charter is not here", [vouch("ada", 0, "dan", 1)], [], charters=[])
    yield case("the charter of another network", [entry("ada", 0, 0, OTHER)], [], charters=[])
    yield case("whom members vouch for", [FOUNDED, vouch("ben", 0, "dan", 3), vouch("dan", 0, "eve", 2)], [*FOUNDERS, "dan", "eve"])
    yield case("behind a grant of 3 there are three", [
        FOUNDED, vouch("ben", 0, "dan", 3), vouch("dan", 0, "eve", 2), vouch("eve", 0, "finn", 1), vouch("finn", 0, "gus", 1),
    ], [*FOUNDERS, "dan", "eve", "finn"])
    yield case("all of the budget and no more", [FOUNDED, vouch("ben", 0, "dan", 9), vouch("ben", 1, "eve", 1)], [*FOUNDERS, "dan"])
    yield case("the first that does not fit ends the count", [
        FOUNDED, vouch("ben", 0, "dan", 5), vouch("ben", 1, "eve", 5), vouch("ben", 2, "finn", 1)], [*FOUNDERS, "dan"])
    yield case("a vouch for an operator gives it more to grant", [
        FOUNDED, vouch("ben", 0, "dan", 9), vouch("ben", 1, "eve", 2), vouch("cleo", 0, "ben", 3)], [*FOUNDERS, "dan", "eve"])
    yield case("an n that is missing ends the count", [FOUNDED, vouch("ben", 0, "dan", 1), vouch("ben", 2, "eve", 1)], [*FOUNDERS, "dan"])
    yield case("a vouch without its body ends the count", [
        FOUNDED, vouch("ben", 0, "dan", 1, is_here=False), vouch("ben", 1, "eve", 1)], FOUNDERS)
    yield case("other entries without their bodies do not", [
        FOUNDED, entry("ben", 0, 3, b"\xa0", is_here=False), entry("ben", 1, 1, b"\xa0", is_here=False), vouch("ben", 2, "eve", 1)],
        [*FOUNDERS, "eve"])
    yield case("void vouches and unknown kinds take nothing", [
        FOUNDED, entry("ben", 0, 2, {0: KEYS["dan"], 1: 0}), entry("ben", 1, 2, b"\xa0"), entry("ben", 2, 17, {0: 7}),
        vouch("ben", 3, "eve", 9)], [*FOUNDERS, "eve"])
    yield case("a vouch for oneself takes nothing", [FOUNDED, vouch("ben", 0, "ben", 9), vouch("ben", 1, "dan", 9)], [*FOUNDERS, "dan"])
    yield case("strangers vouch for nobody", [FOUNDED, vouch("dan", 0, "eve", 1), vouch("eve", 0, "dan", 1)], FOUNDERS)
    yield case("a circle that members lead to", [
        FOUNDED, vouch("ben", 0, "dan", 4), vouch("dan", 0, "eve", 3), vouch("eve", 0, "dan", 2), vouch("dan", 1, "finn", 1)],
        [*FOUNDERS, "dan", "eve", "finn"])
    low, high = lowest_first(vouch("ben", 0, "dan", 1), vouch("ben", 0, "eve", 1))
    which = "dan" if low == vouch("ben", 0, "dan", 1) else "eve"
    yield case("of two heads for one slot the lowest id", [FOUNDED, high, low], [*FOUNDERS, which])
    yield case("a head without its body keeps its slot", [FOUNDED, high, low[:45 + low[44] + 66]], FOUNDERS)
    yield case("n 64 is beyond the quota of a member", [
        FOUNDED, vouch("ben", 0, "dan", 9), *(entry("dan", n, 3, b"\xa0") for n in range(64)), vouch("dan", 64, "eve", 1)],
        [*FOUNDERS, "dan"])
    yield case("but not of an operator", [
        FOUNDED, *(entry("ben", n, 3, b"\xa0") for n in range(64)), vouch("ben", 64, "eve", 1)], [*FOUNDERS, "eve"])

    vouched = [FOUNDED, vouch("ben", 0, "eve", 3), vouch("eve", 0, "finn", 2)]
    members = [*FOUNDERS, "eve", "finn"]
    yield case("withdrawn", [*vouched, withdrawal("ben", 1, "eve")], members, weightless=["eve"])
    yield case("withdrawn, and another member answers", [*vouched, withdrawal("ben", 1, "eve"), vouch("cleo", 0, "eve", 1)], members)
    yield case("withdrawn by somebody else", [*vouched, withdrawal("cleo", 0, "eve")], members)
    yield case("withdrawn, and vouched for again", [*vouched, withdrawal("ben", 1, "eve"), vouch("ben", 2, "eve", 1)], members)
    yield case("withdrawn, and vouched for again with more than there is", [
        *vouched, withdrawal("ben", 1, "eve"), vouch("ben", 2, "eve", 7)], members, weightless=["eve"])
    yield case("withdrawn behind a missing n", [*vouched, withdrawal("ben", 9, "eve")], members, weightless=["eve"])
    yield case("withdrawn before it was given", [FOUNDED, withdrawal("ben", 0, "eve"), vouch("ben", 1, "eve", 1)], [*FOUNDERS, "eve"])
    yield case("a withdrawal takes nothing", [FOUNDED, withdrawal("ben", 0, "eve"), vouch("ben", 1, "dan", 9)], [*FOUNDERS, "dan"])
    yield case("a withdrawal for an operator changes nothing", [FOUNDED, withdrawal("ben", 0, "ada")], FOUNDERS)

    eve = {"author": KEYS["eve"].hex()}
    yield case("one of three is no ruling", [*vouched, ballot("ada", 1, FALLS, AUTHOR_EVE)], members)
    two = [ballot("ada", 1, FALLS, AUTHOR_EVE), ballot("cleo", 0, FALLS, AUTHOR_EVE)]
    yield case("two of three ban", [*vouched, *two], members, weightless=["eve"], rulings=[ruling(eve, FALLS, 2)])
    yield case("members who are no operators have no say", [
        *vouched, two[0], ballot("eve", 1, FALLS, AUTHOR_EVE), ballot("finn", 0, FALLS, AUTHOR_EVE)], members)
    yield case("the newest of an operator counts", [*vouched, *two, ballot("cleo", 1, STANDS, AUTHOR_EVE)], members)
    yield case("an operator can be banned too", [
        FOUNDED, ballot("ada", 1, FALLS, {1: KEYS["ben"]}), ballot("cleo", 0, FALLS, {1: KEYS["ben"]})], FOUNDERS,
        weightless=["ben"], rulings=[ruling({"author": KEYS["ben"].hex()}, FALLS, 2)])
    record = lambda kind: {0: {0: MBID, 1: kind}}
    yield case("one record, whatever kind the ballots say", [
        FOUNDED, ballot("ada", 1, FALLS, record(0)), ballot("ben", 0, FALLS, record(1)), ballot("cleo", 0, STANDS, record(0))],
        FOUNDERS, rulings=[ruling({"mbid": "00010203-0405-0607-0809-0a0b0c0d0e0f"}, FALLS, 2)])
    yield case("entries and torrents", [
        FOUNDED, *(ballot(name, 1 + number, verdict, about) for name in FOUNDERS for number, (verdict, about) in enumerate(
            [(FALLS, ID), (STANDS, {2: b"\x07" * 20}), (FALLS, {2: b"\x07" * 32})]))], FOUNDERS,
        rulings=[ruling({"entry": "0e" * 32}, FALLS, 3), ruling({"infohash": "07" * 20}, STANDS, 3),
                 ruling({"infohash": "07" * 32}, FALLS, 3)])

    raised = {"main": 20_000, "core": 65, "core_of_operators": 20_000}
    renewed = [FOUNDED, entry("cleo", 0, 0, SECOND)]
    everybody = [*FOUNDERS, "dan"]
    yield case("a second charter; who was an operator stays a member", renewed, everybody, [FIRST, SECOND], quotas=raised)
    yield case("what it raises: budget and quotas", [
        *renewed, vouch("ben", 0, "eve", 12), *(entry("eve", n, 3, b"\xa0") for n in range(64)), vouch("eve", 64, "finn", 1)],
        [*everybody, "eve", "finn"], [FIRST, SECOND], quotas=raised)
    lower = charter(FOUNDERS, ["ada", "ben"], prev=FIRST, budget=1)
    yield case("a lower budget says as much as none", [FOUNDED, entry("ben", 0, 0, lower), vouch("cleo", 0, "dan", 9)],
               [*FOUNDERS, "dan"], [FIRST, lower])
    yield case("rulings are those of the current roster", [
        *renewed, *two, ballot("ada", 2, FALLS, ID), ballot("dan", 0, FALLS, ID)], everybody, [FIRST, SECOND],
        rulings=[ruling({"entry": "0e" * 32}, FALLS, 2)], quotas=raised)
    for name, body in {
        "one signature of three": charter(["ada"], ["ada"], prev=FIRST),
        "two signatures, one of which does not hold": charter(["ada"], ["ada", "ben"], prev=FIRST, forged=["ben"]),
        "two signatures, one of which is not by an operator": charter(["ada", "dan"], ["ada", "dan"], prev=FIRST),
    }.items():
        yield case(name, [FOUNDED, entry("ada", 1, 0, body)], FOUNDERS)
    yield case("a charter that a member carries who is no operator", [*vouched, entry("eve", 1, 0, SECOND)], members)
    yield case("too few signatures first, enough of them later", [
        FOUNDED, entry("ada", 1, 0, charter(["ada", "eve"], ["ada"], prev=FIRST)),
        entry("ben", 0, 0, charter(["ada", "eve"], ["ada", "ben"], prev=FIRST))], [*FOUNDERS, "eve"],
        [FIRST, charter(["ada", "eve"], ["ada"], prev=FIRST)])
    later = charter(["dan"], ["ada", "ben"], prev=FIRST, later=["a field of a later version"])
    yield case("fields of later versions are part of what is signed", [FOUNDED, entry("ben", 0, 0, later)],
               [*FOUNDERS, "dan"], [FIRST, later])
    third = charter(["dan", "gus"], ["ada", "dan"], prev=SECOND)
    raised_again = renewed + [entry("ben", 0, 0, third)]
    yield case("a third charter", raised_again, [*everybody, "gus"], [FIRST, SECOND, third], quotas=raised)
    yield case("the second charter was given", renewed, everybody, [FIRST, SECOND], pinned=SECOND, quotas=raised)
    yield case("the second charter was given, and the first one is not here", renewed[1:], ["ada", "ben", "dan"], [SECOND],
               pinned=SECOND, quotas=raised)
    low, high = sorted([SECOND, OTHER], key=charter_id)
    rest = {charter_id(SECOND): (everybody, raised), charter_id(OTHER): ([*FOUNDERS, "eve"], QUOTAS)}
    carried = lambda body: entry("ben", 0 if body is SECOND else 1, 0, body)
    fork = [FOUNDED, carried(SECOND), carried(OTHER)]
    yield case("a fork: both at once", fork, rest[charter_id(low)][0], [FIRST, low], forks=[(FIRST, low, high)],
               quotas=rest[charter_id(low)][1])
    yield case("a fork: what was adopted before stays", fork, rest[charter_id(high)][0], [FIRST, high],
               before=[FOUNDED, carried(high)], forks=[(FIRST, high, low)], quotas=rest[charter_id(high)][1])
