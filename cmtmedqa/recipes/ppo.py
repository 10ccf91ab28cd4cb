"""Settings of `train/ppo.py`."""

from cmtmedqa.recipes.base import Run


class PpoRun(Run):
    """`train/ppo.py`."""
