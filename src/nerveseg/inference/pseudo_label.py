"""Pseudo-labels of test frames: which predictions are certain enough to train on.

The class of a pixel is the more probable one, as in Lee, *Pseudo-label*, 2013. Of the frames, only
those with a certain decision are kept, as in Xie et al., *Self-training with noisy student*, 2020.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nerveseg.pseudo_labels import Origin, PseudoLabels
from nerveseg.rle import IMAGE_SHAPE

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From N x H x W images to as many logits, as `nerveseg.inference.predict.Predictor.logits`."""


def label_frame(
    probability: NDArray[np.float32], least_area: float
) -> tuple[NDArray[np.uint8], float]:
    """Return the mask of a frame, H x W uint8 {0, 1}, and how certain it is, 0..1.

    With a nerve, the certainty is the mean probability within the mask: the precision to expect.
    Without one, it is 1 - the greatest probability of the frame, which is surely empty only if none
    of its pixels could be nerve. A mask below `least_area` is neither, and its certainty is at most
    1/2.

    Args:
        probability: H x W, 0..1.
        least_area: fewest pixels of a nerve.
    """
    mask = probability >= 0.5  # noqa: PLR2004
    if mask.sum() >= max(1.0, least_area):
        return mask.astype(np.uint8), float(probability[mask].mean(dtype=np.float64))
    return np.zeros(mask.shape, np.uint8), 1.0 - float(probability.max())


def label_test(
    networks: Sequence[Logits],
    images: NDArray[np.uint8],
    numbers: Sequence[int],
    origin: Origin,
    batch: int,
) -> PseudoLabels:
    """Return the labels of those test frames whose certainty is at least `origin.sure`.

    Args:
        networks: the networks of one fold; the mean of their probabilities counts.
        images: all packed test frames, N x H x W uint8.
        numbers: the number of each.
        origin: where the labels come from, with the thresholds.
        batch: frames per forward pass.
    """
    height, width = images.shape[1:]
    least = origin.least_area * height * width / (IMAGE_SHAPE[0] * IMAGE_SHAPE[1])
    kept = [
        (number, np.packbits(mask), certainty)
        for number, (mask, certainty) in zip(
            tqdm(numbers, f"fold {origin.fold}", leave=False, disable=None),
            (label_frame(each, least) for each in _probabilities(networks, images, batch)),
            strict=True,
        )
        if certainty >= origin.sure
    ]
    bits = np.stack([row for _, row, _ in kept]) if kept else np.empty((0, 0), np.uint8)
    return PseudoLabels(
        origin,
        np.array([number for number, _, _ in kept], np.int64),
        bits.reshape(len(kept), -(-height * width // 8)),
        np.array([certainty for *_, certainty in kept], np.float32),
        (int(height), int(width)),
    )


def _probabilities(
    networks: Sequence[Logits], images: NDArray[np.uint8], batch: int
) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(images), batch):
        chosen = images[start : start + batch]
        # The logits of a `Predictor` are within +-16.2, so nothing overflows.
        each = [1.0 / (1.0 + np.exp(-network(chosen))) for network in networks]
        yield from np.mean(each, axis=0)
