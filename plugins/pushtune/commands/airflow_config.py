"""The configuration of the embedded Airflow: airflow.cfg, secrets and a password, readable by their owner alone."""

import configparser
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from cryptography.fernet import Fernet

from pushtune.commands.private_files import private_folders, write_private
from pushtune.commands.proxy_variables import direct_variables
from pushtune.errors import AirflowNotReady
from pushtune.settings import PROJECT_FOLDER, Settings
from pushtune.watching.configuration_files import usable_repositories

USER = "admin"
MIGRATION_TIMEOUT_SECONDS = 300
# The token with which a task reports to the API server must outlive a clock that is set forward by a day or back by an
# hour: a task whose token is refused is ended, and its container with it. Only tasks' own processes have one.
TASK_TOKEN_SECONDS = 2 * 86_400
CLOCK_LEEWAY_SECONDS = 3_900
LOCK_WAIT_SECONDS = 60
FEWEST_REPOSITORIES = 4  # some are added while Airflow runs
SERVICE_TASKS = 6
TASKS_LIMIT = 100  # each is a process of Airflow with some 100 MB of its own


def passwords_file(settings: Settings) -> Path:
    """Where the password of the web pages is kept: a JSON object, user -> password, mode 0600."""
    return settings.run_folder / "passwords.json"


def configuration_file(settings: Settings) -> Path:
    """Where Airflow's configuration is written, and read from."""
    return settings.airflow_home / "airflow.cfg"


def read_password(file: Path) -> str:
    """Return the password of ``USER`` in ``passwords_file``, generated at the first start."""
    return str(json.loads(file.read_text())[USER])


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that every Airflow process of this instance runs in."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    variables["AIRFLOW_HOME"] = str(settings.airflow_home)
    # An exported one would name the configuration, and the database, of another Airflow: it counts more than the home.
    variables["AIRFLOW_CONFIG"] = str(configuration_file(settings))
    variables["PUSHTUNE_HOME"] = str(settings.home)
    variables["PUSHTUNE_PORT"] = str(settings.port)
    variables["PYTHONPATH"] = os.pathsep.join(str(PROJECT_FOLDER / part) for part in ("plugins", "training"))
    variables.update(direct_variables(os.environ))
    # The virtual environment's own programs come first, whichever shell started us.
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    return variables


def airflow_command(settings: Settings, *arguments: str) -> list[str]:
    """Return the command line that runs ``airflow`` from this environment."""
    return [sys.executable, "-m", "airflow", *arguments]


def prepare(settings: Settings) -> None:
    """Write configuration, secrets and password where they are missing, and bring the database up to date.

    Raises:
        AirflowNotReady: the database cannot be created or migrated; the text ends with Airflow's own last lines.
    """
    for folder in (settings.home, settings.airflow_home, settings.run_folder, *private_folders(settings)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    # Containers of another user must be able to reach their own trial, and nothing above it.
    for folder in (settings.home, settings.workspaces):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
    _write_passwords(settings)
    _write_configuration(settings)
    link = settings.airflow_home / "config"
    if not link.is_symlink():
        link.symlink_to(PROJECT_FOLDER / "config")
    _migrate_database(settings)


def _write_passwords(settings: Settings) -> None:
    if not passwords_file(settings).exists():
        write_private(passwords_file(settings), json.dumps({USER: secrets.token_urlsafe(12)}) + "\n")


def _read_secrets(settings: Settings) -> dict[str, str]:
    path = settings.run_folder / "secrets.json"
    if not path.exists():
        generated = {
            "fernet_key": Fernet.generate_key().decode(),
            "jwt_secret": secrets.token_urlsafe(48),
            "secret_key": secrets.token_urlsafe(48),
        }
        write_private(path, json.dumps(generated) + "\n")
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def _tasks_at_once(settings: Settings) -> int:
    """Return how many tasks may run: all trainings of all repositories, and still the checks that look after them."""
    repositories = max(FEWEST_REPOSITORIES, len(usable_repositories(settings)))
    return min(repositories * (settings.trials_at_once + 1) + SERVICE_TASKS, TASKS_LIMIT)


def _write_configuration(settings: Settings) -> None:
    keys = _read_secrets(settings)
    address = f"http://127.0.0.1:{settings.port}"
    sections = {
        "core": {
            "dags_folder": str(PROJECT_FOLDER / "dags"),
            "plugins_folder": str(PROJECT_FOLDER / "plugins"),
            "executor": "pushtune.commands.steady_executor.SteadyLocalExecutor",
            "parallelism": str(_tasks_at_once(settings)),
            "load_examples": "False",
            "fernet_key": keys["fernet_key"],
            "dags_are_paused_at_creation": "False",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": str(passwords_file(settings)),
            "execution_api_server_url": f"{address}/execution/",
        },
        # At SQLite's default of 5 s a busy machine makes requests and tasks fail, since the database is locked.
        "database": {"sql_alchemy_conn": f"sqlite:///{settings.airflow_home}/airflow.db?timeout={LOCK_WAIT_SECONDS}"},
        "api": {
            "host": "127.0.0.1",
            "port": str(settings.port),
            "base_url": settings.pages_url,
            "secret_key": keys["secret_key"],
            "workers": "1",
        },
        "api_auth": {"jwt_secret": keys["jwt_secret"], "jwt_leeway": str(CLOCK_LEEWAY_SECONDS)},
        "execution_api": {"jwt_expiration_time": str(TASK_TOKEN_SECONDS)},
        "dag_processor": {"min_file_process_interval": "5", "refresh_interval": "15", "parsing_processes": "1"},
        # A dead worker is noticed soon, while an outage of the API server does not kill work that runs outside.
        "scheduler": {
            "task_instance_heartbeat_timeout": "90",
            "orphaned_tasks_check_interval": "20",
            "scheduler_health_check_threshold": "15",
            "scheduler_idle_sleep_time": "0.5",
        },
        # Airflow may notice the end of a task process only at the next heartbeat: at its default of 5 s a task that is
        # skipped or fails takes so much longer. 300 failed ones are an outage of the API server of five minutes.
        "workers": {"min_heartbeat_interval": "1", "max_failed_heartbeats": "300"},
        "logging": {"base_log_folder": str(settings.airflow_home / "logs")},
        "usage_data_collection": {"enabled": "False"},
    }
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({section: dict(values) for section, values in sections.items()})
    text = io.StringIO()
    parser.write(text)
    write_private(configuration_file(settings), text.getvalue())


def _migrate_database(settings: Settings) -> None:
    # Importing Airflow to find that nothing is to be done takes seconds, so the version migrated to is remembered.
    marker = settings.airflow_home / "migrated_to"
    wanted = version("apache-airflow-core")
    if marker.exists() and marker.read_text() == wanted:
        return
    if shutil.disk_usage(settings.home).free < 100 * 2**20:
        raise AirflowNotReady("Airflow's database needs 100 MB of free disk.", "less", "Free some disk space.")
    outcome = subprocess.run(
        airflow_command(settings, "db", "migrate"),
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=MIGRATION_TIMEOUT_SECONDS,
        check=False,
    )
    if outcome.returncode != 0:
        tail = "\n".join((outcome.stdout + outcome.stderr).strip().splitlines()[-8:])
        raise AirflowNotReady(
            "Airflow's database must be up to date.",
            f"`airflow db migrate` failed: {tail}",
            f"Repair or move away {settings.airflow_home}, then start again.",
        )
    marker.write_text(wanted)
