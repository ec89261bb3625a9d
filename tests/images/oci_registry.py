"""A registry of container images that can be pulled from: the reading half of OCI distribution 1.1, over plain HTTP.

Engines talk plain HTTP to registries on 127.0.0.0/8 without being told to.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving import answering

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"


@dataclass
class Registry:
    """What a registry holds: name and tag -> manifest, digest -> file; ``asked`` lists the paths of all requests."""

    folder: Path
    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def push(self, client: Any, image: str, name: str, tag: str) -> None:
        """Put the engine's ``image`` into the registry as ``name:tag``."""
        archive = self.folder / "saved.tar"
        with archive.open("wb") as stream:
            for chunk in client.images.get(image).save():
                stream.write(chunk)
        with tarfile.open(archive) as saved:
            (listed,) = json.load(saved.extractfile("manifest.json"))  # type: ignore[arg-type]
            config = self._keep(saved, listed["Config"], CONFIG_TYPE)
            layers = [self._keep(saved, layer, LAYER_TYPE) for layer in listed["Layers"]]
        archive.unlink()
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}
        self.manifests[name, tag] = json.dumps(document).encode()

    def _keep(self, saved: tarfile.TarFile, member: str, media_type: str) -> dict[str, Any]:
        source, aside, digest, size = saved.extractfile(member), self.folder / "part", hashlib.sha256(), 0
        assert source is not None
        with aside.open("wb") as target:
            while chunk := source.read(2**20):
                digest.update(chunk)
                size += target.write(chunk)
        name = f"sha256:{digest.hexdigest()}"
        aside.rename(self.folder / name)
        return {"mediaType": media_type, "size": size, "digest": name}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def do_GET(self) -> None:
        self.registry.asked.append(self.path)
        parts = self.path.strip("/").split("/")  # v2/<name>/manifests|blobs/<reference>
        kind, reference = (parts[-2], parts[-1]) if len(parts) >= 4 else ("", "")
        if self.path == "/v2/":
            self._send(200, b"{}", "application/json")
        elif kind == "manifests":
            self._manifest("/".join(parts[1:-2]), reference)
        elif kind == "blobs" and (self.registry.folder / reference).is_file():
            self._send(200, (self.registry.folder / reference).read_bytes(), "application/octet-stream")
        else:
            self._unknown()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _manifest(self, name: str, reference: str) -> None:
        for (known, tag), content in self.registry.manifests.items():
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            if known == name and reference in (tag, digest):
                self._send(200, content, MANIFEST_TYPE, {"Docker-Content-Digest": digest})
                return
        self._unknown()

    def _unknown(self) -> None:
        error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
        self._send(404, json.dumps(error).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        version = {"Docker-Distribution-Api-Version": "registry/2.0"}
        for name, value in (version | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_registry(registry: Registry) -> Iterator[str]:
    """Serve ``registry`` on 127.0.0.1; yield host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    registry.address = f"127.0.0.1:{server.server_port}"
    with answering(server):
        yield registry.address
