from docker import APIClient

from pushtune.running.hardening import EXTRA_DATA_MOUNT, host_config_arguments
from pushtune.settings import Settings
from pushtune_contract import layout

SPEC = {"folder": "/w/trials/003", "checkout": "/w/checkout", "network": False, "data_folder": None}


def host_config(spec=SPEC, **knobs):
    """Return what Docker's client makes of the arguments, without asking an engine."""
    client = APIClient(base_url="tcp://127.0.0.1:1", version="1.41")
    return client.create_host_config(**host_config_arguments(Settings(**knobs), spec))


def test_nothing_is_allowed_that_training_does_not_need():
    config = host_config()
    assert config["CapDrop"] == ["ALL"] and config["SecurityOpt"] == ["no-new-privileges:true"]
    assert config["ReadonlyRootfs"] and config["NetworkMode"] == "none" and config["IpcMode"] == "private"
    assert not config.get("Privileged") and not config.get("CapAdd") and not config.get("Devices")
    assert config["Init"] and config["RestartPolicy"] == {"Name": "no"}


def test_limits_follow_the_settings():
    config = host_config(
        trial_memory_bytes=2**29, trial_cpus=1.5, trial_processes=77, trial_temporary_bytes=2**21,
        trial_disk_bytes=2**27,
    )
    assert config["Memory"] == config["MemorySwap"] == 2**29
    assert config["NanoCpus"] == 1_500_000_000 and config["PidsLimit"] == 77
    assert "size=2097152" in config["Tmpfs"]["/tmp"]
    limits = {limit["Name"]: (limit["Soft"], limit["Hard"]) for limit in config["Ulimits"]}
    assert limits["fsize"] == (2**27, 2**27) and limits["core"] == (0, 0)
    assert set(config["LogConfig"]["Config"]) == {"max-size", "max-file"}


def test_only_the_folder_of_the_trial_is_mounted_writable():
    mounts = {mount["Target"]: mount for mount in host_config(home="/h")["Mounts"]}
    assert set(mounts) == {layout.TRIAL_MOUNT, layout.CODE_MOUNT, layout.DATASETS_MOUNT}
    assert [target for target, mount in mounts.items() if not mount["ReadOnly"]] == [layout.TRIAL_MOUNT]
    assert mounts[layout.DATASETS_MOUNT]["Source"] == "/h/datasets"
    assert all(mount["Type"] == "bind" for mount in mounts.values())


def test_network_and_further_data_only_where_the_entry_asks():
    config = host_config({**SPEC, "network": True, "data_folder": "/data/my set"})
    assert config["NetworkMode"] == "bridge"
    (extra,) = [mount for mount in config["Mounts"] if mount["Target"] == EXTRA_DATA_MOUNT]
    assert extra["Source"] == "/data/my set" and extra["ReadOnly"]
