"""Settings of `train/grpo.py`."""

from cmtmedqa.recipes.base import Run


class GrpoRun(Run):
    """`train/grpo.py`."""
