"""An engine on another machine, over TLS with certificates on both sides: every part obeys DOCKER_HOST."""

import contextlib
import datetime
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import docker
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pushtune.errors import EngineUnavailable
from pushtune.healing.container_facade import ContainerFacade
from pushtune.running.container_engine import connect
from pushtune.running.training_operator import TrainingOperator

pytestmark = pytest.mark.docker
ENGINE = "/var/run/docker.sock"
Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make_certificate(name: str, folder: Path, issuer: Issuer | None = None) -> Issuer:
    """Write ``<name>.pem`` and ``<name>-key.pem``; without an issuer it is an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    authority, signer = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made, key


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The real engine behind TLS on 127.0.0.1, named by the environment; yields the folder of certificates."""
    certificates, server = tmp_path / "client", tmp_path / "server"
    certificates.mkdir()
    server.mkdir()
    authority = make_certificate("ca", certificates)
    make_certificate("cert", certificates, authority)
    (certificates / "cert-key.pem").rename(certificates / "key.pem")
    make_certificate("server", server, authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server / "server.pem", server / "server-key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would replace the engine's own authority
        monkeypatch.delenv(name, raising=False)
    yield certificates
    listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            plain, _ = listener.accept()
            with contextlib.suppress(OSError):
                client = context.wrap_socket(plain, server_side=True)
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(ENGINE)
                for source, target in ((client, behind), (behind, client)):
                    threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        end.close()


def test_operator_healing_and_images_reach_it(engine: Path) -> None:
    operator = TrainingOperator(task_id="trial", trial={}, image="x")
    assert operator._connect().engine_id()
    assert ContainerFacade("no-installation").training_containers() == []
    with contextlib.closing(docker.from_env()) as client:
        assert client.ping()


@pytest.mark.parametrize("stranger", ["without a certificate", "of another authority"])
def test_whoever_has_no_certificate_of_its_authority_is_refused(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: str
) -> None:
    if stranger == "without a certificate":
        for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            monkeypatch.delenv(name)
    else:
        other = tmp_path / "other"
        other.mkdir()
        make_certificate("cert", other, make_certificate("theirs", other))
        for source, target in ((other / "cert.pem", "cert.pem"), (other / "cert-key.pem", "key.pem")):
            (engine / target).write_bytes(source.read_bytes())
    with pytest.raises(EngineUnavailable, match="must be running and reachable"):
        connect(os.environ["DOCKER_HOST"], 5)
    with pytest.raises(EngineUnavailable):
        ContainerFacade("no-installation")
