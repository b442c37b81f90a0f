"""Views are weighted by the leading eigenvector of the matrix of their pairwise Dice."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import dice

from nerveseg.inference.view_weights import agreement_weights


def weights_of(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights of the views of one frame, from their masks V x H x W."""
    probabilities = torch.where(torch.from_numpy(masks), 0.9, 0.1)
    weights: NDArray[np.float64] = agreement_weights(probabilities[None])[0].numpy()
    return weights


def transcribed(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the leading eigenvector, by LAPACK; the masks are not empty."""
    flat = masks.reshape(len(masks), -1)
    matrix = [[1 - dice(one, other) for other in flat] for one in flat]
    leading = np.linalg.eigh(np.array(matrix))[1][:, -1]
    return np.asarray(leading / leading.sum())


def blobs(views: int, seed: int) -> NDArray[np.bool_]:
    """Return similar masks: discs whose centre and radius vary."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:48, :48]
    return np.array(
        [
            (rows - rng.normal(24, 3)) ** 2 + (columns - rng.normal(24, 3)) ** 2
            < rng.uniform(8, 16) ** 2
            for _ in range(views)
        ]
    )


@pytest.mark.parametrize("views", [2, 3, 4, 8])
@pytest.mark.parametrize("seed", range(5))
def test_weights_are_those_of_lapack_and_scipy(views: int, seed: int) -> None:
    masks = blobs(views, seed)
    np.testing.assert_allclose(weights_of(masks), transcribed(masks), atol=1e-6)
    assert weights_of(masks).sum() == pytest.approx(1)


def test_a_view_that_disagrees_weighs_less_than_any_other() -> None:
    masks = blobs(4, 1)
    masks[2] = np.roll(masks[2], 9, axis=1)
    assert np.argmin(weights_of(masks)) == 2
    masks[2] = False
    assert weights_of(masks)[2] == 0


@pytest.mark.parametrize("views", range(1, 9))
@pytest.mark.parametrize("filled", [False, True])
def test_equal_views_weigh_the_same(views: int, filled: bool) -> None:
    masks = np.zeros((views, 6, 7), np.bool_)
    masks[:, 1:4, 2:5] = filled
    np.testing.assert_allclose(weights_of(masks), 1 / views, rtol=1e-12)


def test_views_without_any_agreement_weigh_the_same() -> None:
    masks = np.eye(9, dtype=np.bool_).reshape(9, 3, 3)[:5]
    np.testing.assert_allclose(weights_of(masks), 0.2, rtol=1e-12)


def test_two_groups_of_one_size_weigh_the_same_and_the_larger_of_two_wins() -> None:
    masks = np.zeros((5, 4, 4), np.bool_)
    masks[:2, 0] = True
    masks[2:, 3] = True
    np.testing.assert_allclose(weights_of(masks[1:4]), [0, 0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(weights_of(masks[:4]), 0.25, rtol=1e-6)
    np.testing.assert_allclose(weights_of(masks), [0, 0, 1 / 3, 1 / 3, 1 / 3], atol=1e-12)


@pytest.mark.parametrize("empty", [1, 2, 3])
def test_the_majority_decides_whether_a_frame_is_empty(empty: int) -> None:
    masks = np.zeros((4, 4, 4), np.bool_)
    masks[empty:, 1] = True
    shares = {1: [0, 1 / 3, 1 / 3, 1 / 3], 2: [0.25] * 4, 3: [1 / 3, 1 / 3, 1 / 3, 0]}
    np.testing.assert_allclose(weights_of(masks), shares[empty], atol=1e-6)


def test_the_order_of_the_views_does_not_matter() -> None:
    masks, order = blobs(8, 2), np.random.default_rng(0).permutation(8)
    np.testing.assert_allclose(weights_of(masks[order]), weights_of(masks)[order], rtol=1e-6)


def test_frames_are_weighted_independently() -> None:
    frames = torch.rand(3, 4, 8, 8)
    together = agreement_weights(frames)
    assert together.shape == (3, 4)
    for frame, weights in zip(frames, together, strict=True):
        torch.testing.assert_close(agreement_weights(frame[None])[0], weights)


def test_a_pixel_at_exactly_half_belongs_to_the_mask() -> None:
    probabilities = torch.full((1, 3, 4, 4), 0.1)
    probabilities[0, :2, 0] = torch.tensor([[0.5], [0.9]])
    torch.testing.assert_close(
        agreement_weights(probabilities)[0], torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    )


def test_large_masks_are_counted_exactly_under_autocast() -> None:
    masks = torch.zeros(1, 3, 512, 512)
    masks[0, :, :256] = 1
    masks[0, 1, 255, 511] = 0
    expected = agreement_weights(masks)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(agreement_weights(masks), expected, rtol=0, atol=0)
    assert expected[0, 1] < expected[0, 0]
