"""Who is a member, by `doc/MEMBERSHIP.md` alone: starts anew until nothing changes, without care for time.

Not here: heads and bodies, which `verify_entries.py` reads. Section numbers are those of the document.
"""

import hashlib

import cbor2


def fold(pinned, entries, adopted, holds):
    """`entries` are facts as `verify_entries.verify` has them, with `raw` (the body or None); `holds` checks a signature.

    `adopted` are ids of charters that were adopted before. Returns what the vectors say of a network.
    """
    slots = {}
    for fact in entries:
        place = fact["author"], int(fact["n"])
        rival = slots.get(place)
        if rival is None or (fact["id"], fact["raw"] is None) < (rival["id"], rival["raw"] is None):
            slots[place] = fact
    carried = [(place, fact, read_charter(fact)) for place, fact in slots.items()
               if fact["kind"] == "0" and fact["raw"] is not None and fact.get("void") is False]
    chain = charters_of(pinned, carried, adopted, holds)
    operators = {key for _, says in chain for key in says["roster"]}
    founding = [1000 for _, says in chain if "prev" not in says and "budget" not in says]
    budget = max([0, *founding, *(says.get("budget", 0) for _, says in chain)])
    quota_main = max([10_000, *(says.get("quota_main", 0) for _, says in chain)])
    quota_core = max([64, *(says.get("quota_core", 0) for _, says in chain)])
    quota = lambda key: max(quota_main, quota_core) if key in operators else quota_core
    roster = chain[-1][1]["roster"] if chain else []

    grants = {key: 0 for key in operators}  # section 3
    while True:
        following, counted = {key: 0 for key in operators}, set()
        for key, extra in grants.items():
            left, n = extra + (budget if key in operators else 0), 0
            while n < quota(key) and (key, n) in slots:
                fact = slots[key, n]
                if fact["kind"] == "2" and fact["raw"] is None:
                    break
                says = vouch_in(fact)
                if says and not says.get("withdrawn") and says["key"] != key:
                    if says["grant"] > left:
                        break
                    left -= says["grant"]
                    following[says["key"]] = following.get(says["key"], 0) + says["grant"] - 1
                    counted.add((key, n))
                n += 1
        if following == grants:
            break
        grants = following
    members = sorted(grants)

    rulings = rulings_of(slots, roster, quota)
    banned = {found["subject"]["author"] for found in rulings if "author" in found["subject"] and found["verdict"] == "falls"}
    weightless = [key for key in members if key in banned or key not in operators and not any(
        answers(author, key, slots, counted, quota(author)) for author in members if author != key)]
    root = None
    if chain:
        keys = b"".join(map(bytes.fromhex, members))
        root = hashlib.sha256(
            b"deadwax/members/1" + bytes.fromhex(chain[0][0]) + len(members).to_bytes(8, "little") + keys).hexdigest()
    return {
        "charters": [found for found, _ in chain], "members": members, "weightless": weightless, "rulings": rulings,
        "forks": forks_of(chain, carried, operators, quota, holds), "members_root": root,
        "quotas": {"main": quota_main, "core": quota_core, "core_of_operators": max(quota_main, quota_core)},
    }


def read_charter(fact):
    body = cbor2.loads(fact["raw"])
    message = b"deadwax/charter/1" + cbor2.dumps({key: value for key, value in body.items() if key != 7})
    return {"id": hashlib.sha256(message).hexdigest(), "message": message, "says": fact["says"]}


def vouch_in(fact):
    return fact["says"] if fact["kind"] == "2" and fact["raw"] is not None and fact["void"] is False else None


def has_enough(charter, roster, holds):
    good = [one for one in charter["says"]["signatures"] if one["key"] in roster and holds(
        bytes.fromhex(one["key"]), charter["message"], bytes.fromhex(one["signature"]))]
    return 3 * len(good) >= 2 * len(roster)


def charters_of(pinned, carried, adopted, holds):
    """Section 2: (id, what it says) from the earliest that is known to the newest."""
    by_id = {charter["id"]: charter["says"] for _, _, charter in carried}
    chain, wanted = [], pinned
    while wanted in by_id:
        chain.insert(0, (wanted, by_id[wanted]))
        wanted = by_id[wanted].get("prev")
    while chain:
        tip, says = chain[-1]
        operators = {key for _, earlier in chain for key in earlier["roster"]}
        quota = max([10_000] + [earlier.get(name, 0) for _, earlier in chain for name in ("quota_main", "quota_core")])
        children = [charter for (author, n), _, charter in carried if charter["says"].get("prev") == tip
                    and author in operators and n < quota and has_enough(charter, says["roster"], holds)]
        if not children:
            break
        best = min(children, key=lambda charter: (charter["id"] not in adopted, charter["id"]))
        chain.append((best["id"], best["says"]))
    return chain


def forks_of(chain, carried, operators, quota, holds):
    found = {}
    for (tip, says), (following, _) in zip(chain, chain[1:]):
        for (author, n), _, charter in carried:
            is_other = charter["says"].get("prev") == tip and charter["id"] != following
            if is_other and author in operators and n < quota(author) and has_enough(charter, says["roster"], holds):
                found[charter["id"]] = {"prev": tip, "adopted": following, "other": charter["id"]}
    return [found[other] for other in sorted(found)]


def answers(author, subject, slots, counted, quota):
    """Section 4: whether the newest that `author` said of `subject` is a vouch that counts."""
    said = []
    for (key, n), fact in slots.items():
        says = vouch_in(fact)
        if key == author and n < quota and says and says["key"] == subject:
            if says.get("withdrawn") or (key, n) in counted:
                said.append((n, not says.get("withdrawn")))
    return bool(said) and max(said)[1]


def rulings_of(slots, roster, quota):
    """Section 6."""
    newest = {}
    for (author, n), fact in sorted(slots.items()):
        if fact["kind"] == "1" and fact["raw"] is not None and fact["void"] is False and author in roster and n < quota(author):
            newest[subject_of(fact["says"]), author] = fact["says"]["verdict"], fact["says"]["dimension"]
    found = []
    for subject in sorted({subject for subject, _ in newest}):
        verdicts = [verdict for (about, _), verdict in newest.items() if about == subject]
        for verdict in ("stands", "falls"):
            votes = [said for said in verdicts if said[0] == verdict]
            if 2 * len(votes) > len(roster):
                found.append({"subject": {subject[1]: subject[2]}, "dimension": votes[0][1], "verdict": verdict,
                              "votes": len(votes), "roster": len(roster)})
    return found


def subject_of(says):
    """Sorted as the vectors have them: records, entries, authors, torrents."""
    if "author" in says:
        return 2, "author", says["author"]
    if "infohash" in says:
        return (3 if len(says["infohash"]) == 40 else 4), "infohash", says["infohash"]
    subject = says["subject"]
    return (0, "mbid", subject["mbid"]) if "mbid" in subject else (1, "entry", subject["entry"])
