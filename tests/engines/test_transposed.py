"""Transposed convolutions that are computed as convolutions give the same as torch's."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from nerveseg.engines.sessions import need, openvino_core
from nerveseg.engines.transposed import without_transposed

ops = need("openvino.opset13", "openvino")
Model = need("openvino", "openvino").Model
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize(("padding", "further"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_they_give_what_torch_gives(kernel: int, stride: int, padding: int, further: int) -> None:
    rng = np.random.default_rng(kernel)
    weights = rng.standard_normal((3, 2, kernel, kernel)).astype(np.float32)
    images = rng.standard_normal((1, 3, 5, 7)).astype(np.float32)
    peer = functional.conv_transpose2d(
        torch.from_numpy(images), torch.from_numpy(weights), stride=stride, padding=padding,
        output_padding=further,
    ).numpy()  # fmt: skip
    frame = ops.parameter([1, 3, 5, 7], np.float32)
    # A kernel that is computed, by a transposed convolution even, as some are in exported networks.
    one = ops.constant(np.ones((1, 1, 1, 1), np.float32))
    composed = ops.convolution_backprop_data(
        ops.constant(weights.reshape(6, 1, kernel, kernel)), one, [1, 1]
    )
    computed = ops.reshape(composed, list(weights.shape), special_zero=False)
    pads = [padding, padding]
    found = ops.convolution_backprop_data(
        frame, computed, [stride] * 2, pads_begin=pads, pads_end=pads, output_padding=[further] * 2
    )
    model = Model([found], [frame])
    without_transposed(model)
    kinds = {operation.get_type_name() for operation in model.get_ops()}
    assert "ConvolutionBackpropData" not in kinds
    result = openvino_core().compile_model(model, "CPU", EXACT)([images])[0]
    assert result.shape == peer.shape
    np.testing.assert_allclose(result, peer, atol=1e-4)


def test_what_cannot_be_replaced_stays() -> None:
    frame = ops.parameter([1, 3, 5, 7], np.float32)
    kernel = ops.parameter([3, 2, 3, 3], np.float32)
    model = Model([ops.convolution_backprop_data(frame, kernel, [2, 2])], [frame, kernel])
    without_transposed(model)
    kinds = {operation.get_type_name() for operation in model.get_ops()}
    assert "ConvolutionBackpropData" in kinds
