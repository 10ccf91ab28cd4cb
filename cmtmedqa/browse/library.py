"""The dataset that is shown and its searches; opened again when it was built again."""

from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cmtmedqa.browse.dataset import Dataset, mark_of, open_dataset
from cmtmedqa.browse.search import Searches


class Patience(NamedTuple):
    """Seconds a page may search until it is full, and then go on counting."""

    fill: float = 2.0
    counting: float = 0.3


class Library:
    """One folder; `dataset` and `searches` are those of the last `refresh`."""

    def __init__(self, folder: Path, patience: Patience) -> None:
        self.patience = patience
        self.dataset: Dataset = open_dataset(folder)
        self.searches = Searches(self.dataset)
        self._lock = Lock()

    def refresh(self) -> None:
        """Open the dataset again if it was built again. Raises InputError while there is no finished one."""
        with self._lock:
            if mark_of(self.dataset.folder) != self.dataset.mark:
                self.dataset = open_dataset(self.dataset.folder)
                self.searches = Searches(self.dataset)
