"""Pretrained encoder weights: valid files are loaded, others give a clear one-line message."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import Tensor
from torchvision.models import ResNet34_Weights, resnet34

from nerveseg.errors import InputError
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.factory import build, check_options, options_of
from nerveseg.models.registry import OWN

WITH_ENCODER = [name for name in OWN if "encoder_weights" in options_of(name)]


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return dict(resnet34().state_dict())


@pytest.fixture(scope="module")
def file(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet34.pth"
    torch.save(state, path)
    return path


def no_network(*_arguments: object, **_options: object) -> None:
    raise URLError("unreachable")


def test_seven_networks_share_the_pretrained_encoder() -> None:
    assert {"unet", "attention_unet", "unetpp"}.isdisjoint(WITH_ENCODER)
    ablation = {"baseline", "baseline_rpa", "baseline_apf", "rpa_apf"}
    assert ablation | {"danet", "cenet", "cpfnet"} <= set(WITH_ENCODER)


@pytest.mark.parametrize("name", WITH_ENCODER)
def test_every_encoder_takes_torchvision_s_file(
    name: str, file: Path, state: dict[str, Tensor]
) -> None:
    network = build(name, 3, encoder_weights=str(file))
    filled = network.get_submodule("encoder").state_dict()
    assert all(torch.equal(filled[key], state[key]) for key in filled)


def test_a_grey_image_and_its_three_equal_channels_look_the_same(file: Path) -> None:
    grey, colour = (ResNet34(channels, 64, str(file)).eval() for channels in (1, 3))
    image = torch.randn(1, 1, 64, 64)
    for one, three in zip(grey(image), colour(image.expand(-1, 3, -1, -1)), strict=True):
        torch.testing.assert_close(one, three, rtol=1e-3, atol=1e-4)


def test_imagenet_takes_the_file_that_lies_in_torch_s_cache(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Tensor]
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    place = tmp_path / "hub" / "checkpoints"
    place.mkdir(parents=True)
    (place / Path(ResNet34_Weights.IMAGENET1K_V1.url).name).symlink_to(file)
    encoder = ResNet34(3, 64, "imagenet")
    assert torch.equal(
        encoder.get_parameter("layer4.2.conv2.weight"), state["layer4.2.conv2.weight"]
    )


def test_without_a_connection_one_line_says_where_to_place_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(InputError, match=f"place the file at {tmp_path}.* or set .* to none"):
        check_options("rpa_apf", {"encoder_weights": "imagenet"})


def test_a_path_to_nothing_is_found_before_the_network_is_built(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"absent.pth is not a file; give imagenet, none or a file"
    ):
        check_options("danet", {"encoder_weights": str(tmp_path / "absent.pth")})


def test_another_width_than_the_pretrained_is_refused(file: Path) -> None:
    options: dict[str, object] = {"encoder_weights": str(file), "width": 16}
    with pytest.raises(InputError, match="fits width 64, not 16; set encoder_weights to none"):
        check_options("cenet", options)


def test_two_channels_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match="pretrained weights fit images of 1 or 3 channels, not 2"):
        ResNet34(2, 64, str(file))


def saved(path: Path, content: object) -> str:
    torch.save(content, path)
    return str(path)


def test_a_layer_too_few_or_too_many_is_named(tmp_path: Path, state: dict[str, Tensor]) -> None:
    short = {key: value for key, value in state.items() if key != "layer3.0.conv1.weight"}
    with pytest.raises(InputError, match=r"short.pth: not the weights .*layer3.0.conv1.weight"):
        ResNet34(3, 64, saved(tmp_path / "short.pth", short))
    with pytest.raises(InputError, match=r"long.pth: not the weights .*layer9"):
        ResNet34(3, 64, saved(tmp_path / "long.pth", state | {"layer9": torch.zeros(1)}))


def test_a_layer_of_another_shape_is_refused(tmp_path: Path, state: dict[str, Tensor]) -> None:
    wrong = state | {"layer4.2.conv2.weight": torch.zeros(512, 512, 1, 1)}
    with pytest.raises(InputError, match=r"wrong.pth: .*size mismatch"):
        ResNet34(3, 64, saved(tmp_path / "wrong.pth", wrong))


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}], ids=["list", "checkpoint"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError, match=r"other.pth: is not a dict of tensors"):
        ResNet34(3, 64, saved(tmp_path / "other.pth", content))


def test_a_file_that_would_run_code_is_not_unpickled(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"network.pth: cannot be read as weights"):
        ResNet34(3, 64, saved(tmp_path / "network.pth", Path("an object, not tensors")))


def test_a_cut_off_file_is_refused(tmp_path: Path, file: Path) -> None:
    cut = tmp_path / "cut.pth"
    cut.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(InputError, match=r"cut.pth: cannot be read as weights"):
        ResNet34(3, 64, str(cut))


def test_a_file_of_something_else_is_refused_before_anything_runs(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    other = tmp_path / "other.pth"
    options = {"encoder_weights": str(other)}
    other.write_text("hello")
    with pytest.raises(InputError, match="cannot be read as weights"):
        check_options("cenet", options)
    for wrong in ({"conv1.weight": torch.zeros(3)}, {**state, "conv1.weight": torch.zeros(3)}):
        torch.save(wrong, other)
        with pytest.raises(InputError, match="not the weights of a ResNet-34"):
            check_options("cenet", options)
    torch.save(state, other)
    check_options("cenet", options)
