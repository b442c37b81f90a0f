"""Compares a network of the library with its transcription: logits, and gradients of one step."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from loop_reading import lively
from torch import Tensor, nn

from nerveseg.models.blocks.segmenter import Segmenter
from transcription.weights import Weights

Heads = tuple[Tensor, ...]
Transcription = Callable[[Weights, Tensor], Heads]
IMAGES = 2


class Parity(NamedTuple):
    """How far a network is from its transcription.

    Attributes:
        output: largest difference of a logit, in eval mode and of all heads in training mode.
        gradient: largest difference of a gradient of one training step.
        spread: standard deviation of the logits, to judge `output` by.
        slope: root mean square of the gradients, to judge `gradient` by.
        unread: weights and statistics that the transcription does not use.
    """

    output: float
    gradient: float
    spread: float
    slope: float
    unread: frozenset[str]


def compare(
    network: Segmenter, transcription: Transcription, channels: int, size: tuple[int, int]
) -> Parity:
    """Compare both on two random images, in float64.

    Args:
        network: any network; its weights, statistics and gammas become random.
        transcription: the same network as a function, with all heads of training mode.
        channels: channels of the images.
        size: (height, width) of the images, multiples of 32.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(IMAGES, channels, *size, generator=generator).double()
    masks = torch.randn(IMAGES, 1, *size, generator=generator).sign().clamp(min=0).double()
    state = Weights(lively(network).state_dict(), training=False)
    with torch.no_grad():
        scored, wanted = _heads(network(images)), transcription(state, images)[:1]
    own = {key: each.detach().clone().requires_grad_() for key, each in network.named_parameters()}
    leaves = Weights(own, training=True)
    ours, theirs = _heads(_without_dropout(network)(images)), transcription(leaves, images)
    torch.autograd.backward(_loss(ours, masks))
    torch.autograd.backward(_loss(theirs, masks))
    gradients = [_gradient(each) for each in network.parameters()]
    return Parity(
        output=max(_largest(scored, wanted), _largest(ours, theirs)),
        gradient=_largest(gradients, [_gradient(own[key]) for key in own]),
        spread=scored[0].std().item(),
        slope=torch.cat([each.flatten() for each in gradients]).square().mean().sqrt().item(),
        unread=frozenset(_tensors(network) - state.read - leaves.read),
    )


def _heads(logits: Tensor | Heads) -> Heads:
    return logits if isinstance(logits, tuple) else (logits,)


def _without_dropout(network: Segmenter) -> Segmenter:
    """Put the network in training mode, apart from dropout: both sides would draw differently."""
    for each in network.train().modules():
        if isinstance(each, nn.Dropout2d):
            each.eval()
    return network


def _loss(heads: Heads, masks: Tensor) -> Tensor:
    return torch.stack([_cross_entropy_and_dice(each, masks) for each in heads]).mean()


def _cross_entropy_and_dice(logits: Tensor, masks: Tensor) -> Tensor:
    probability = logits.sigmoid()
    overlap = 2 * (probability * masks).sum()
    dice = overlap / (probability.square().sum() + masks.square().sum())
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - dice


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _largest(ours: Heads | list[Tensor], theirs: Heads | list[Tensor]) -> float:
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def _tensors(network: Segmenter) -> set[str]:
    return {key for key in network.state_dict() if not key.endswith("num_batches_tracked")}
