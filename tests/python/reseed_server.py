"""A reseed server for private I2P networks, and the su3 files that it serves.

Nothing but the standard library and the `openssl` command, and nothing of Deadwax, so that Deadwax
accepting its files says something.

    reseed_server.py keys DIR --signer seeds@example.test --host seeds.example.test
    reseed_server.py build ROUTER_INFOS --keys DIR --signer seeds@example.test --kind good --out i2pseeds.su3
    reseed_server.py serve ROUTER_INFOS --keys DIR --signer seeds@example.test

`keys` makes `signer.key` and `signer.crt` (RSA-4096, for su3 files), `stranger.key` (another one) and
`tls.key` and `tls.crt` (for HTTPS). `serve` listens on 127.0.0.1 and prints a line of JSON, `{"port": N}`,
when it is ready, then one for each request; it ends with its stdin. It answers

    /good/i2pseeds.su3      the RouterInfos in the folder ROUTER_INFOS, signed
    /damaged/i2pseeds.su3   the same, with one bit of the content changed after signing
    /wrong/i2pseeds.su3     the same, signed with the stranger's key in the signer's name

and, as the public servers do, sends away whoever does not say that it is Wget 1.11.4.
"""

import argparse
import base64
import hashlib
import http.server
import io
import json
import pathlib
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile

RSA_SHA512_4096 = 6
SIGNATURE_BYTES = 512
ZIP = 0
RESEED = 3
USER_AGENT = "Wget/1.11.4"
FOREVER_DAYS = "36500"


def openssl(*arguments, stdin=None):
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout


def make_keys(folder, signer, hosts):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["signer", "stranger"]:
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096", "-out", folder / f"{name}.key")
    openssl(
        "req", "-x509", "-new", "-key", folder / "signer.key", "-days", FOREVER_DAYS,
        "-subj", f"/O=I2P Anonymous Network/CN={signer}", "-out", folder / "signer.crt",
    )
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", folder / "tls.key", "-out", folder / "tls.crt", "-days", FOREVER_DAYS,
        "-subj", f"/CN={hosts[0]}",
        "-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts),
        "-addext", "basicConstraints=critical,CA:FALSE",
    )


def zip_of(folder):
    """The RouterInfos in a folder under such names as reseed servers give them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            info = path.read_bytes()
            # Really the hash of the router's identity; nobody looks at it but as a name.
            name = base64.b64encode(hashlib.sha256(info).digest(), b"-~").decode()
            archive.writestr(zipfile.ZipInfo(f"routerInfo-{name}.dat"), info, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def su3(content, signer, key, *, file_type=ZIP, content_type=RESEED, signature_type=RSA_SHA512_4096):
    version = str(int(time.time())).encode().ljust(16, b"\0")
    signer = signer.encode()
    header = b"I2Psu3" + struct.pack(
        ">xBHHxBxBQxBxB12x",
        0, signature_type, SIGNATURE_BYTES, len(version), len(signer), len(content), file_type, content_type,
    )
    signed = header + version + signer + content
    # No digest is named to openssl, so it pads the hash as it is, without a DigestInfo.
    signature = openssl(
        "pkeyutl", "-sign", "-inkey", key, "-pkeyopt", "rsa_padding_mode:pkcs1",
        stdin=hashlib.sha512(signed).digest(),
    )
    return signed + signature


def files_of(folder, keys, signer):
    content = zip_of(folder)
    good = su3(content, signer, keys / "signer.key")
    at = len(good) - SIGNATURE_BYTES - len(content) // 2
    damaged = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
    return {"good": good, "damaged": damaged, "wrong": su3(content, signer, keys / "stranger.key")}


def serve(folder, keys, signer, port):
    files = files_of(folder, keys, signer)

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 60

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            kind, _, name = url.path.lstrip("/").partition("/")
            body = files.get(kind) if name == "i2pseeds.su3" else None
            status = 404 if body is None else 200
            if self.headers.get("User-Agent") != USER_AGENT:
                status, body = 403, None
            tell({"path": url.path, "query": url.query, "status": status, "headers": sorted(self.headers.keys())})
            body = body or b"no\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request, client_address):
            # Here and not at accept: a client that is slow to shake hands holds up nobody else.
            request.settimeout(Handler.timeout)
            try:
                super().finish_request(tls.wrap_socket(request, server_side=True), client_address)
            except OSError as error:
                tell({"error": str(error)})

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(keys / "tls.crt", keys / "tls.key")
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell({"port": server.server_address[1]})
    sys.stdin.read()


def tell(line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys")
    keys.add_argument("folder", type=pathlib.Path)
    keys.add_argument("--host", action="append", required=True)
    build = commands.add_parser("build")
    build.add_argument("--out", type=pathlib.Path, required=True)
    build.add_argument("--kind", choices=["good", "damaged", "wrong"], default="good")
    server = commands.add_parser("serve")
    server.add_argument("--port", type=int, default=0)
    for command in [build, server]:
        command.add_argument("folder", type=pathlib.Path)
        command.add_argument("--keys", type=pathlib.Path, required=True)
    for command in [keys, build, server]:
        command.add_argument("--signer", required=True)
    asked = parser.parse_args()
    if asked.command == "keys":
        make_keys(asked.folder, asked.signer, asked.host)
    elif asked.command == "build":
        asked.out.write_bytes(files_of(asked.folder, asked.keys, asked.signer)[asked.kind])
    else:
        serve(asked.folder, asked.keys, asked.signer, asked.port)


if __name__ == "__main__":
    main()
