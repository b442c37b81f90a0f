"""Trained weights as a function from images of any size to probabilities of the same size."""

import os
from functools import partial
from pathlib import Path
from typing import Final, cast, get_args

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.artefact.format import Artefact, read_artefact
from nerveseg.bedside.decide import Finding, decide, sigmoid
from nerveseg.data.input_normalisation import DEVIATION, MEAN
from nerveseg.data.packed_writer import resize_image
from nerveseg.engines.beside import read_beside
from nerveseg.engines.choice import EngineLogits, choose
from nerveseg.engines.sessions import engine_of, is_exported, open_engine
from nerveseg.errors import InputError, within
from nerveseg.inference.averaged import Averaged
from nerveseg.inference.predict import LogitSource
from nerveseg.inference.resize_logits import resize_logits
from nerveseg.inference.tta import View, choose_views
from nerveseg.models.weights import Description, load_weights
from nerveseg.package import unpacked_model
from nerveseg.params.predict import EngineName, ViewChoice, ViewWeights

BATCH: Final = 16
_SINGLE: Final = 2
_SEVERAL: Final = 3
_MOST_CHANNELS: Final = 4


class ImagePredictor:
    """Predicts images as the stage `predict` does, without the rounding of stored maps.

    Args:
        source: the network with its test-time augmentation.
        trained_size: height and width of the frames that the network was trained on.
        rule: how maps become masks and states.
        engine: what computes it, in words.

    Attributes:
        rule: as given; replace it to decide otherwise.
        engine: as given.
    """

    def __init__(
        self,
        source: LogitSource,
        trained_size: tuple[int, int],
        rule: DecisionRule | None = None,
        engine: str = "torch",
    ) -> None:
        self._source = source
        self._trained_size = trained_size
        self.rule = rule or DecisionRule()
        self.engine = engine

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probability that each pixel shows the nerve.

        An image is resized to the size that the network was trained on, and its logits are
        resized back.

        Args:
            images: grey levels 0..255, uint8, H x W or N x H x W. A last axis of up to 4 is taken
                for colours, and refused.

        Returns:
            Probabilities 0..1, float32, of the same shape.

        Raises:
            InputError: `images` has another type or shape, such as that of a colour image.
        """
        return sigmoid(self.logits(images))

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits of `images`, see `__call__`; float32, of the same shape."""
        _check_images(images)
        several = images if images.ndim == _SEVERAL else images[np.newaxis]
        logits = np.empty(several.shape, np.float32)
        for start in range(0, len(several), BATCH):
            chunk = several[start : start + BATCH]
            resized = np.stack([resize_image(image, self._trained_size) for image in chunk])
            for row, logit in enumerate(self._source.logits(resized), start):
                logits[row] = resize_logits(logit, several.shape[1:])
        return logits.reshape(images.shape)

    def find(self, images: NDArray[np.uint8]) -> list[Finding]:
        """Return what is found on each image: its mask, its probability of a nerve, its state.

        Args:
            images: as for `__call__`; a single image gives a list of one.

        Raises:
            InputError: `images` has another type or shape, or a logit is NaN.
        """
        logits = self.logits(images)
        several = logits if logits.ndim == _SEVERAL else logits[np.newaxis]
        return [decide(logit, self.rule) for logit in several]


