"""The views of test-time augmentation are symmetries of the square, and those of training."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nerveseg.data.augment import Augmentation
from nerveseg.data.random_warp import Strengths
from nerveseg.errors import InputError
from nerveseg.inference.tta import SETS, VIEWS, View, choose_views, names_of
from nerveseg.models.weights import Description
from nerveseg.params.predict import ViewChoice

ALL = ["horizontal", "vertical", "diagonal"]
IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
BY_HAND = {
    "identity": IMAGE,
    "horizontal": IMAGE[:, ::-1],
    "vertical": IMAGE[::-1],
    "rotate_180": np.rot90(IMAGE, 2),
    "transpose": IMAGE.T,
    "rotate_90": np.rot90(IMAGE),
    "rotate_270": np.rot90(IMAGE, 3),
    "anti_transpose": np.rot90(IMAGE, 2).T,
}


def trained_on(flips: object, size: tuple[int, int] = (96, 96)) -> Description:
    return Description("unet", {}, 1, size, {} if flips is None else {"flips": flips})


def chosen(tta: ViewChoice, flips: object, size: tuple[int, int] = (96, 96)) -> str:
    return names_of(choose_views(tta, trained_on(flips, size)))


def viewed(view: View) -> NDArray[np.uint8]:
    return view.apply(torch.from_numpy(IMAGE)).numpy()


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_apply_then_invert_is_identity(view: View) -> None:
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert torch.equal(view.invert(view.apply(image)), image)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_does_what_its_name_says(name: str) -> None:
    np.testing.assert_array_equal(viewed(VIEWS[name]), BY_HAND[name])  # type: ignore[index]


@pytest.mark.parametrize(("name", "count"), [("none", 1), ("flips", 4), ("d4", 8)])
def test_views_of_a_set_are_distinct_and_start_with_the_frame_itself(name: str, count: int) -> None:
    assert len({viewed(view).tobytes() for view in SETS[name]}) == count
    assert np.array_equal(viewed(SETS[name][0]), IMAGE)


def test_a_composition_of_two_views_is_again_a_view() -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    group = {tuple(view.apply(image).flatten().tolist()) for view in SETS["d4"]}
    products = {
        tuple(second.apply(first.apply(image)).flatten().tolist())
        for first in SETS["d4"]
        for second in SETS["d4"]
    }
    assert products == group


@pytest.mark.parametrize(
    "flips",
    [
        [],
        ["horizontal"],
        ["vertical"],
        ["diagonal"],
        ["horizontal", "vertical"],
        ["horizontal", "diagonal"],
        ["diagonal", "horizontal"],
        ["vertical", "diagonal"],
        ALL,
        ALL[::-1],
    ],
    ids=" ".join,
)
def test_auto_is_exactly_what_training_shows(flips: Sequence[str]) -> None:
    augmentation = Augmentation(flips, Strengths(), IMAGE.shape, 1)
    shown = {augmentation(IMAGE, IMAGE, (0, frame))[0].tobytes() for frame in range(100)}
    views = choose_views("auto", trained_on(flips))
    assert len(views) == 2 ** len(flips)
    assert {viewed(view).tobytes() for view in views} == shown


@pytest.mark.parametrize(
    ("flips", "views"),
    [
        ([], "identity"),
        (["horizontal"], "identity, horizontal"),
        (["vertical", "horizontal"], "identity, horizontal, vertical, rotate_180"),
        (ALL, ", ".join(VIEWS)),
    ],
)
def test_auto_by_hand(flips: Sequence[str], views: str) -> None:
    assert chosen("auto", flips) == views


@pytest.mark.parametrize(
    ("tta", "flips", "unseen"),
    [
        ("flips", ["horizontal"], "vertical, rotate_180 "),
        ("flips", [], "horizontal, vertical, rotate_180 "),
        ("d4", ["vertical", "horizontal"], "transpose, rotate_90, rotate_270, anti_transpose "),
        ("flips", None, "horizontal, vertical, rotate_180 .its weights record no flips"),
    ],
)
def test_a_set_with_views_that_training_has_not_seen_is_refused(
    tta: ViewChoice, flips: object, unseen: str
) -> None:
    with pytest.raises(InputError, match=f"^{tta} has views .*: {unseen}.*write auto .*names$"):
        chosen(tta, flips)


@pytest.mark.parametrize("flips", [ALL, ALL[::-1]])
@pytest.mark.parametrize("tta", ["none", "flips", "d4"])
def test_a_set_that_training_has_seen_is_used_silently(
    tta: ViewChoice, flips: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert chosen(tta, flips) == names_of(SETS[str(tta)])
    assert caplog.records == []


def test_views_asked_for_by_name_are_used_in_their_order(caplog: pytest.LogCaptureFixture) -> None:
    assert chosen(["horizontal", "identity"], ["horizontal"]) == "horizontal, identity"
    assert caplog.records == []


def test_a_warning_names_the_unseen_views_of_a_list(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert chosen(["identity", "rotate_180"], ["horizontal"]) == "identity, rotate_180"
    (line,) = caplog.messages
    assert "rotate_180 (its train.flips: ['horizontal'])" in line
    assert "\n" not in line


def test_weights_without_recorded_flips_are_predicted_upright_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert chosen("auto", None) == "identity"
    assert ["record no train.flips" in line for line in caplog.messages] == [True]


@pytest.mark.parametrize("flips", [["sideways"], 3])
def test_unknown_flips_of_the_weights_are_refused(flips: object) -> None:
    with pytest.raises(InputError, match=r"with the flips .* does not know; train"):
        chosen("auto", flips)


@pytest.mark.parametrize("tta", ["d4", ["identity", "transpose", "rotate_90"]])
def test_transposing_views_of_oblong_frames_are_refused(tta: ViewChoice) -> None:
    with pytest.raises(InputError, match=r"transpose, rotate_90.* need square .*\[64, 96\]; leave"):
        chosen(tta, ALL, (64, 96))
    assert chosen(["vertical", "identity"], ALL, (64, 96)) == "vertical, identity"


@pytest.mark.parametrize("tta", ["D4", "", [], ["identity", "identity"], ["d4"], [3], 8, None])
def test_what_names_no_views_is_refused(tta: ViewChoice) -> None:
    with pytest.raises(InputError, match=r"^write one of auto, none, flips, d4, or a list of "):
        chosen(tta, ALL)
