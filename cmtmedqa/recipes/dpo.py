"""Settings of `train/dpo.py`."""

from cmtmedqa.recipes.base import Run


class DpoRun(Run):
    """`train/dpo.py`."""
