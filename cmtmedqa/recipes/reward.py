"""Settings of `train/reward.py`."""

from cmtmedqa.recipes.base import Run


class RewardRun(Run):
    """`train/reward.py`."""
