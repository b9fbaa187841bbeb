"""A BitTorrent client that lives in I2P only: libtorrent, as far from Deadwax as can be had.

    torrent_peer.py make  --dir CONTENT --out FILE [--tracker URL].. [--magnet-tracker URL]..
    torrent_peer.py seed  --sam PORT --torrent FILE --dir DIR [--hops N]
    torrent_peer.py leech --sam PORT --magnet MAGNET --dir DIR --limit SECS [--stay] [--hops N]

`make` writes a v1 torrent of a folder and prints its infohash and a magnet with the magnet trackers.
The others say what happens, one JSON object a line (`event` is its name), until stdin is closed or
SIGTERM. `seed` finds the content in DIR, where `leech` puts it. `leech` ends with 0 when it has
everything (with --stay it goes on as a seeder), and with 1 after SECS seconds without.
"""

import argparse
import json
import os
import pathlib
import select
import signal
import sys
import time

import libtorrent as lt

PIECE_BYTES = 16 * 1024

# How long to wait for events before looking at stdin again.
TICK_SECS = 0.2

PROGRESS_EVERY_SECS = 5

GOODBYE_SECS = 2

FLUSH_SECS = 10

BEGUN = time.monotonic()


def say(event, **about):
    print(json.dumps({"event": event, "secs": round(time.monotonic() - BEGUN, 2), **about}), flush=True)


def make(args):
    content = pathlib.Path(args.dir).resolve()
    # Folders come in no order of their own, and the infohash depends on it.
    files = sorted(lt.list_files(str(content)), key=lambda file: file.filename)
    # Version 1 alone, which all I2P clients have.
    torrent = lt.create_torrent(files, PIECE_BYTES, lt.create_torrent.v1_only)
    for tier, url in enumerate(args.tracker):
        torrent.add_tracker(url, tier)
    lt.set_piece_hashes(torrent, str(content.parent))
    encoded = lt.bencode(torrent.generate())
    pathlib.Path(args.out).write_bytes(encoded)
    info = lt.torrent_info(lt.bdecode(encoded))

    wanted = lt.add_torrent_params()
    wanted.info_hashes = info.info_hashes()
    wanted.name = info.name()
    wanted.trackers = args.magnet_tracker
    say(
        "made",
        infohash=str(info.info_hashes().v1),
        name=info.name(),
        size_bytes=info.total_size(),
        magnet=lt.make_magnet_uri(wanted),
    )


def session(args):
    categories = lt.alert.category_t
    return lt.session({
        # What I2P needs, and nothing beside it.
        "i2p_hostname": "127.0.0.1",
        "i2p_port": args.sam,
        "allow_i2p_mixed": False,
        "i2p_inbound_length": args.hops,
        "i2p_outbound_length": args.hops,
        "i2p_inbound_quantity": 2,
        "i2p_outbound_quantity": 2,
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        # As qBittorrent has it; libtorrent alone would use one tracker at a time.
        "announce_to_all_trackers": True,
        "announce_to_all_tiers": True,
        # I2P is slow where libtorrent's own patience is short.
        "tracker_completion_timeout": 120,
        "tracker_receive_timeout": 60,
        "peer_connect_timeout": 60,
        # A test should not wait a minute for the second attempt to reach a peer.
        "min_reconnect_time": 5,
        "alert_mask": categories.error_notification | categories.status_notification
        | categories.tracker_notification | categories.storage_notification,
    })


def name_of_peer(peer):
    """Whom we talk to, and whether inside I2P."""
    in_i2p = bool(peer.flags & lt.peer_info.i2p_socket)
    name = str(peer.i2p_destination()) if in_i2p else "%s:%d" % peer.ip
    return {"i2p": in_i2p, "peer": name}


class Peer:
    """One torrent in one session, and what was said of it already."""

    def __init__(self, args, params):
        params.save_path = args.dir
        self.session = session(args)
        self.torrent = self.session.add_torrent(params)
        self.peers = []
        self.has_metadata = self.complete = False
        self.next_progress = 0

    def step(self):
        """Waits a moment for something to happen, and tells it."""
        self.session.wait_for_alert(int(TICK_SECS * 1000))
        for alert in self.session.pop_alerts():
            tell(alert)
        status = self.torrent.status()
        peers = sorted(map(name_of_peer, self.torrent.get_peer_info()), key=lambda peer: peer["peer"])
        if peers != self.peers:
            self.peers = peers
            say("peers", peers=peers)
        if status.has_metadata and not self.has_metadata:
            self.has_metadata = True
            say("metadata", name=status.name)
        if status.is_seeding and not self.complete:
            self.complete = True
            self.flush()
            say("complete", size_bytes=status.total_done, peers=peers)
        elif not status.is_seeding and time.monotonic() > self.next_progress:
            self.next_progress = time.monotonic() + PROGRESS_EVERY_SECS
            say("progress", done_bytes=status.total_done, wanted_bytes=status.total_wanted)


    def flush(self):
        """What is complete may still be on its way to the files."""
        self.torrent.flush_cache()
        deadline = time.monotonic() + FLUSH_SECS
        while time.monotonic() < deadline:
            self.session.wait_for_alert(int(TICK_SECS * 1000))
            for alert in self.session.pop_alerts():
                tell(alert)
                if isinstance(alert, lt.cache_flushed_alert):
                    return

    def leave(self):
        """Says good-bye to the trackers."""
        self.session.remove_torrent(self.torrent)
        time.sleep(GOODBYE_SECS)


def tell(alert):
    match alert:
        case lt.tracker_reply_alert():
            say("tracker_reply", url=alert.url, members=alert.num_peers)
        case lt.tracker_error_alert():
            say("tracker_error", url=alert.url, message=alert.message())
        case lt.tracker_warning_alert():
            say("tracker_warning", url=alert.url, message=alert.message())
        case _ if alert.category() & lt.alert.category_t.error_notification:
            say("error", message=alert.message())


def go_on():
    """Until whoever started us closes our stdin."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return not ready or sys.stdin.buffer.read1() != b""


def stop(_signal, _frame):
    sys.exit(0)


def seed(args):
    params = lt.load_torrent_file(args.torrent)
    peer = Peer(args, params)
    while go_on():
        peer.step()
    peer.leave()
    return 0


def leech(args):
    peer = Peer(args, lt.parse_magnet_uri(args.magnet))
    while go_on():
        peer.step()
        if peer.complete and not args.stay:
            return 0
        if not peer.complete and time.monotonic() - BEGUN > args.limit:
            say("timeout")
            return 1
    peer.leave()
    return 0


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("make")
    command.set_defaults(run=make)
    command.add_argument("--dir", required=True)
    command.add_argument("--out", required=True)
    command.add_argument("--tracker", action="append", default=[])
    command.add_argument("--magnet-tracker", action="append", default=[])

    command = commands.add_parser("seed")
    command.set_defaults(run=seed)
    command.add_argument("--torrent", required=True)
    in_i2p(command)

    command = commands.add_parser("leech")
    command.set_defaults(run=leech)
    command.add_argument("--magnet", required=True)
    command.add_argument("--limit", type=float, required=True)
    command.add_argument("--stay", action="store_true")
    in_i2p(command)

    signal.signal(signal.SIGTERM, stop)
    args = parser.parse_args()
    status = args.run(args)
    sys.stdout.flush()
    # Without waiting for the session, which may wait for long for trackers that do not answer.
    os._exit(status)


def in_i2p(command):
    command.add_argument("--dir", required=True)
    command.add_argument("--sam", type=int, required=True)
    command.add_argument("--hops", type=int, default=1)


if __name__ == "__main__":
    main()
