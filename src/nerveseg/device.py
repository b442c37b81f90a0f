"""Where networks run and in which precision: the environment decides, so no hash depends on it."""

import os
from typing import Final, Literal

import torch

from nerveseg.errors import InputError

Precision = Literal["auto", "fp32", "bf16", "fp16"]
_DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device() -> torch.device:
    """Return the device that `NERVESEG_DEVICE` names, else a GPU if there is one, else the CPU.

    Raises:
        InputError: the variable names no device of this machine.
    """
    name = os.environ.get("NERVESEG_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"NERVESEG_DEVICE: '{name}' is no device of this machine; leave it unset or use cpu"
        ) from error
    return device


def working_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the type that `torch.autocast` should compute in on `device`.

    `auto` is bfloat16 where there are units for it (a GPU since Ampere, a CPU with AMX or
    AVX512-BF16), float32 elsewhere: without them the conversions cost more than they save.
    """
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    units = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if device.type == "cpu" and units else torch.float32
