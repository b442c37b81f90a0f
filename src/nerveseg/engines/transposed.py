"""Transposed convolutions as convolutions, in a model of OpenVINO.

Of transposed convolutions, OpenVINO computes only small ones in 8-bit integers. With stride s,
kernel K and n = ceil(size of K / s), the output at s q + r, for a remainder r of 0..s-1, is

    y[s q + r] = sum over j of 0..n-1 of x[q - j] K[s j + r]

in each of the two directions: an ordinary convolution for each remainder. All s^2 of them are one
convolution with s^2 times the channels, whose output is shuffled to s times the size.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nerveseg.engines.sessions import need, openvino_core


def without_transposed(model: Any) -> None:  # noqa: ANN401
    """Replace transposed convolutions in place.

    Those stay whose kernel is not constant, and those with stride 1 or with other strides down than
    across, with dilation, with automatic padding or of a size that is not known.

    Args:
        model: an `openvino.Model`. What is computed of constants alone is folded, too.
    """
    _fold_constants(model)
    for operation in _transposed(model):
        if _replaceable(operation):
            operation.output(0).replace(_convolution(operation).output(0))
    model.validate_nodes_and_infer_types()


def _transposed(model: Any) -> list[Any]:  # noqa: ANN401
    return [
        operation
        for operation in model.get_ordered_ops()
        if operation.get_type_name() == "ConvolutionBackpropData"
    ]


def _fold_constants(model: Any) -> None:  # noqa: ANN401
    """Replace what is computed of constants alone, also by transposed convolutions, by its values.

    The kernels of RPA/APF are composed of others in this way.
    """
    openvino, passes = need("openvino", "openvino"), need("openvino.passes", "openvino")
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)
    for operation in _transposed(model):
        if all(_is_constant(each) for each in operation.input_values()):
            # Without a precision, processors with bf16 units would round.
            exact = {"INFERENCE_PRECISION_HINT": "f32"}
            alone = openvino_core().compile_model(openvino.Model([operation], []), "CPU", exact)
            value = np.array(alone([])[0])
            operation.output(0).replace(openvino.op.Constant(value).output(0))
    manager.run_passes(model)


def _is_constant(output: Any) -> bool:  # noqa: ANN401
    return bool(output.get_node().get_type_name() == "Constant")


def _phases(kernel: NDArray[np.float32], stride: tuple[int, int]) -> NDArray[np.float32]:
    """Return the kernel of the convolution that replaces a transposed one.

    Args:
        kernel: I x O x H x W, I channels in, O out.
        stride: of the transposed convolution.

    Returns:
        (s^2 O) x I x n x n, for the depth-to-space operation of mode `blocks_first`.
    """
    inputs, outputs, *size = kernel.shape
    taps = [-(-length // step) for length, step in zip(size, stride, strict=True)]
    (rows, columns), (down, across) = taps, stride
    padded = np.zeros((inputs, outputs, rows * down, columns * across), np.float32)
    padded[:, :, : size[0], : size[1]] = kernel
    split = padded.reshape(inputs, outputs, rows, down, columns, across)
    # A convolution of a network is a correlation: its taps run the other way.
    flipped = split[:, :, ::-1, :, ::-1]
    ordered = flipped.transpose(3, 5, 1, 0, 2, 4)
    return np.ascontiguousarray(ordered.reshape(-1, inputs, rows, columns))


def _replaceable(operation: Any) -> bool:  # noqa: ANN401
    values = operation.get_attributes()
    square = len(set(values["strides"])) == 1 and values["strides"][0] > 1
    plain = set(values["dilations"]) == {1} and values["auto_pad"] == "explicit"
    constant = _is_constant(operation.input_value(1))
    return square and plain and constant and operation.get_output_partial_shape(0).is_static


def _convolution(operation: Any) -> Any:  # noqa: ANN401
    ops = need("openvino.opset13", "openvino")
    values = operation.get_attributes()
    stride, begins = tuple(values["strides"]), list(values["pads_begin"])
    kernel = _phases(operation.input_value(1).get_node().get_data(), stride)
    around = [length - 1 for length in kernel.shape[2:]]
    found = ops.convolution(operation.input_value(0), kernel, [1, 1], around, around, [1, 1])
    shuffled = ops.depth_to_space(found, "blocks_first", stride[0])
    ends = [start + length for start, length in zip(begins, operation.shape[2:], strict=True)]
    reached = [length - end for length, end in zip(shuffled.shape[2:], ends, strict=True)]
    # output_padding may ask for more than any tap reaches: zeros.
    after = [0, 0, *(max(0, -each) for each in reached)]
    if any(after):
        shuffled = ops.pad(shuffled, [0, 0, 0, 0], after, "constant", np.float32(0))
    return ops.slice(shuffled, begins, ends, [1, 1], axes=[2, 3])
