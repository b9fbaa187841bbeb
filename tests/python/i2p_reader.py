"""Reads pages inside I2P with plain HTTP, through a router's SAM port (SAM 3.1) and nothing of Deadwax.

usage: i2p_reader.py --sam PORT [--hops N]

One URL a line on stdin; for each, one line of JSON on stdout: {"status", "headers", "body"} with the
headers as and in the order they came, or {"error"}. Ends with stdin.
"""

import argparse
import json
import os
import socket
import sys
import time
from urllib.parse import urlsplit

# emissary waits up to five seconds for a lookup, and streams can stall for nine.
TIMEOUT_SECS = 60

# A destination that was published a moment ago may not be found yet.
TRIES = 6
PAUSE_SECS = 3

MAX_ANSWER_BYTES = 16 << 20


class Refused(Exception):
    """The router or the page's server says no."""


def read_line(stream):
    """Byte by byte, so that nothing of what follows is swallowed."""
    line = bytearray()
    while (byte := stream.recv(1)) != b"\n":
        if not byte:
            raise Refused(f"the router hung up after {bytes(line)!r}")
        line += byte
    return line.decode()


def ask(stream, text):
    stream.sendall(text.encode() + b"\n")
    line = read_line(stream)
    fields = dict(part.split("=", 1) for part in line.split(" ") if "=" in part)
    if fields.get("RESULT", "OK") != "OK":
        raise Refused(line)
    return fields


def open_port(port):
    stream = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECS)
    ask(stream, "HELLO VERSION MIN=3.1 MAX=3.1")
    return stream


class Session:
    """A destination of our own for as long as this object lives."""

    def __init__(self, port, hops):
        self.port = port
        self.id = os.urandom(8).hex()
        self.control = open_port(port)
        tunnels = f"inbound.length={hops} outbound.length={hops} inbound.quantity=2 outbound.quantity=2"
        ask(
            self.control,
            f"SESSION CREATE STYLE=STREAM ID={self.id} DESTINATION=TRANSIENT SIGNATURE_TYPE=7 "
            f"i2cp.leaseSetEncType=4 {tunnels}",
        )

    def connect(self, host):
        # Only a session's own connection may look names up.
        destination = ask(self.control, f"NAMING LOOKUP NAME={host}")["VALUE"]
        stream = open_port(self.port)
        ask(stream, f"STREAM CONNECT ID={self.id} DESTINATION={destination} SILENT=false")
        return stream

    def get(self, url):
        parts = urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        with self.connect(parts.hostname) as stream:
            request = f"GET {target} HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n"
            stream.sendall(request.encode())
            return parse(read_all(stream))


def read_all(stream):
    answer = bytearray()
    while chunk := stream.recv(65536):
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise Refused("the answer does not end")
    return bytes(answer)


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = [[part.strip() for part in line.split(":", 1)] for line in lines]
    named = {name.lower(): value for name, value in headers}
    if named.get("transfer-encoding") == "chunked":
        body = unchunk(body)
    elif "content-length" in named and len(body) != int(named["content-length"]):
        raise Refused(f"the answer broke off after {len(body)} of {named['content-length']} bytes")
    return {"status": int(status.split(" ")[1]), "headers": headers, "body": body.decode()}


def unchunk(body):
    whole = bytearray()
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return bytes(whole)
        whole += body[:length]
        body = body[length + 2:]


def get_patiently(session, url):
    for attempt in range(TRIES):
        try:
            return session.get(url)
        except (Refused, OSError) as error:
            if attempt + 1 == TRIES:
                return {"error": str(error)}
            time.sleep(PAUSE_SECS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sam", type=int, required=True)
    parser.add_argument("--hops", type=int, default=1)
    args = parser.parse_args()
    session = Session(args.sam, args.hops)
    for line in sys.stdin:
        print(json.dumps(get_patiently(session, line.strip())), flush=True)


if __name__ == "__main__":
    main()
