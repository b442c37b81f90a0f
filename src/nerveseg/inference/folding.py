"""A network without those batch normalisations that its convolutions can do by themselves.

In eval mode, batch normalisation scales and shifts every channel by constants (Ioffe and Szegedy,
'Batch Normalization', ICML 2015, algorithm 2). Behind a convolution, these are factors of its
kernels and a bias.

Which convolution a normalisation follows is not read from the order or the names of the modules,
but from the operations of a forward pass.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias, TypeGuard, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, UntypedStorage, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nerveseg.models.blocks.apf import NearestUpConv

log = logging.getLogger(__name__)

Convolution: TypeAlias = nn.Conv2d | nn.ConvTranspose2d
Layer = TypeVar("Layer", bound=nn.Module)
CONVOLUTIONS: Final = (nn.Conv2d, nn.ConvTranspose2d)
ACTIVATED: Final = "timm.layers.norm_act.BatchNormAct2d"
"""A normalisation that goes on with its modules `drop` and `act`."""


def folded(network: nn.Module, example: Tensor) -> nn.Module:
    """Return a network that computes the same in eval mode, with fewer normalisations.

    A normalisation is folded if it is all that reads the output of a convolution, and if each of
    the two is used once in a forward pass. All others stay. The new weights are computed in
    float64 and rounded to the type of the old ones.

    Args:
        network: any network on the CPU; it is not changed.
        example: an input, N x C x H x W, whose values do not matter. If the network does other
            operations for other sizes, the result is right for this one alone.

    Returns:
        A copy in eval mode; `network` itself if its operations cannot be followed.
    """
    try:
        return _folded(network, example)
    except Exception as error:
        # The classes of libraries raise many types of errors.
        reason = " ".join(str(error).split())[:120]
        log.info("batch normalisation is not folded: %s: %s", type(error).__name__, reason)
        return network


def _folded(network: nn.Module, example: Tensor) -> nn.Module:
    result = deepcopy(network).eval()
    _replace(result, {each: each.merged() for each in _all(result, NearestUpConv)})
    # With a bias, every convolution does in the first pass what it would do folded.
    added = [each for each in _all(result, *CONVOLUTIONS) if each.bias is None]
    for each in added:
        each.bias = nn.Parameter(each.weight.new_zeros(each.out_channels))
    before = _follow(result, example)
    pairs = _pairs(before)
    for convolution, (norm, _) in pairs.items():
        _fold(convolution, norm)
    _replace(result, {norm: _rest_of(norm) for norm, _ in pairs.values()})
    left = before.calls - Counter(call for _, call in pairs.values())
    if _follow(result, example).calls != left:
        raise RuntimeError("without it, the network does something else")
    for each in added:
        if each not in pairs:
            each.bias = None
    return result


@dataclass(eq=False)
class _Memory:
    """What a forward pass does with some memory: that of a tensor and of all its views.

    Attributes:
        owners: the modules that have a parameter or buffer there, and its name.
        reads: how many arguments of operations lie there; 1 more if it is returned.
        convolution: the weight and the bias of the convolution that wrote it.
    """

    owners: list[tuple[nn.Module, str]] = field(default_factory=list)
    reads: int = 0
    convolution: tuple["_Memory", "_Memory"] | None = None


class _Normalised(NamedTuple):
    """A normalisation of a forward pass: where its input and its running mean lie, and its call."""

    input: _Memory
    mean: _Memory
    training: bool
    call: str


class _Pass(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the operations of a forward pass on the CPU, in which convolutions return zeros.

    Attributes:
        calls: operation that reads tensors, with their shapes and its other arguments -> times.
        normalised: all normalisations with running statistics.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch imports its compiler, which takes seconds, to keep it out of here.
        return False

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()
        self.normalised: list[_Normalised] = []
        # Weak, because maps are large. Memory that is allocated again is another key.
        self._known: WeakKeyDictionary[UntypedStorage, _Memory] = WeakKeyDictionary()

    def memory_of(self, tensor: Tensor) -> _Memory:
        """Return what is known of the memory of `tensor`."""
        return self._known.setdefault(tensor.untyped_storage(), _Memory())

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Run one operation and note it."""
        given = tree_leaves((args, kwargs))
        read = [each for each in given if isinstance(each, Tensor)]
        for each in read:
            self.memory_of(each).reads += 1
        call = str([func, *(each.shape if isinstance(each, Tensor) else each for each in given)])
        self.calls[call] += bool(read)
        if func is torch.ops.aten.convolution.default:
            out = _zeros(*args)
            if args[2] is not None:
                self.memory_of(out).convolution = (self.memory_of(args[1]), self.memory_of(args[2]))
            return out
        if func is torch.ops.aten.native_batch_norm.default and args[3] is not None:
            norm = _Normalised(self.memory_of(args[0]), self.memory_of(args[3]), args[5], call)
            self.normalised.append(norm)
        return func(*args, **(kwargs or {}))


