"""Finding labels that contradict those of near-duplicate frames."""

from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nerveseg.data.archive import Competition
from nerveseg.data.audit import (
    Contradiction,
    contradictions,
    distances,
    read_doubtful,
    statistics,
    votes,
    write_contradictions,
)
from nerveseg.data.layout import TrainRecord
from nerveseg.data.packed import Packed, read_train
from nerveseg.data.packed_writer import write_packed
from nerveseg.data.simulated.competition import write_competition
from nerveseg.errors import InputError
from nerveseg.params.data import SimulatedSource


class Settings(TypedDict):
    """Settings of the search for contradictions."""

    blocks: int
    bandwidth: float
    agreement: float
    least_similarity: float


# The default's, so that it is the default whose limit is tested.
SETTINGS: Settings = YAML(typ="safe").load(Path(__file__).parents[2] / "params.yaml")["audit"]
# The disc of `sweep` moves so far that neighbours correlate at as little as 0.81.
COARSE: Settings = {**SETTINGS, "least_similarity": 0.5}


def sweep(labels: str, subject: int = 1) -> tuple[NDArray[np.uint8], list[TrainRecord]]:
    """Return noisy frames over which a bright disc wanders; 'x' is an outlined frame."""
    rng = np.random.default_rng(subject)
    row, column = np.mgrid[:96, :96]
    images = []
    for step in range(len(labels)):
        inside = (row - 48) ** 2 + (column - 10 - 4 * step) ** 2 < 500
        images.append(60 + 60 * inside + rng.normal(0, 10, (96, 96)))
    records = [TrainRecord(subject, img, "1 1" * (x == "x")) for img, x in enumerate(labels, 1)]
    return np.stack(images).astype(np.uint8), records


def test_a_forgotten_frame_is_found_with_its_neighbour() -> None:
    images, records = sweep("....xxxx.xxxx......")
    (found,) = contradictions(images, records, **COARSE)
    assert (found.subject, found.img, found.labelled) == (1, 9, 0)
    assert found.neighbour_img in (8, 10)
    assert 0 < found.distance < 1


def test_a_frame_outlined_by_mistake_is_found() -> None:
    images, records = sweep("......x.....")
    (found,) = contradictions(images, records, **COARSE)
    assert (found.img, found.labelled) == (7, 1)


@pytest.mark.parametrize("labels", ["....xxxxxx......", "............", "xxxxxxxxxx", "x", ".x"])
def test_a_sweep_without_contradiction_has_no_finding(labels: str) -> None:
    assert contradictions(*sweep(labels), **COARSE) == []


def test_the_frames_of_other_subjects_do_not_count() -> None:
    first, second = sweep("xxxxxxxx", 1), sweep("........", 2)
    images = np.concatenate([first[0], second[0]])
    assert contradictions(images, first[1] + second[1], **COARSE) == []


def test_statistics_are_means_and_deviations_of_blocks() -> None:
    image = np.zeros((4, 4), np.uint8)
    image[:2, :2] = [[10, 10], [20, 20]]
    assert statistics(image, 2).tolist() == [15, 0, 0, 0, 5, 0, 0, 0]


def test_distance_is_0_between_equals_and_2_between_opposites() -> None:
    features = np.array([[1, 0], [1, 0], [-1, 0], [-1, 0]], np.float32)
    np.testing.assert_allclose(distances(features)[0], [0, 0, 2, 2], atol=1e-5)


