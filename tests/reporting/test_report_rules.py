"""The rules that choose and crop frames, and the contrast of a nerve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nerveseg.reporting import cases
from nerveseg.reporting.cases import contrast_to_noise
from nerveseg.reporting.frame_views import MARGIN, crop_window, example_grids
from nerveseg.reporting.results import Results

FRAMES = pd.DataFrame(
    {
        "subject": [2, 1, 1, 3, 3, 2],
        "img": [1, 2, 1, 1, 2, 2],
        "true_area": [500, 100, 300, 0, 0, 200],
        "contrast": [0.5, 2.0, 1.0, np.nan, np.nan, 0.1],
        "a": [0.9, 0.2, 0.6, 1.0, 1.0, 0.1],
        "b": [0.9, 0.4, 0.6, 0.0, 1.0, 0.3],
    },
    index=["2_1", "1_2", "1_1", "3_1", "3_2", "2_2"],
)


def test_examples_run_from_hard_to_easy_then_the_frame_that_splits_the_runs() -> None:
    # Means .9 .3 .6 .2; their quantiles at 1/4 and 3/4 are .275 and .675: 1_2 (.3), then the
    # nearest frame of the other subjects.
    assert cases.choose_examples(FRAMES, ["a", "b"], 2) == ["1_2", "2_1", "3_1"]


def test_examples_stay_ordered_where_the_only_other_subject_is_harder() -> None:
    # Quantiles .2 and .5: first 1_1, as near as 2_1 and before it; then 2_1, of the other subject.
    frames = FRAMES.loc[["1_1", "1_2", "2_1"]].assign(a=[0.3, 0.7, 0.1])
    assert cases.choose_examples(frames, ["a"], 2) == ["2_1", "1_1"]


def test_examples_without_a_nerve_have_no_order(results: Results) -> None:
    chosen = cases.find_cases(results, 3, 0)
    ordered = "Rows with a nerve are ordered from hard to easy."
    assert all(ordered in grid["caption"] for grid in example_grids(results, chosen))
    empty = replace(chosen, examples=chosen.examples[-1:])
    assert all(ordered not in grid["caption"] for grid in example_grids(results, empty))


def test_examples_never_repeat_a_frame_even_when_asked_for_more_than_there_are() -> None:
    chosen = cases.choose_examples(FRAMES, ["a", "b"], 10)
    assert sorted(chosen) == ["1_1", "1_2", "2_1", "2_2", "3_1"]


def test_smallest_and_faintest_skip_frames_without_a_nerve() -> None:
    assert cases.smallest(FRAMES, 2) == ["1_2", "2_2"]
    assert cases.faintest(FRAMES, 2) == ["2_2", "1_1"]


def test_failures_take_one_frame_per_subject_first() -> None:
    assert cases.worst(FRAMES, "a", 3) == ["2_2", "1_2", "1_1"]
    assert cases.faintest(FRAMES, 9) == ["2_2", "1_1", "2_1", "1_2"]


def test_false_alarms_are_frames_without_a_nerve_with_a_prediction() -> None:
    area = pd.Series([9, 9, 9, 70, 0, 9], index=FRAMES.index)
    assert cases.false_alarms(FRAMES, area, 4) == ["3_1"]


def test_rules_accept_a_set_without_any_nerve() -> None:
    empty = FRAMES[FRAMES["true_area"] == 0]
    assert cases.choose_examples(empty, ["a", "b"], 3) == ["3_1"]
    assert cases.worst(empty, "a", 3) == []


@pytest.mark.parametrize("count", [0, 1, 3, 6, 9])
def test_spread_is_even_ordered_and_without_repeats(count: int) -> None:
    chosen = cases.evenly_spaced(FRAMES, count)
    assert len(chosen) == len(set(chosen)) == min(count, 6)
    assert chosen == sorted(chosen)


def test_contrast_of_two_greys_with_known_noise() -> None:
    image = np.zeros((100, 100), np.uint8)
    image[:, ::2] = 20  # mean 10, variance 100
    mask = np.zeros_like(image)
    mask[40:60, 40:60] = 1
    image[40:60, 40:60] += 30
    assert contrast_to_noise(image, mask) == pytest.approx(3.0, rel=0.03)


def test_contrast_is_undefined_without_a_nerve_and_without_surroundings() -> None:
    image = np.zeros((50, 50), np.uint8)
    assert np.isnan(contrast_to_noise(image, np.zeros_like(image)))
    assert np.isnan(contrast_to_noise(image, np.ones_like(image)))


def test_window_holds_the_mask_and_its_margin_at_the_aspect_ratio_of_the_frame() -> None:
    mask = np.zeros((420, 580), np.uint8)
    mask[100:300, 200:260] = 1
    top, left, height, width = crop_window(mask)
    assert top <= 100 - MARGIN
    assert top + height >= 300 + MARGIN
    assert left <= 200
    assert left + width >= 260
    assert width / height == pytest.approx(580 / 420, rel=0.01)


def test_window_stays_within_the_frame_and_is_the_whole_frame_for_an_empty_mask() -> None:
    mask = np.zeros((420, 580), np.uint8)
    assert crop_window(mask) == (0, 0, 420, 580)
    mask[0, 0] = mask[419, 579] = 1
    assert crop_window(mask) == (0, 0, 420, 580)
    mask[:] = 0
    mask[415:, 575:] = 1
    top, left, height, width = crop_window(mask)
    assert (top + height, left + width) == (420, 580)


def test_ablation_figure_shows_the_runs_of_the_papers_networks_not_their_namesakes(
    results: Results,
) -> None:
    # A run called unet trains the network baseline; the run called baseline trains another one.
    paper = pd.DataFrame(
        {"table": [1, 1], "network": ["baseline", "rpa_apf"], "run": ["unet", "rpa_apf"]}
    )
    grids = example_grids(replace(results, paper=paper), cases.find_cases(results, 1, 0))
    shown = {grid["name"]: [run["name"] for run in grid["runs"]] for grid in grids}
    assert shown == {
        "examples-ablation": ["unet", "rpa_apf"],
        "examples-networks": ["baseline", "rpa_apf"],
    }
