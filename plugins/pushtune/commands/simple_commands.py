"""The commands that only call one thing."""

import argparse

from pushtune.commands import instance
from pushtune.commands.build_images import ensure_images
from pushtune.commands.engine import ensure_engine
from pushtune.commands.lock_files import compile_lock_files
from pushtune.running.image_catalog import FAMILY_NAMES
from pushtune.settings import Settings


def up(settings: Settings, _: argparse.Namespace) -> int:
    """Make engine and images ready, start Airflow."""
    ensure_engine(settings)
    ensure_images(FAMILY_NAMES, settings)
    instance.up(settings)
    instance.describe(settings)
    return 0


def down(settings: Settings, options: argparse.Namespace) -> int:
    """Stop Airflow and the containers."""
    instance.down(settings, options.remove)
    return 0


def status(settings: Settings, _: argparse.Namespace) -> int:
    """Print the state of each part."""
    return 0 if instance.status(settings) else 1


def logs(settings: Settings, _: argparse.Namespace) -> int:
    """Print the end of each log."""
    instance.logs(settings)
    return 0


def images(settings: Settings, _: argparse.Namespace) -> int:
    """Build the images that are missing."""
    ensure_engine(settings)
    ensure_images(FAMILY_NAMES, settings)
    return 0


def lock(_: Settings, __: argparse.Namespace) -> int:
    """Compile the lock files again."""
    compile_lock_files()
    return 0
