"""A trained network together with the views that it averages, read from its weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from nerveseg.device import Precision, pick_device, working_dtype
from nerveseg.errors import within
from nerveseg.inference.folding import folded
from nerveseg.inference.predict import Predictor
from nerveseg.inference.tta import View, choose_views
from nerveseg.models.weights import Description, check_network, load_weights
from nerveseg.params.predict import PredictParams, ViewWeights
from nerveseg.params.train import Run


class Averaged(NamedTuple):
    """A trained network and the views that it averages.

    Attributes:
        network: in eval mode, on the CPU, from N x C x H x W to logits N x 1 x H x W.
        description: what it was trained as.
        views: the views.
        weights: how they are averaged.
    """

    network: nn.Module
    description: Description
    views: Sequence[View]
    weights: ViewWeights


def load_averaged(weights: Path, run: Run, params: PredictParams) -> Averaged:
    """Return the network of a file of weights and the views of the section `predict`.

    Args:
        weights: the file.
        run: the run that it must belong to.
        params: the section.

    Raises:
        InputError: the file is unreadable or of another network, or training has not seen the
            views that are asked for.
    """
    network, description = load_weights(weights)
    check_network(weights, description, *run)
    with within("predict.tta"):
        views = choose_views(params.tta, description)
    return Averaged(network, description, views, params.tta_weights)


def torch_predictor(averaged: Averaged, precision: Precision) -> Predictor:
    """Return what computes a network with torch on the device of `pick_device`.

    Except on a CPU in float32, normalisation is folded into convolutions, which rounds otherwise:
    about one code of a stored map in 100,000 would change, by 1.

    Raises:
        InputError: as `pick_device`.
    """
    device = pick_device()
    dtype = working_dtype(precision, device)
    network, description = averaged.network, averaged.description
    channels = description.in_channels
    if device.type != "cpu" or dtype != torch.float32:
        network = folded(network, torch.zeros(1, channels, *description.image_size))
    return Predictor(
        network, channels, averaged.views, weights=averaged.weights, device=device, dtype=dtype
    )