def load(
    path: str | os.PathLike[str],
    tta: ViewChoice | None = None,
    tta_weights: ViewWeights | None = None,
    engine: EngineName = "torch",
) -> ImagePredictor:
    """Return a predictor with the trained weights of a file.

    Torch runs on the device that `NERVESEG_DEVICE` names, else on a GPU if there is one, else on
    the CPU; the other engines run on the CPU.

    Args:
        path: a zip that `nerveseg share` wrote, the artefact in it, a file weights.safetensors
            that the stage `train` wrote, or a file .onnx or .xml that `nerveseg export` wrote.
        tta: views of the test-time augmentation, as `predict.tta` in params.yaml: `auto` for those
            that training has seen, `none`, `flips` (4 views), `d4` (8 views), or a list of names.
            Without it, those that the artefact names, or `auto`.
        tta_weights: `mean` or `agreement`, as `predict.tta_weights` in params.yaml. Without it,
            what the artefact says, or `mean`.
        engine: `torch`, `onnx`, `openvino`, or `auto` for the fastest that agrees with torch (see
            `nerveseg.engines.choice.choose`). An exported file has its own.

    Raises:
        InputError: the file is missing, damaged or of another version; the network was not trained
            on the views of `tta`; or the engine is unknown or not installed.

    Example:
        >>> import numpy as np
        >>> import nerveseg
        >>> predict = nerveseg.load("data/models/unet/weights.safetensors")
        >>> image = np.zeros((420, 580), np.uint8)
        >>> predict(image).shape, predict(image).dtype
        ((420, 580), dtype('float32'))
        >>> [finding] = predict.find(image)
        >>> finding.mask.shape, finding.state in ("nerve", "none", "unsure")
        ((420, 580), True)
    """
    _check_engine(engine)
    if is_exported(Path(path)):
        return _exported(Path(path), tta or tta_weights, engine)
    with unpacked_model(Path(path)) as file:
        artefact = read_artefact(file)
        if artefact is not None:
            with within(str(file)):
                _check_readable(artefact)
        network, description = load_weights(file)
    views, weights = _views(artefact, description, tta, tta_weights)
    averaged, size = Averaged(network, description, views, weights), description.image_size
    found = choose(averaged, engine, partial(_examples, size))
    return ImagePredictor(found.source, size, artefact.rule if artefact else None, found.words)


def _check_engine(engine: str) -> None:
    if engine not in (known := get_args(EngineName)):
        raise InputError(f"engine: {engine!r} is unknown; use one of {', '.join(known)}")


def _check_images(images: object) -> None:
    """Raise InputError unless `images` is an array of grey images."""
    if not isinstance(images, np.ndarray):
        raise InputError(
            f"images: of type {type(images).__name__}; give an array of numpy, uint8 of shape "
            "H x W or N x H x W"
        )
    if images.dtype != np.uint8 or images.ndim not in (_SINGLE, _SEVERAL):
        raise InputError(
            f"images: {images.dtype} of shape {images.shape}; "
            "give uint8 of shape H x W or N x H x W"
        )
    if 0 in images.shape[-2:]:
        raise InputError(f"images: shape {images.shape} has no pixels; give H and W above 0")
    # Otherwise the rows of a colour image would pass for images of their own, 3 pixels wide.
    # Whether red or blue comes first is not known, so the caller converts it.
    if images.ndim == _SEVERAL and images.shape[2] <= _MOST_CHANNELS:
        raise InputError(
            f"images: shape {images.shape} is that of an image with {images.shape[2]} "
            f"channel{'s' * (images.shape[2] > 1)}; make it grey, of shape H x W, such as with "
            "cv2.imread(path, cv2.IMREAD_GRAYSCALE)"
        )


def _examples(size: tuple[int, int]) -> NDArray[np.uint8]:
    from nerveseg.data.simulated.examples import example_frames  # scipy takes long to load

    return np.stack([resize_image(frame, size) for frame in example_frames()])


def _exported(path: Path, views: object, engine: EngineName) -> ImagePredictor:
    own = engine_of(path)
    if views is not None:
        raise InputError(f"{path}: its views are fixed; export it with others, or leave tta out")
    if engine not in ("torch", "auto", own):
        raise InputError(f"{path}: its engine is {own}; leave the engine out")
    beside = read_beside(path)
    return ImagePredictor(EngineLogits(open_engine(path)), beside.frame, beside.rule, own)


def _check_readable(artefact: Artefact) -> None:
    """Raise InputError if this version would predict otherwise than the version that trained."""
    given = artefact.normalisation
    if (given.mean, given.deviation) != (MEAN, DEVIATION):
        raise InputError(
            f"it normalises grey levels by {given.mean} and {given.deviation}, this version by "
            f"{MEAN} and {DEVIATION}; install the nerveseg that it was made with"
        )


def _views(
    artefact: Artefact | None,
    description: Description,
    tta: ViewChoice | None,
    tta_weights: ViewWeights | None,
) -> tuple[tuple[View, ...], ViewWeights]:
    chosen = tta if tta is not None else (artefact.tta if artefact else "auto")
    weights = (
        tta_weights if tta_weights is not None else (artefact.tta_weights if artefact else "mean")
    )
    with within("tta"):
        views = choose_views(cast(ViewChoice, chosen), description)
    if weights not in get_args(ViewWeights):
        raise InputError(f"tta_weights: {weights!r} is unknown; use mean or agreement")
    return views, weights
