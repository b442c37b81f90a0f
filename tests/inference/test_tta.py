"""The views of test-time augmentation are the symmetries of the square."""

import pytest
import torch

from nerveseg.inference.tta import VIEWS, View


@pytest.mark.parametrize("view", VIEWS["d4"])
def test_apply_then_invert_is_identity(view: View) -> None:
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert torch.equal(view.invert(view.apply(image)), image)


@pytest.mark.parametrize(("name", "count"), [("none", 1), ("flips", 4), ("d4", 8)])
def test_views_are_distinct_and_start_with_the_frame_itself(name: str, count: int) -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    seen = {tuple(view.apply(image).flatten().tolist()) for view in VIEWS[name]}  # type: ignore[index]
    assert len(seen) == count
    assert torch.equal(VIEWS[name][0].apply(image), image)  # type: ignore[index]


def test_a_composition_of_two_views_is_again_a_view() -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    group = {tuple(view.apply(image).flatten().tolist()) for view in VIEWS["d4"]}
    products = {
        tuple(second.apply(first.apply(image)).flatten().tolist())
        for first in VIEWS["d4"]
        for second in VIEWS["d4"]
    }
    assert products == group