def test_a_vote_fades_to_1_over_e_within_the_bandwidth() -> None:
    # Frames on a line at 0, 1 and 3: the median nearest-neighbour distance is 1.
    distance = np.array([[0, 1, 3], [1, 0, 2], [3, 2, 0]], np.float32)
    labels = np.array([False, True, False])
    share = votes(distance, labels, bandwidth=1.0, least_similarity=-5)
    assert share[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert share[1] == 0


def test_frames_below_the_least_similarity_do_not_vote() -> None:
    # Correlations: first and second 0.9, second and third 0.5, first and third 0.4.
    distance = np.array([[0, 0.1, 0.6], [0.1, 0, 0.5], [0.6, 0.5, 0]], np.float32)
    share = votes(distance, np.array([False, False, True]), bandwidth=9, least_similarity=0.8)
    assert share[:2].tolist() == [0, 0]
    assert np.isnan(share[2])


def test_frames_that_resemble_no_other_are_never_doubted() -> None:
    rng = np.random.default_rng(3)
    images = np.stack([_blurred(rng.normal(size=(96, 96))) for _ in range(24)])
    records = [TrainRecord(1, img, "1 1" * (img % 4 != 0)) for img in range(1, 25)]
    distance = distances(np.stack([statistics(image, 16) for image in images]))
    assert (1 - distance)[~np.eye(24, dtype=bool)].max() < SETTINGS["least_similarity"]
    assert contradictions(images, records, **SETTINGS) == []
    # Without the limit, the least dissimilar frames would decide.
    without: Settings = {**SETTINGS, "least_similarity": -1.0}
    assert contradictions(images, records, **without)


def test_near_duplicates_of_unrelated_frames_vote_on_each_other() -> None:
    rng = np.random.default_rng(3)
    scenes = [_blurred(rng.normal(size=(96, 96))).astype(float) for _ in range(4)]
    images = np.stack([scene + rng.normal(0, 3, (96, 96)) for scene in scenes for _ in range(4)])
    labels = [scene < 2 for scene in range(4) for _ in range(4)]
    labels[1] = False
    records = [TrainRecord(1, img, "1 1" * label) for img, label in enumerate(labels)]
    (found,) = contradictions(images.clip(0, 255).astype(np.uint8), records, **SETTINGS)
    assert (found.img, found.labelled) == (1, 0)
    assert found.neighbour_img in (0, 2, 3)


def _blurred(noise: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return smooth structures of about a sixth of the frame, 96 x 96 uint8."""
    smooth = cv2.GaussianBlur(noise, (0, 0), 8)
    return np.asarray(np.clip(128 + 40 * smooth / smooth.std(), 0, 255), np.uint8)


def test_identical_frames_are_compared_too() -> None:
    images = np.full((5, 32, 32), 7, np.uint8)
    records = [TrainRecord(1, img, "1 1" * (img != 3)) for img in range(1, 6)]
    (found,) = contradictions(images, records, **SETTINGS)
    assert found[:2] == (1, 3)


def test_most_nerves_left_unlabelled_are_found(tmp_path: Path) -> None:
    settings = SimulatedSource(
        recipe=1,
        seed=11,
        train_subjects=4,
        train_frames=48,
        test_subjects=1,
        test_frames=2,
        nerve_share=0.5,
        nerve_spread=0.1,
        unlabelled=0.1,
    )
    write_competition(tmp_path, settings)
    with Competition(tmp_path / "competition.zip") as competition:
        write_packed(competition, tmp_path / "packed", (96, 96))
    packed = Packed.open(tmp_path / "packed")
    found = contradictions(packed.train_images, packed.train, **SETTINGS)
    doubted = {row[:2] for row in found if not row.labelled}
    forgotten = {record[:2] for record in read_train(tmp_path / "unlabelled.csv")}
    recall = len(doubted & forgotten) / len(forgotten)
    precision = len(doubted & forgotten) / len(doubted)
    print(f"{len(forgotten)} left unlabelled: recall {recall:.2f}, precision {precision:.2f}")
    assert recall >= 0.6
    assert precision >= 0.6


def test_the_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    write_contradictions(path, [Contradiction(3, 9, 8, 0.123456, 0)])
    assert path.read_text() == ("subject,img,neighbour_img,distance,labelled\n3,9,8,0.1235,0\n")
    assert read_doubtful(path) == {(3, 9)}


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"audit\.csv: not readable"):
        read_doubtful(tmp_path / "audit.csv")
