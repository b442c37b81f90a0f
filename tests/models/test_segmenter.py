"""Padding to the sizes that the encoders need, and cropping back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nerveseg.models.blocks.segmenter import Segmenter


class Echo(Segmenter):
    """Returns its input, and remembers it."""

    def segment(self, image: Tensor) -> Tensor:
        self.seen = image
        return image


@given(height=st.integers(1, 100), width=st.integers(1, 100))
def test_padding_then_cropping_is_the_identity(height: int, width: int) -> None:
    echo, image = Echo(), torch.rand(1, 2, height, width)
    assert torch.equal(echo(image), image)
    assert [side % 32 for side in echo.seen.shape[-2:]] == [0, 0]
    assert echo.seen.shape[-2] - height < 32
    assert echo.seen.shape[-1] - width < 32


def test_the_rim_repeats_the_edge_on_both_sides() -> None:
    echo = Echo()
    image = torch.arange(12.0).view(1, 1, 3, 4)
    echo(image)
    assert echo.seen[0, 0, 0, 0] == image[0, 0, 0, 0]
    assert echo.seen[0, 0, -1, -1] == image[0, 0, -1, -1]


def test_auxiliary_logits_are_cropped_as_well() -> None:
    class Two(Segmenter):
        def segment(self, image: Tensor) -> tuple[Tensor, ...]:
            return image, 2 * image

    image = torch.rand(1, 1, 40, 50)
    first, second = Two()(image)
    assert torch.equal(first, image)
    assert torch.equal(second, 2 * image)


@pytest.mark.parametrize("size", [(32, 64), (96, 96)])
def test_a_size_that_fits_is_left_alone(size: tuple[int, int]) -> None:
    echo, image = Echo(), torch.rand(1, 1, *size)
    echo(image)
    assert echo.seen is image
