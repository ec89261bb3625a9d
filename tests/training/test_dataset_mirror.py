"""The downloads of libraries go to the mirror that is named, redirects included, and nowhere else."""

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import pytest

from pushtune_runtime.fetch_datasets import use_mirror


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if "moved" in self.path:
            self.send_response(302)
            self.send_header("Location", "https://elsewhere.example/there?version=2")
        else:
            self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"data")

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    use_mirror(f"http://127.0.0.1:{server.server_port}/sets/")
    yield server
    urllib.request.install_opener(None)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_comes_from_the_mirror(mirror, tmp_path):
    urllib.request.urlretrieve("https://example.org/a/b.npz", tmp_path / "b.npz")
    assert (tmp_path / "b.npz").read_bytes() == b"data"
    assert mirror.asked == ["/sets/example.org/a/b.npz"]


def test_a_redirect_stays_on_the_mirror(mirror):
    with urllib.request.urlopen("https://example.org/moved") as answer:
        assert answer.read() == b"data"
    assert mirror.asked == ["/sets/example.org/moved", "/sets/elsewhere.example/there?version=2"]


def test_the_mirror_s_refusal_is_the_answer(mirror):
    with pytest.raises(HTTPError, match="404"):
        urllib.request.urlopen("https://example.org/gone")


def test_without_a_mirror_nothing_changes():
    use_mirror("")
    assert urllib.request._opener is None
