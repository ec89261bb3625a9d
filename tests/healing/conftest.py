"""The fixtures of ``trial_harness``."""

from tests.running.trial_harness import client, image, settings, trial

__all__ = ["client", "image", "settings", "trial"]
