"""What a training container can do, tried from within."""

import pytest

pytestmark = pytest.mark.docker


def test_it_has_no_privileges_and_an_unprivileged_user(trial):
    made = trial("""
        facts = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
        inspect({"caps": [facts[name] for name in ("CapEff", "CapPrm", "CapBnd")], "nnp": facts["NoNewPrivs"],
                 "seccomp": facts["Seccomp"], "uid": os.getuid(), "gid": os.getgid()})
    """)
    seen = made.seen()
    assert set(seen["caps"]) == {"0000000000000000"} and seen["nnp"] == "1" and seen["seccomp"] == "2"
    assert seen["uid"] == seen["gid"] == made.settings.container_uid


def test_only_its_folder_and_tmp_can_be_written(trial):
    seen = trial("""
        found = {}
        for place in ("/", "/usr", "/etc", "/pushtune", "/pushtune/code", "/pushtune/datasets", "/proc/sys/kernel",
                      "/tmp", "/pushtune/trial"):
            try:
                with open(place + "/written-by-test", "w") as stream:
                    stream.write("x")
                found[place] = "written"
            except OSError as error:
                found[place] = "refused"
        inspect(found)
    """).seen()
    assert {place for place, what in seen.items() if what == "written"} == {"/tmp", "/pushtune/trial"}


def test_there_is_no_network(trial):
    seen = trial("""
        import socket
        found = {"interfaces": sorted(name for _, name in socket.if_nameindex())}
        try:
            socket.create_connection(("1.1.1.1", 53), 2)
        except OSError as error:
            found["error"] = error.errno
        inspect(found)
    """).seen()
    assert "lo" in seen["interfaces"] and not [name for name in seen["interfaces"] if name.startswith("eth")]
    assert seen["error"] == 101  # ENETUNREACH


def test_no_secret_and_no_socket_of_the_engine_is_in_sight(trial, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret-of-the-host")
    seen = trial("""
        inspect({"environment": dict(os.environ), "socket": os.path.exists("/var/run/docker.sock"),
                 "mounts": [line.split()[1] for line in open("/proc/mounts")], "above": os.listdir("/pushtune")})
    """).seen()
    assert "secret-of-the-host" not in str(seen["environment"]) and not seen["socket"]
    assert not [name for name in seen["environment"] if name.startswith(("AIRFLOW", "PUSHTUNE"))]
    assert sorted(seen["above"]) == ["code", "datasets", "trial"]


def test_processes_are_bounded_and_the_host_stays_alive(trial):
    made = trial("""
        import threading
        held, started = threading.Event(), 0
        try:
            for _ in range(2000):
                threading.Thread(target=held.wait, daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        put("seen.json", json.dumps(started))
        end("done", 0)
    """)
    assert 32 <= made.seen() < made.settings.trial_processes


def test_temporary_files_are_bounded_and_executable_code_may_be_loaded_from_them(trial):
    made = trial("""
        import mmap
        found = {}
        with open("/tmp/code", "wb") as stream:
            stream.write(bytes(4096))
        with open("/tmp/code", "r+b") as stream:
            try:
                mmap.mmap(stream.fileno(), 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
                found["executable"] = True
            except PermissionError:
                found["executable"] = False
        written = 0
        try:
            with open("/tmp/large", "wb") as stream:
                while written < 2**26:
                    written += stream.write(bytes(2**20))
        except OSError as error:
            found["errno"] = error.errno
        inspect(found)
    """)
    made.container._settings = made.settings.model_copy(update={"trial_temporary_bytes": 2**25})
    assert made.seen() == {"executable": True, "errno": 28}


def test_a_single_file_and_open_files_are_bounded_and_no_core_is_dumped(trial):
    seen = trial("""
        import resource
        names = ("FSIZE", "NOFILE", "CORE")
        inspect({name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] for name in names})
    """).seen()
    assert seen == {"FSIZE": 2**26, "NOFILE": 4096, "CORE": 0}


def test_orphaned_children_are_reaped(trial):
    seen = trial("""
        for _ in range(20):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
        time.sleep(0.5)
        states = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                states.append(open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[0])
        inspect(states)
    """).seen()
    assert "Z" not in seen


def test_another_trial_of_the_same_run_is_out_of_reach(trial):
    made = trial("""
        found = []
        for parent, folders, files in os.walk("/"):
            folders[:] = [name for name in folders if name not in ("proc", "sys", "usr", "opt")]
            found += [os.path.join(parent, name) for name in files if "secret-of-trial" in name]
        inspect(found)
    """)
    other = made.folder.parent / "004"
    other.mkdir()
    (other / "secret-of-trial").write_text("x")
    assert made.seen() == []
