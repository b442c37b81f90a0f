"""Convolutions and matrix products that compute nothing: what is counted are shapes."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

_ATEN: Final = torch.ops.aten
PRODUCTS: Final = frozenset(
    {
        _ATEN.convolution.default,
        _ATEN.convolution_backward.default,
        _ATEN.mm.default,
        _ATEN.addmm.default,
        _ATEN.bmm.default,
    }
)
COMPOSED: Final = frozenset(
    {
        _ATEN.conv2d.default,
        _ATEN.conv2d.padding,
        _ATEN.conv_transpose2d.input,
        _ATEN.linear.default,
        _ATEN.matmul.default,
    }
)
"""What consists of `PRODUCTS` and views, and arrives whole in inference mode."""


class ShapesOnly(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Leaves the results of products undefined, which a CPU may take long for in bfloat16.

    A mode around this one sees them with tensors of the device `meta`, which have the same shapes.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Run one operation, or make an empty tensor of its result's shape."""
        kwargs = kwargs or {}
        if func in COMPOSED:
            with self:
                return func.decompose(*args, **kwargs)
        if func not in PRODUCTS:
            return func(*args, **kwargs)
        shapes = tree_map(lambda value: _empty(value, "meta"), (args, kwargs))
        return tree_map(lambda value: _empty(value, "cpu"), func(*shapes[0], **shapes[1]))


def _empty(value: object, device: str) -> object:
    return torch.empty_like(value, device=device) if isinstance(value, Tensor) else value
