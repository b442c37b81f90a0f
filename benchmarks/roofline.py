"""A lower bound of the time that a device needs for some work, operation by operation."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


class Ceilings(NamedTuple):
    """The speeds that a device reached when it did nothing else.

    Attributes:
        flops: floating-point operations per second of a large matrix product in the working type.
        bytes: bytes that a large copy reads and writes per second.
    """

    flops: float
    bytes: float


class Tally(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the roofline bounds of all operations that run in its context.

    The bound of an operation is the larger of two times: that of its arithmetic, at the speed of
    matrix products, and that of its memory traffic (each input read once, each output written
    once), at the speed of copies. Views are free. Fused operations can be faster than the sum.

    Args:
        ceilings: the speeds of the device.
    """

    def __init__(self, ceilings: Ceilings) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ceilings = ceilings
        self.seconds = 0.0
        self.flops = 0.0
        self.bytes = 0.0
        self.arithmetic_seconds = 0.0

    def __enter__(self) -> Self:
        """Start counting."""
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Run one operation and count it."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        moved = _bytes_of(func, args, kwargs, out)
        count = flop_registry.get(func.overloadpacket)
        work = float(count(*args, **kwargs, out_val=out)) if count else 0.0
        self.flops += work
        self.bytes += moved
        self.arithmetic_seconds += work / self._ceilings.flops
        self.seconds += max(work / self._ceilings.flops, moved / self._ceilings.bytes)
        return out


def ceilings(device: torch.device, dtype: torch.dtype, side: int = 8192) -> Ceilings:
    """Measure `device` with a side x side matrix product and a copy of 16 such matrices."""
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    flops = 2.0 * side**3 / _seconds(lambda: left @ right, device)
    source = torch.randn(16, side, side, device=device)
    target = torch.empty_like(source)
    moved = 2.0 * source.numel() * source.element_size()
    return Ceilings(flops, moved / _seconds(lambda: target.copy_(source), device))


def wait(device: torch.device) -> None:
    """Return once all work that is queued on `device` is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _seconds(work: Callable[[], object], device: torch.device, times: int = 10) -> float:
    for _ in range(3):
        work()
    wait(device)
    start = time.perf_counter()
    for _ in range(times):
        work()
    wait(device)
    return (time.perf_counter() - start) / times


def _bytes_of(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: object) -> float:  # noqa: ANN401
    schema = func._schema
    returns = [each.alias_info for each in schema.returns]
    if any(each is not None and not each.is_write for each in returns) or "empty" in schema.name:
        return 0.0
    moved = _size([args, kwargs])
    for place, argument in enumerate(schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            moved += _size(args[place] if place < len(args) else kwargs.get(argument.name))
    if not any(each is not None for each in returns):
        moved += _size(out)
    return moved


def _size(tree: object) -> float:
    return float(
        sum(
            leaf.numel() * leaf.element_size()
            for leaf in tree_leaves(tree)
            if isinstance(leaf, Tensor)
        )
    )
