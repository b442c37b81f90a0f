"""Where and how networks run: the environment and the hardware decide, so no hash depends on it."""

import os
from typing import Final, Literal

import torch
from torch import nn

from nerveseg.errors import InputError

Precision = Literal["auto", "fp32", "bf16", "fp16"]
# From so many channels on, strided 1 x 1 convolutions are sound on a CPU with channels last.
SOUND_CHANNELS: Final = 16
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


def memory_format_for(network: nn.Module, device: torch.device) -> torch.memory_format:
    """Return how images should lie in memory: channels last, where that is sound.

    On a CPU, torch 2.14.1 (oneDNN) writes beyond its buffers in the backward pass of a 1 x 1
    convolution with stride 2 from 8 channels or fewer to images of 64 x 64 and more in this
    layout: it dies, or worse, does not. 12 channels were right, 16 is the margin.
    """
    narrow = any(
        isinstance(each, nn.Conv2d)
        and each.kernel_size == (1, 1)
        and each.stride != (1, 1)
        and each.in_channels < SOUND_CHANNELS
        for each in network.modules()
    )
    return torch.contiguous_format if device.type == "cpu" and narrow else torch.channels_last
