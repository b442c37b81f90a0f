"""Checkpoints that an interrupted training resumes from: one file in a locked folder."""

import fcntl
import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final

import torch

from nerveseg.errors import InputError
from nerveseg.training.snapshot import Snapshot, unpacked

FILE: Final = "last.pt"
LOCK: Final = "lock"


def key_of(settings: Mapping[str, object], files: list[Path]) -> str:
    """Return a hash of everything on which the result of a training depends.

    Args:
        settings: parameters, of types that JSON has.
        files: checksums of the data, and the fingerprint of the code; contents count, paths do
            not.

    Raises:
        InputError: one of the files cannot be read.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    for file in files:
        digest.update(_digest_of(file))
    return digest.hexdigest()[:32]


def _digest_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); run dvc repro") from error


def folder_of(key: str) -> Path:
    """Return the folder of the checkpoints with `key`.

    Under `dvc exp run --temp` DVC_ROOT is the original repository, not the temporary copy. That
    would be wrong for outputs, but is right for checkpoints, which must outlive the copy.
    """
    return Path(os.environ.get("DVC_ROOT") or ".") / ".dvc/tmp/nerveseg/checkpoints" / key


def minutes_between() -> float:
    """Return the minutes between checkpoints: `NERVESEG_CHECKPOINT_MINUTES`, or 5 if it is unset.

    Raises:
        InputError: the variable is not a number above 0.
    """
    text = os.environ.get("NERVESEG_CHECKPOINT_MINUTES") or "5"
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not minutes > 0:
        raise InputError(
            f"NERVESEG_CHECKPOINT_MINUTES: '{text}' is not a number above 0; leave it unset or "
            "use 5"
        )
    return minutes


class Checkpoints:
    """The last good state of one training.

    Args:
        folder: folder for this training only.
        minutes: minutes between two checkpoints.
    """

    def __init__(self, folder: Path, minutes: float) -> None:
        self._folder = folder
        self._seconds = 60.0 * minutes
        self._saved = time.monotonic()
        self._snapshot = Snapshot()
        self._writing: Thread | None = None
        self._failure: Exception | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._saved >= self._seconds

    @property
    def found(self) -> bool:
        """Whether there is a saved state."""
        return (self._folder / FILE).exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder against other processes while the context lasts.

        Raises:
            InputError: another process has locked it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / LOCK).open("a+") as file:
            try:
                # lockf, not flock: the loader's processes would inherit a flock and hold it for
                # some seconds after this process was killed.
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise InputError(
                    f"{self._folder}: process {file.read().strip() or '?'} is already doing this "
                    "training; wait for it, or end it and run again"
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                if self._writing is not None:
                    self._writing.join()

    def save(self, state: dict[str, Any]) -> None:
        """Replace the last checkpoint by `state`: dicts and lists of tensors, numbers and text.

        A thread writes a copy while training continues.

        Raises:
            InputError: the previous write failed; the last good checkpoint is kept.
        """
        self.finish()
        self._writing = Thread(target=self._write, args=(self._snapshot.take(state),))
        self._writing.start()
        self._saved = time.monotonic()

    def finish(self) -> None:
        """Wait until the saved state is on the disk.

        Raises:
            InputError: it could not be written; the last good checkpoint is kept.
        """
        if self._writing is not None:
            self._writing.join()
            self._writing = None
        if self._failure is not None:
            error, self._failure = self._failure, None
            raise InputError(
                f"{self._folder / FILE}: could not write a checkpoint ({error}); free some disk "
                "space and run again: training resumes from the last one, which is kept"
            ) from error

    def _write(self, state: dict[str, Any]) -> None:
        new = self._folder / f"{FILE}.new"
        try:
            # A path rather than a file object: torch then writes without holding the GIL.
            torch.save(state, str(new))
            with new.open("rb") as file:
                # Before the rename: otherwise a crash of the machine may leave an empty file
                # under the name of the good one.
                os.fsync(file.fileno())
            new.replace(self._folder / FILE)
        except (OSError, RuntimeError) as error:
            self._failure = error
            new.unlink(missing_ok=True)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Return the last saved state with its tensors on `device`; None if there is none.

        Raises:
            InputError: the file is damaged.
        """
        path = self._folder / FILE
        try:
            # torch does not compare the checksums that it writes.
            with zipfile.ZipFile(path) as file:
                if damaged := file.testzip():
                    raise zipfile.BadZipFile(f"{damaged}: wrong checksum")
            return unpacked(torch.load(path, map_location=device, weights_only=True))
        except FileNotFoundError:
            return None
        except Exception as error:
            # The unpickler raises many types of errors.
            raise InputError(
                f"{path}: damaged checkpoint ({type(error).__name__}); remove it to start over"
            ) from error

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """Report an error raised inside, where a loaded state is used, in one line.

        Raises:
            InputError: the state does not fit the training.
        """
        try:
            yield
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
            raise InputError(
                f"{self._folder / FILE}: the checkpoint of another training "
                f"({type(error).__name__}); remove it to start over"
            ) from error

    def clear(self) -> None:
        """Remove the folder after the training is complete."""
        shutil.rmtree(self._folder, ignore_errors=True)