def _zeros(image: Tensor, weight: Tensor, _: Tensor | None, *settings: Any) -> Tensor:  # noqa: ANN401
    """Return a map of the size of a convolution's output; the arguments are those of torch's."""
    stride, padding, dilation, transposed, output_padding, groups = settings
    sides = []
    for at, (side, kernel) in enumerate(zip(image.shape[2:], weight.shape[2:], strict=True)):
        reach = dilation[at] * (kernel - 1) + 1 - 2 * padding[at]
        back = (side - 1) * stride[at] + reach + output_padding[at]
        sides.append(back if transposed else (side - reach) // stride[at] + 1)
    channels = weight.shape[1] * groups if transposed else len(weight)
    return image.new_zeros(len(image), channels, *sides)


def _follow(network: nn.Module, example: Tensor) -> _Pass:
    """Return what a forward pass does."""
    seen = _Pass()
    for module in network.modules():
        own = chain(module.named_parameters(recurse=False), module.named_buffers(recurse=False))
        for name, each in own:
            seen.memory_of(each).owners.append((module, name))
    with torch.no_grad(), seen:
        returned = network(example)
    if not isinstance(returned, Tensor):
        raise TypeError(f"the network returns a {type(returned).__name__}")
    seen.memory_of(returned).reads += 1
    return seen


def _pairs(seen: _Pass) -> dict[Convolution, tuple[nn.BatchNorm2d, str]]:
    """Return convolutions and, with its call, the normalisation behind each; both are used once."""
    pairs = {}
    for norm in seen.normalised:
        if norm.training or norm.input.convolution is None:
            continue
        weights = (*norm.input.convolution, norm.mean)
        if any(each.reads != 1 or len(each.owners) != 1 for each in weights):
            continue
        (first, weight), (second, bias), (module, mean) = (each.owners[0] for each in weights)
        own = first is second and (weight, bias, mean) == ("weight", "bias", "running_mean")
        if own and norm.input.reads == 1 and _takes_factors(first) and _can_leave(module):
            pairs[first] = module, norm.call
    return pairs


def _takes_factors(module: nn.Module) -> TypeGuard[Convolution]:
    # In a transposed kernel of several groups, the channels of the output are in two dimensions.
    grouped = isinstance(module, nn.ConvTranspose2d) and module.groups > 1
    return isinstance(module, CONVOLUTIONS) and not grouped and not _has_hooks(module)


def _can_leave(module: nn.Module) -> TypeGuard[nn.BatchNorm2d]:
    kind = type(module)
    known = kind is nn.BatchNorm2d or f"{kind.__module__}.{kind.__qualname__}" == ACTIVATED
    return known and not _has_hooks(module)


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _fold(convolution: Convolution, norm: nn.BatchNorm2d) -> None:
    """Put a normalisation into the weights of the convolution before it."""
    assert convolution.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    folded_weights = fuse_conv_bn_weights(
        convolution.weight.double(),
        convolution.bias.double(),
        norm.running_mean.double(),
        norm.running_var.double(),
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(convolution, nn.ConvTranspose2d),
    )
    convolution.weight, convolution.bias = (
        nn.Parameter(new.detach().to(convolution.weight.dtype)) for new in folded_weights
    )


def _rest_of(norm: nn.BatchNorm2d) -> nn.Module:
    """Return what a normalisation does besides."""
    if type(norm) is nn.BatchNorm2d:
        return nn.Identity()
    return nn.Sequential(norm.get_submodule("drop"), norm.get_submodule("act"))


def _all(network: nn.Module, *kinds: type[Layer]) -> list[Layer]:
    return [each for each in network.modules() if isinstance(each, kinds)]


def _replace(network: nn.Module, others: Mapping[nn.Module, nn.Module]) -> None:
    """Put other modules in the places of some in a network."""
    for parent in list(network.modules()):
        for name, child in list(parent._modules.items()):
            if child is not None and child in others:
                setattr(parent, name, others[child])
