"""The model adapted in the background while people answer."""

import json
import logging
import threading
from pathlib import Path

from samesku.store.index import Index
from samesku.store.results import StoreError

log = logging.getLogger("samesku.server")

# Answers after which adapting is tried again, and postings up to which that is done unasked.
EVERY, UP_TO = 25, 100_000


class Learner:
    """Tries to adapt the model of a store after every 25 answers, one try at a time."""

    def __init__(self, index: Index, folder: Path | None) -> None:
        self._index, self._folder = index, folder
        self._answers = 0
        self._busy = threading.Lock()

    def answered(self) -> None:
        """Count an answer; it never waits for what is tried."""
        self._answers += 1
        if self._folder is None or self._answers % EVERY or self._busy.locked():
            return
        threading.Thread(target=self._try, args=(self._folder,), daemon=True).start()

    def _try(self, folder: Path) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            if self._index.stats()["postings"] <= UP_TO:
                log.info(json.dumps({"adapting": self._index.adapt(folder, actor="adapting")}))
        except (StoreError, ValueError, OSError) as error:
            log.warning(json.dumps({"adapting": {"adopted": False, "reason": str(error)}}))
        finally:
            self._busy.release()
