"""Where networks run and in which precision: the environment and the hardware decide, not DVC."""

import os
from typing import Final, Literal

import torch
from torch import nn

from nerveseg.errors import InputError

Precision = Literal["auto", "fp32", "bf16", "fp16"]
DEVICES: Final = ("cpu", "cuda", "mps", "xpu")
"""Types of devices that networks can run on; torch also knows some that hold no data."""
# The fewest channels with which a strided 1 x 1 convolution is safe on a CPU in channels last.
SAFE_CHANNELS: Final = 16
_DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(index: int | None = None) -> torch.device:
    """Return the device that `NERVESEG_DEVICE` names, or else a GPU if there is one, or the CPU.

    A GPU with an index becomes torch's current one, where streams and random numbers are.

    Args:
        index: which GPU, whatever the name says; None leaves it to the name.

    Raises:
        InputError: this machine does not have the device that the variable names.
    """
    name = os.environ.get("NERVESEG_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in DEVICES:
            raise ValueError(f"not one of {DEVICES}")
        if device.type == "cuda" and index is not None:
            device = torch.device("cuda", index)
        if device.type == "cuda" and device.index is not None:
            torch.cuda.set_device(device)
        torch.empty(0, device=device)
    except Exception as error:
        # torch raises many types of errors for devices that it knows but was not built for.
        raise InputError(
            f"NERVESEG_DEVICE: '{name[:40]}' is not a device of this machine; leave it unset or "
            "use cpu"
        ) from error
    return device


def working_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the type that `torch.autocast` should compute in on `device`.

    `auto` is bfloat16 where the hardware supports it (GPUs since Ampere, CPUs with AMX or
    AVX512-BF16), float16 on older GPUs, and float32 elsewhere, where converting costs more time
    than it saves.
    """
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cuda":
        # Emulated, it would be slower than float32.
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    supported = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if device.type == "cpu" and supported else torch.float32


def choose_algorithms(*, deterministic: bool) -> None:
    """Choose for the whole process between the fastest algorithms and those that repeat their bits.

    It must be called before the first operation on a GPU. An operation that has no deterministic
    algorithm then raises RuntimeError, which names it.
    """
    # cuBLAS repeats its bits only with a workspace of fixed size.
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The call imports the compiler, which takes seconds, so a call without effect is left out.
    if deterministic != torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(deterministic)
    # Filling every new tensor would only help to find reads of uninitialised memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Shapes repeat, so it pays to time which algorithm is the fastest for each.
    torch.backends.cudnn.benchmark = not deterministic


def memory_format_for(network: nn.Module, device: torch.device) -> torch.memory_format:
    """Return the memory format for `network`: channels last where that is safe.

    On a CPU, torch 2.14.1 (oneDNN) writes beyond its buffers in the backward pass of a 1 x 1
    convolution with stride 2 if it has 8 input channels or fewer, the images are 64 x 64 or larger,
    and the format is channels last: it crashes or silently corrupts memory. 12 channels worked; 16
    leaves a margin.
    """
    narrow = any(
        isinstance(each, nn.Conv2d)
        and each.kernel_size == (1, 1)
        and each.stride != (1, 1)
        and each.in_channels < SAFE_CHANNELS
        for each in network.modules()
    )
    return torch.contiguous_format if device.type == "cpu" and narrow else torch.channels_last
