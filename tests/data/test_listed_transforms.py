"""Transforms from params.yaml: functions of seed, epoch and index; bad entries are refused."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import Batch, FrameBatches, loader
from nerveseg.data.listed_transforms import Entry
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import EpochSampler
from nerveseg.errors import InputError
from nerveseg.params.section import read
from nerveseg.params.train import TrainParams

SIZE = (48, 48)
FRAMES = 10
ROOT = Path(__file__).parents[2]
BRIGHTNESS: Entry = {"RandomBrightnessContrast": {"p": 0.5, "brightness_limit": 0.2}}
LISTED: list[Entry] = [
    BRIGHTNESS,
    {"ElasticTransform": {"p": 1.0, "alpha": 30, "sigma": 4}},
    {"GaussNoise": {"p": 0.7}},
    {"CoarseDropout": {"p": 0.5}},
]
IMAGE = np.random.default_rng(0).integers(1, 256, SIZE, dtype=np.uint8)
MASK = np.zeros(SIZE, np.uint8)
MASK[10:30, 15:40] = 1


def augmentation(transforms: list[Entry], seed: int = 1) -> Augmentation:
    return Augmentation(
        ("horizontal", "vertical", "diagonal"), Strengths(15), SIZE, seed, transforms
    )


def only(*transforms: Entry) -> Augmentation:
    return Augmentation((), Strengths(), SIZE, 1, transforms)


def test_equal_keys_give_equal_pixels_whatever_was_transformed_before() -> None:
    fresh, used = (augmentation(LISTED) for _ in range(2))
    for frame in range(7):
        used(IMAGE, MASK, (0, frame))
    np.random.default_rng().random()
    for one, other in zip(fresh(IMAGE, MASK, (2, 7)), used(IMAGE, MASK, (2, 7)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_seed_epoch_and_frame_each_matter() -> None:
    noise: list[Entry] = [{"GaussNoise": {"p": 1.0}}]
    results = {
        Augmentation((), Strengths(), SIZE, seed, noise)(IMAGE, MASK, key)[0].tobytes()
        for seed, key in [(1, (0, 0, 0)), (2, (0, 0, 0)), (1, (1, 0, 0)), (1, (0, 1, 0))]
    }
    assert len(results) == 4


def test_flips_and_rotation_come_first_and_stay_as_they_are() -> None:
    plain, listed = augmentation([]), augmentation([{"InvertImg": {"p": 1.0}}])
    for frame in range(10):
        image, mask = plain(IMAGE, MASK, (0, frame))
        inverted, same = listed(IMAGE, MASK, (0, frame))
        np.testing.assert_array_equal(inverted, 255 - image)
        np.testing.assert_array_equal(same, mask)


SPATIAL: list[Entry] = [
    {"Affine": {"p": 1.0, "rotate": [-30, 30]}},
    {"ElasticTransform": {"p": 1.0, "alpha": 60, "sigma": 4}},
    {"GridDistortion": {"p": 1.0}},
    {"Perspective": {"p": 1.0}},
]


@pytest.mark.parametrize("entry", SPATIAL, ids=lambda entry: next(iter(entry)))
def test_a_spatial_transform_moves_the_mask_with_the_image_and_keeps_it_binary(
    entry: Entry,
) -> None:
    transform = only(entry)
    moved = 0
    for frame in range(10):
        image, mask = transform(MASK * np.uint8(255), MASK, (0, frame))
        assert image.dtype == mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 1}
        assert np.mean((image > 127) != mask) < 0.02
        moved += not np.array_equal(mask, MASK)
    assert moved > 0


def test_the_image_does_not_depend_on_the_mask() -> None:
    transform, empty = augmentation(LISTED), np.zeros_like(MASK)
    empty.setflags(write=False)
    for frame in range(10):
        image, mask = transform(IMAGE, empty, (0, frame))
        np.testing.assert_array_equal(image, transform(IMAGE, MASK, (0, frame))[0])
        np.testing.assert_array_equal(mask, empty)


def test_the_transforms_of_a_list_decide_independently_whether_to_apply() -> None:
    darker: Entry = {"RandomBrightnessContrast": {"p": 0.5, "brightness_limit": [-0.2, -0.2]}}
    transform = only({"InvertImg": {"p": 0.5}}, darker)
    results = {transform(IMAGE, MASK, (0, frame))[0].tobytes() for frame in range(60)}
    pixel = {np.frombuffer(each, np.uint8).mean() for each in results}
    inverted = {value > 127 for value in pixel}
    assert inverted == {False, True}
    assert (
        len({transform(np.full_like(IMAGE, 9), MASK, (0, f))[0].tobytes() for f in range(60)}) > 3
    )


def batches(images: NDArray[np.uint8], workers: int, start: int = 0) -> Iterator[Batch]:
    sampler = EpochSampler(np.arange(FRAMES), np.arange(FRAMES) % 3 == 0, batch=4, seed=2)
    masks = images // 128
    loading = loader(
        FrameBatches(images, masks, augmentation(LISTED)), sampler, workers=workers, pin=False
    )
    sampler.start_at(1, start)
    yield from loading


def test_neither_the_number_of_workers_nor_resuming_changes_a_pixel() -> None:
    images = np.random.default_rng(5).integers(0, 256, (FRAMES, *SIZE), dtype=np.uint8)
    whole = list(batches(images, workers=0))
    for other in (list(batches(images, workers=2)), list(batches(images, workers=0, start=1))):
        for one, two in zip(whole[-len(other) :], other, strict=True):
            assert torch.equal(one.images, two.images)
            assert torch.equal(one.masks, two.masks)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"RandomBrightnesContrast": {}}, "has no transform 'RandomBrightnesContrast'; use Random"),
        ({"Compose": {}}, "has no transform 'Compose'"),
        ({"GaussNoise": {"strength": 3}}, "GaussNoise: .*'strength' are not valid"),
        ({"GaussNoise": {"p": 2}}, "GaussNoise: p: .*less than or equal to 1"),
        ({"GaussNoise": {"std_range": "much"}}, "GaussNoise: std_range: .*tuple"),
        ({"RandomCrop": {"height": 9, "width": 9}}, r"RandomCrop: makes the image .*\(9, 9\)"),
        ({"RandomCrop": {"height": 99, "width": 99}}, "RandomCrop: .*; correct the entry"),
        ({"ToFloat": {}}, "ToFloat: makes the image float32"),
        ({"Affine": {"rotate": [40, 50], "fill_mask": 255}}, "Affine: puts values other than 0"),
        ({"GaussNoise": {}, "InvertImg": {}}, "names 2 transforms; write one"),
        ({}, "names 0 transforms; write one"),
    ],
)
def test_a_bad_entry_is_refused_in_one_line_that_names_it(entry: Entry, message: str) -> None:
    with pytest.raises(InputError, match=rf"^train\.transforms\.1: .*{message}") as caught:
        only(BRIGHTNESS, entry)
    assert "\n" not in str(caught.value)


def params_with(transforms: object, folder: Path) -> Path:
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(ROOT / "params.yaml")
    document["train"]["transforms"] = transforms
    yaml.dump(document, folder / "params.yaml")
    return folder / "params.yaml"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"RandomResizedCrop": {"size": [48, 48]}}, r"transforms\.0\.RandomResizedCrop\.size: DVC"),
        ({"GaussNoise": {"nfiles": 1}}, r"train\.transforms\.0\.GaussNoise\.nfiles: DVC"),
        ({"GaussNoise": None}, r"train\.transforms\.0\.GaussNoise: .*dictionary"),
        ("GaussNoise", r"train\.transforms\.0: .*dictionary"),
    ],
)
def test_params_with_a_bad_entry_are_refused_by_key(
    entry: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read("train", TrainParams, params_with([entry], tmp_path))


def test_an_entry_of_params_yaml_is_all_that_a_transform_needs(tmp_path: Path) -> None:
    path = params_with([{"RandomBrightnessContrast": {"p": 1.0}}], tmp_path)
    transform = only(*read("train", TrainParams, path).transforms)
    assert not np.array_equal(transform(IMAGE, MASK, (0, 0))[0], IMAGE)
