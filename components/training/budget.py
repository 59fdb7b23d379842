"""The minutes that a training is given: how much of them is used, which is what the learning rate falls by."""

import json
from bisect import bisect
from pathlib import Path

BUDGET_FILE = "budget.jsonl"


class Budget:
    """The share of ``minutes`` that is used at a step.

    The clock decides on the learning rate, so what it decided is kept in a file beside the checkpoints: a training that
    was killed trains the steps after its last checkpoint again, with the rates that they had.

    Args:
        folder: of the checkpoints.
        minutes: of training and validation, over all the processes that take part; 0: no limit.
    """

    def __init__(self, folder: Path, minutes: float):
        self._file = folder / BUDGET_FILE
        self._minutes, self._seconds = minutes, 60 * minutes
        lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True) if self._file.exists() else []
        # A process that was killed may have left half a line. With another budget everything is decided afresh.
        decided = [json.loads(line) for line in lines if line.endswith("\n")]
        kept = sorted((line["step"], line["used"]) for line in decided if line["minutes"] == minutes)
        self._steps, self._shares = [step for step, _ in kept], [used for _, used in kept]

    def look(self, step: int, seconds: float, reserved: float) -> float:
        """Decides how much is used once ``step`` steps are trained, unless that was decided before; returns it.

        Args:
            step: steps trained so far.
            seconds: used so far.
            reserved: that must be left when training ends.

        Raises:
            OSError: if it cannot be written down.
        """
        if self._seconds and step not in self._steps:
            used = min(max(seconds / max(self._seconds - reserved, 1e-9), self.used(step)), 1.0)
            line = {"step": step, "used": used, "minutes": self._minutes}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            at = bisect(self._steps, step)
            self._steps.insert(at, step)
            self._shares.insert(at, used)
        return self.used(step)

    def used(self, step: int) -> float:
        """What was decided last, up to that step: from 0, and 1 once training has to end."""
        at = bisect(self._steps, step)
        return self._shares[at - 1] if at else 0.0
