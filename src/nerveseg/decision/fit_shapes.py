"""Fits the prior of shape to training masks by principal component analysis."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.inference.shape_prior import ShapePrior, aligned


def fit_shapes(masks: Iterable[NDArray[np.uint8]], components: int) -> ShapePrior:
    """Return the prior with the first principal components of the masks that are not empty.

    Args:
        masks: the training masks, each H x W uint8 {0, 1}.
        components: how many, from 1.

    Raises:
        InputError: fewer than `components + 2` masks are not empty.
    """
    vectors = [aligned(mask)[1] for mask in masks if mask.any()]
    if len(vectors) < components + 2:
        raise InputError(
            f"params.yaml: decide.shape: {components} components need {components + 2} training "
            f"masks with a nerve, and there are {len(vectors)}; lower it, or set it to 0"
        )
    rows = np.array(vectors, dtype=np.float64)
    mean = rows.mean(axis=0)
    _, singular, directions = np.linalg.svd(rows - mean, full_matrices=False)
    deviations = singular[:components] / np.sqrt(len(rows) - 1)
    return ShapePrior.of(mean, directions[:components], deviations)
