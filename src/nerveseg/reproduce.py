"""Brings the pipeline up to date with several runs at once, as many as the machine has cores for.

`dvc repro` runs one stage after another. Small networks cannot use several cores well, and their
scores depend on the number of threads; so each stage computes on one thread (dvc.yaml), and runs
go side by side instead. DVC allows that: it holds its lock only between the commands of stages.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

import psutil
from ruamel.yaml import YAML

from nerveseg.errors import InputError
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import TrainingsParams

BEFORE: Final = ("split", "baselines")
"""The stages that the runs share."""
TIMED: Final = frozenset({"cost"})
"""The stages that measure time, and so must not have company."""
FURTHER: Final = "train_further"
"""The stage of the further trainings."""
RUN_BYTES: Final = 2 * 1024**3
"""Memory that a run is expected to need at most, at the default size."""
_UNCHANGED: Final = "didn't change, skipping"


def reproduce(jobs: int) -> None:
    """Run what `dvc repro` would run in the working directory, up to `jobs` runs at a time.

    Args:
        jobs: at least 1, which leaves everything to `dvc repro`.

    Raises:
        InputError: params.yaml names no valid runs, or a `dvc repro` failed.
        KeyboardInterrupt: Ctrl-C or SIGTERM arrived; the stages had the time to save their state.
    """
    if not Path("dvc.yaml").exists():
        raise InputError("dvc.yaml: missing; change to the root of the project and run again")
    runs = list(read("models", ModelsParams).runs())
    several = len(runs) > 1 or read("trainings", TrainingsParams).names()
    with _Repros() as repros:
        if jobs > 1 and several:
            repros.run(BEFORE)
            # The maps of a run need all its trainings.
            for side_by_side in (_further_trainings(runs), [_stages_of(name) for name in runs]):
                with ThreadPoolExecutor(jobs) as pool:
                    list(pool.map(repros.run, side_by_side))
                repros.raise_failure()
        repros.run([])
        repros.raise_failure()


def _further_trainings(runs: Sequence[str]) -> list[list[str]]:
    """Return the stage of each further training."""
    names = read("trainings", TrainingsParams).names()
    return [["--single-item", f"{FURTHER}@{run}-{name}"] for run in runs for name in names]


def _stages_of(run: str) -> list[str]:
    """Return the stages that exist once for each run, in the order of dvc.yaml.

    With `--single-item`, DVC leaves the stages before them alone; else it would lock their outputs.
    """
    stages = YAML(typ="safe", pure=True).load(Path("dvc.yaml"))["stages"]
    loops = [name for name, stage in stages.items() if stage.get("foreach") == "${models}"]
    return ["--single-item", *(f"{name}@{run}" for name in loops if name not in TIMED)]


def default_jobs() -> int:
    """Return how many runs go side by side unless the user says otherwise.

    One on a GPU. On a CPU, as many as there are cores for the threads of a stage
    (`OMP_NUM_THREADS`, or else one), and as fit in the free memory.

    Raises:
        InputError: `NERVESEG_DEVICE` is not a device of this machine.
    """
    from nerveseg.device import pick_device

    if pick_device().type != "cpu":
        return 1
    # OpenMP also allows a list, for nested regions, and ignores what is not a number.
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    threads = int(first) if re.fullmatch("[1-9][0-9]{0,3}", first) else 1
    cores = len(os.sched_getaffinity(0)) // threads
    fitting: int = psutil.virtual_memory().available // RUN_BYTES
    return max(1, min(cores, fitting))


class _Repros:
    """The `dvc repro` processes of one call; the first failure keeps more from being started."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._failed: list[str] = []
        self._stopped = False

    def run(self, targets: Sequence[str]) -> None:
        """Run `dvc repro TARGETS`, and print what it says line by line."""
        with self._lock:
            if self._failed or self._stopped:
                return
            # In a process group of its own, a stage gets each signal once, and through here.
            process = subprocess.Popen(
                [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", *targets],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        with process:
            for line in _lines(process):
                # With targets, later calls of DVC say again what has not changed.
                if not (targets and _UNCHANGED in line):
                    print(line, flush=True)
        code = process.returncode
        with self._lock:
            self._running.discard(process)
            if code:
                self._failed.append(" ".join(["dvc repro", *targets]))

    def raise_failure(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._stopped:
            raise KeyboardInterrupt
        if self._failed:
            raise InputError(
                f"{', '.join(self._failed)} failed for the reason above; mend it and run again"
            )

    def __enter__(self) -> "_Repros":
        """Pass signals on to the processes."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        # A signal that is ignored, as nohup and background shells have it, stays ignored.
        heeded = [each for each in numbers if signal.getsignal(each) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._stop) for number in heeded}
        return self

    def __exit__(self, *_: object) -> None:
        """Leave signals as they were."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopped = True
        for process in list(self._running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        # A progress bar overwrites its line; only what it ended with is worth keeping.
        last = line.decode(errors="replace").rstrip().rpartition("\r")[2].rstrip()
        if last:
            yield last
