"""The whole way from a frame to probabilities as one module, which can be exported."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.engines.resizing import area_matrices, linear_matrix
from nerveseg.inference.predict import mean_logits
from nerveseg.inference.tta import View
from nerveseg.models.weights import Description


class FrameToProbability(nn.Module):
    """Does what `nerveseg.bedside.image_predictor.ImagePredictor` does, for frames of one size.

    Args:
        network: network in eval mode, from N x C x H x W to logits N x 1 x H x W.
        description: says which input it was trained on.
        views: views of the test-time augmentation.
        frame_size: height and width of the frames.
    """

    rows: Tensor
    columns: Tensor
    back_rows: Tensor
    back_columns: Tensor

    def __init__(
        self,
        network: nn.Module,
        description: Description,
        views: Sequence[View],
        frame_size: tuple[int, int],
    ) -> None:
        super().__init__()
        self.network = network
        self._channels = description.in_channels
        self.views = tuple(views)
        size = description.image_size
        self._resizes = size != tuple(frame_size)
        rows, columns = area_matrices(frame_size, size)
        back = [linear_matrix(*each) for each in zip(size, frame_size, strict=True)]
        matrices = {"rows": rows, "columns": columns.T, "back_rows": back[0]}
        for name, matrix in (matrices | {"back_columns": back[1].T}).items():
            self.register_buffer(name, torch.from_numpy(matrix.copy()))

    def forward(self, frames: Tensor) -> Tensor:
        """Return the probability that each pixel shows the nerve.

        Args:
            frames: N x H x W uint8, grey levels of frames of `frame_size`.

        Returns:
            N x H x W float32, 0..1.
        """
        small = frames.float()
        if self._resizes:
            # Rounded, because the network was trained on whole grey levels.
            small = (self.rows @ small @ self.columns).round()
        logits = mean_logits(self.network, to_input(small, self._channels), self.views)
        if self._resizes:
            logits = self.back_rows @ logits @ self.back_columns
        return torch.sigmoid(logits)
