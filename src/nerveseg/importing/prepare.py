"""Decodes every image once, brings it and its mask to 420 x 580, and collects all faults."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.data.layout_writer import write_image
from nerveseg.data.parallel import for_each
from nerveseg.errors import InputError
from nerveseg.importing.annotations import Annotation
from nerveseg.importing.frames import images_of, is_lossy, values_of
from nerveseg.importing.geometry import Geometry
from nerveseg.importing.matching import MaskFile, Source
from nerveseg.importing.rules import Rules

_NO_MASK: Final = (
    "add it, or say with --missing-mask that such an image shows no nerve (empty) or is left out "
    "(skip)"
)


class Frame(NamedTuple):
    """A frame of the archive to be.

    Attributes:
        source: the file it comes from.
        place: its index in that file.
        geometry: where the image lies in the frame.
        pixels: RLE of the mask at 420 x 580; None if it is not known.
        file: the frame as a TIFF of 420 x 580.
        digest: a hash of this file.
    """

    source: Source
    place: int
    geometry: Geometry
    pixels: str | None
    file: Path
    digest: str


class Prepared(NamedTuple):
    """The outcome of decoding.

    Attributes:
        frames: in the order of the sources.
        faults: one message for each fault.
        left_out: number of frames that are left out because they have no mask.
    """

    frames: list[Frame]
    faults: list[str]
    left_out: int


def prepare(
    folder: Path,
    sources: Sequence[Source],
    annotations: Mapping[str, Annotation],
    rules: Rules,
    scratch: Path,
) -> Prepared:
    """Decode all images and masks.

    Args:
        folder: the folder to import.
        sources: the image files with their masks.
        annotations: those of LabelMe by the name of their file, those of COCO by the image.
        rules: how pixels are read.
        scratch: a folder for the resized images.
    """
    jobs = [
        _Job(folder, source, annotations, rules, scratch / f"{number}-")
        for number, source in enumerate(sources)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the decoders' remarks on headers
        for_each(_Job.run, jobs, "read images and masks")
    return Prepared(
        list(chain.from_iterable(job.frames for job in jobs)),
        list(chain.from_iterable(job.faults for job in jobs)),
        sum(job.left_out for job in jobs),
    )


class _Job:
    """One image file with its masks."""

    def __init__(
        self,
        folder: Path,
        source: Source,
        annotations: Mapping[str, Annotation],
        rules: Rules,
        prefix: Path,
    ) -> None:
        self.frames: list[Frame] = []
        self.faults: list[str] = []
        self.left_out = 0
        self._without_mask: list[int] = []
        self._folder, self._source, self._rules, self._prefix = folder, source, rules, prefix
        self._annotations = annotations
        self._streams = {
            mask.name: values_of(folder / mask.name)
            for mask in source.masks
            if mask.frame is None and mask.name not in annotations
        }

    def run(self) -> None:
        """Decode the file; faults end it, but not the import."""
        count = 0
        try:
            for image in images_of(self._folder / self._source.name, self._rules.levels):
                self._take(count, image)
                count += 1
            self._check_ends(count)
        except InputError as error:
            self._fault(self._source.name, str(error))
            self._read_masks()

    def _read_masks(self) -> None:
        """Note which masks cannot be read, although there is no image to hold them against."""
        for name, stream in self._streams.items():
            try:
                next(stream, None)
            except InputError as error:
                self._fault(name, str(error))

    def _take(self, index: int, image: NDArray[np.uint8]) -> None:
        shape = (image.shape[0], image.shape[1])
        masks = list(self._masks(index, shape))
        if index % self._rules.every:
            return
        if not masks and self._source.labelled and self._rules.missing != "empty":
            self._without_mask.append(index)
            return
        geometry = Geometry.of(shape, self._rules.fit)
        file = Path(f"{self._prefix}{index}.tif")
        write_image(file, geometry.image_to_frame(image))
        union = np.bitwise_or.reduce([np.zeros(shape, dtype=np.uint8), *masks])
        pixels = self._run_lengths(union, geometry)
        known = pixels if self._source.labelled else None
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self.frames.append(Frame(self._source, index, geometry, known, file, digest))

    def _run_lengths(self, mask: NDArray[np.uint8], geometry: Geometry) -> str:
        pixels = rle.encode(geometry.mask_to_frame(mask))
        if mask.any() and not pixels:
            self._fault(
                self._source.name,
                f"its mask of {int(mask.sum())} pixels vanishes at 580 x 420; remove it, or cut "
                "the image to the part that matters",
            )
        return pixels

    def _masks(self, index: int, shape: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
        """Yield the masks of a frame; one that cannot be read adds a fault and is empty."""
        if (annotation := self._annotations.get(self._source.name)) is not None:
            yield self._attempt(self._source.name, annotation, shape)
        for mask in self._source.masks:
            if mask.frame is not None and mask.frame - self._rules.first_frame != index:
                continue
            annotated = self._annotations.get(mask.name)
            yield self._attempt(mask.name, annotated or self._pixels(mask), shape)

    def _attempt(
        self, name: str, found: "Annotation | Iterator[NDArray[Any]]", shape: tuple[int, int]
    ) -> NDArray[np.uint8]:
        try:
            if isinstance(found, Annotation):
                return found.mask(shape, self._rules.labels)
            if (pixels := next(found, None)) is None:
                raise InputError(
                    f"has fewer frames than its image {self._source.name}; give each its mask"
                )
            _check_shape(pixels, shape)
            return self._rules.inside.mask(pixels, is_lossy(self._folder / name))
        except InputError as error:
            self._fault(name, str(error))
            return np.zeros(shape, dtype=np.uint8)

    def _pixels(self, mask: MaskFile) -> Iterator[NDArray[Any]]:
        if mask.frame is None:
            return self._streams[mask.name]
        return values_of(self._folder / mask.name)

    def _check_ends(self, count: int) -> None:
        """Check that the masks outline each of the `count` frames, and none beyond."""
        name = self._source.name
        if count == 0:
            raise InputError("has no frames; replace it")
        self._check_missing(count)
        for mask, stream in self._streams.items():
            if not self.faults and next(stream, None) is not None:
                self._fault(mask, f"has more frames than its image {name}; give each its mask")
        last = self._rules.first_frame + count - 1
        for each in self._source.masks:
            if each.frame is None and each.name in self._annotations and count > 1:
                self._fault(each.name, f"{name} has {count} frames; put {{frame}} in --masks")
            if each.frame is not None and not self._rules.first_frame <= each.frame <= last:
                self._fault(
                    each.name,
                    f"{name} has no such frame, only {self._rules.first_frame} to {last}; "
                    "correct the name or --first-frame",
                )
        if name in self._annotations and count > 1:
            raise InputError(f"annotated, but it has {count} frames; annotate stills")

    def _check_missing(self, count: int) -> None:
        if self._rules.missing == "skip":
            self.left_out = len(self._without_mask)
        elif self._without_mask:
            some = f" for {len(self._without_mask)} of {count} frames" if count > 1 else ""
            self._fault(self._source.name, f"no mask{some}; {_NO_MASK}")

    def _fault(self, name: str, text: str) -> None:
        """Note a fault; of several in one file, the first."""
        if not any(known.startswith(f"{name}: ") for known in self.faults):
            self.faults.append(f"{name}: {text}")


def _check_shape(pixels: NDArray[Any], shape: tuple[int, int]) -> None:
    if pixels.shape[:2] != shape:
        raise InputError(
            f"{pixels.shape[1]} x {pixels.shape[0]}, but its image is {shape[1]} x {shape[0]}; "
            "give masks the size of their images"
        )
