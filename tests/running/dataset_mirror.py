"""A mirror of public data sets: a real HTTP(S) server that containers reach, with files of our own making."""

import datetime
import gzip
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.serving import answering

STORAGE = "/storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass
class Mirror:
    """What is served, and what was asked for.

    Attributes:
        files: path -> content. announced: path -> size that is announced instead of the true one.
        redirects: path -> address.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""


def fashion_mnist(pictures: int = 2000, tests: int = 500) -> dict[str, bytes]:
    """Return path -> content of the four files, with made-up pictures that a model can tell apart."""
    files = {}
    for part, number in (("train", pictures), ("t10k", tests)):
        labels = bytes(index % 10 for index in range(number))
        grey = b"".join(bytes([25 * label] * (28 * 28)) for label in labels)
        files[f"{STORAGE}{part}-labels-idx1-ubyte.gz"] = gzip.compress(bytes(8) + labels)
        files[f"{STORAGE}{part}-images-idx3-ubyte.gz"] = gzip.compress(bytes(16) + grey)
    return files


def gateway(client: Any) -> str:
    """Return the address of this machine that containers with a network reach, and nobody else."""
    configured = client.inspect_network("bridge")["IPAM"]["Config"]
    # An engine that found its bridge there does not say which address that has: the first of the network.
    return next(str(part.get("Gateway") or ip_network(part["Subnet"])[1]) for part in configured)


@contextmanager
def serve_mirror(mirror: Mirror, host: str, certificates: Path | None = None) -> Iterator[str]:
    """Serve ``mirror`` on ``host``, over TLS where a folder for certificates is given; yield its address."""
    handler = type("Handler", (_Handler,), {"mirror": mirror})
    try:
        server = ThreadingHTTPServer((host, 0), handler)
    except OSError as error:
        pytest.skip(f"containers cannot reach this machine at {host}: {error}")
    if certificates:
        _make_certificate(certificates, host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "mirror.pem", certificates / "mirror-key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    mirror.address = f"{'https' if certificates else 'http'}://{host}:{server.server_port}/data"
    with answering(server):
        yield mirror.address


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        path = self.path.removeprefix("/data")
        self.mirror.asked.append(path)
        content = self.mirror.files.get(path)
        status = 302 if path in self.mirror.redirects else 404 if content is None else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.mirror.redirects[path])
        self.send_header("Content-Length", str(self.mirror.announced.get(path, len(content or b""))))
        self.end_headers()
        self.wfile.write(content or b"")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


def _make_certificate(folder: Path, host: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mirror")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "mirror.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "mirror-key.pem").write_bytes(secret)
