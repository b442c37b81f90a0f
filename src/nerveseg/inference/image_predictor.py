"""Trained weights as a function from images of any size to probabilities of the same size."""

import os
from pathlib import Path
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.packed_writer import resize_image
from nerveseg.device import pick_device, working_dtype
from nerveseg.errors import InputError, within
from nerveseg.inference.predict import Predictor, resize_logits
from nerveseg.inference.tta import choose_views
from nerveseg.models.weights import load_weights
from nerveseg.params.train import ViewChoice, ViewWeights

BATCH: Final = 16
_SINGLE: Final = 2
_SEVERAL: Final = 3


class ImagePredictor:
    """Predicts images as the stage `predict` does, without the rounding of stored maps.

    Args:
        predictor: the network with its test-time augmentation.
        trained_size: height and width of the frames that the network was trained on.
    """

    def __init__(self, predictor: Predictor, trained_size: tuple[int, int]) -> None:
        self._predictor = predictor
        self._trained_size = trained_size

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probability that each pixel shows the nerve.

        An image is resized to the size that the network was trained on, and its logits are
        resized back.

        Args:
            images: grey levels 0..255, uint8, H x W or N x H x W.

        Returns:
            Probabilities 0..1, float32, of the same shape.

        Raises:
            InputError: `images` has another type or shape.
        """
        if images.dtype != np.uint8 or images.ndim not in (_SINGLE, _SEVERAL):
            raise InputError(
                f"images: {images.dtype} of shape {images.shape}; "
                "give uint8 of shape H x W or N x H x W"
            )
        if 0 in images.shape[-2:]:
            raise InputError(f"images: shape {images.shape} has no pixels; give H and W above 0")
        several = images if images.ndim == _SEVERAL else images[np.newaxis]
        probabilities = np.empty(several.shape, np.float32)
        for start in range(0, len(several), BATCH):
            chunk = several[start : start + BATCH]
            resized = np.stack([resize_image(image, self._trained_size) for image in chunk])
            for row, logit in enumerate(self._predictor.logits(resized), start):
                probabilities[row] = _sigmoid(resize_logits(logit, several.shape[1:]))
        return probabilities.reshape(images.shape)


def load(
    path: str | os.PathLike[str], tta: ViewChoice = "auto", tta_weights: ViewWeights = "mean"
) -> ImagePredictor:
    """Return a predictor with the trained weights of a file.

    It runs on the device that `NERVESEG_DEVICE` names, else on a GPU if there is one, else on the
    CPU.

    Args:
        path: a file weights.safetensors that the stage `train` wrote.
        tta: views of the test-time augmentation, as `predict.tta` in params.yaml: `auto` for those
            that training has seen, `none`, `flips` (4 views), `d4` (8 views), or a list of names.
        tta_weights: `mean` or `agreement`, as `predict.tta_weights` in params.yaml.

    Raises:
        InputError: the file is missing, damaged, or does not fit this version's network; or the
            network was not trained on the views of `tta`.

    Example:
        >>> import numpy as np
        >>> import nerveseg
        >>> predict = nerveseg.load("data/models/unet/weights.safetensors")
        >>> image = np.zeros((420, 580), np.uint8)
        >>> probability = predict(image)
        >>> probability.shape, probability.dtype
        ((420, 580), dtype('float32'))
    """
    network, description = load_weights(Path(path))
    with within("tta"):
        views = choose_views(tta, description)
    if tta_weights not in get_args(ViewWeights):
        raise InputError(f"tta_weights: {tta_weights!r} is unknown; use mean or agreement")
    device = pick_device()
    predictor = Predictor(
        network,
        description.in_channels,
        views,
        weights=tta_weights,
        batch=BATCH,
        device=device,
        dtype=working_dtype("auto", device),
    )
    return ImagePredictor(predictor, description.image_size)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # Logits of a mean probability are within about -16..16 (predict.EPSILON): no overflow.
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)
