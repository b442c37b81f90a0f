"""torch.compile with a way back: where compiling fails, the training goes on without it."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.training.restore_point import restore_point
from nerveseg.training.sync_batch_norm import left_uncompiled

log = logging.getLogger(__name__)

CACHE: Final = "TORCHINDUCTOR_CACHE_DIR"


class CompiledPasses:
    """Forward and backward passes of a compiled module; of the module itself once that fails.

    A size of frames is compiled when it is first met. If that fails, everything that the failed
    pass may have changed is restored, so the training has the bits of one that never compiled.

    Args:
        module: what to compile.
        passes: adds the gradient of a micro-batch to that of the weights, by calling the module
            that it is given; returns the loss.
        generator: random numbers of the device.
    """

    def __init__(
        self,
        module: nn.Module,
        passes: Callable[[Callable[[Batch], Any], Batch], Tensor],
        generator: torch.Generator,
    ) -> None:
        self._module, self._passes, self._generator = module, passes, generator
        self._compiled: Callable[[Batch], Any] | None = None
        self._sizes: set[torch.Size] = set()
        self._failed = False

    def __call__(self, batch: Batch) -> Tensor:
        """Do what `passes` does."""
        if self._failed:
            return self._passes(self._module, batch)
        if batch.images.shape in self._sizes:
            return self._passes(self._compile(), batch)
        restore = restore_point(self._module, self._generator)
        try:
            loss = self._passes(self._compile(), batch)
        except torch.OutOfMemoryError:
            raise  # without compiling it would need more
        except Exception as error:
            # The compiler calls other programs, and raises whatever they do.
            reason = (str(error).strip().splitlines() or [""])[0][:200]
            line = "torch.compile failed (%s: %s); the training goes on without it"
            log.warning(line, type(error).__name__, reason)
            restore()
            self._failed = True
            return self._passes(self._module, batch)
        self._sizes.add(batch.images.shape)
        return loss

    def _compile(self) -> Callable[[Batch], Any]:
        if self._compiled is None:
            keep_cache()
            # Not earlier: an average copies the network, and a copy would call the layers of the
            # original.
            left_uncompiled(self._module)
            self._compiled = torch.compile(self._module, dynamic=False)
        return self._compiled


def keep_cache() -> None:
    """Let the compiler keep what it compiles, unless `TORCHINDUCTOR_CACHE_DIR` says where.

    Otherwise it uses a temporary folder, which is empty after a restart of the machine. The place
    is `nerveseg/inductor` in the user's cache folder, if that can be written.
    """
    if os.environ.get(CACHE):
        return
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        folder = caches.absolute() / "nerveseg/inductor"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # not writable, or no home
        return
    if os.access(folder, os.W_OK):
        os.environ[CACHE] = str(folder)
