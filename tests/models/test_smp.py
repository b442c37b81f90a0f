"""Networks of a library, chosen by names: names, pretrained weights, sizes and titles."""

from pathlib import Path
from urllib.error import URLError

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from safetensors.torch import save_file
from segmentation_models_pytorch.encoders import encoders
from torch import Tensor
from torchvision.models import resnet18

from nerveseg.errors import InputError
from nerveseg.models.factory import build, build_empty, check_options
from nerveseg.models.networks.smp import Smp
from nerveseg.models.registry import titles
from nerveseg.models.weights import Description, check_network, load_weights, save_weights

TINY = "tu-test_resnet"


def state_of(network: torch.nn.Module) -> dict[str, Tensor]:
    """Return the weights with random statistics of normalisation."""
    torch.manual_seed(5)
    return {
        name: value + 0.01 * torch.rand_like(value) if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return state_of(resnet18())


@pytest.fixture(scope="module")
def file(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(state, path)
    return path


def test_it_is_the_library_s_network() -> None:
    torch.manual_seed(0)
    ours = build("smp", 1, encoder="resnet18").eval()
    torch.manual_seed(0)
    theirs = smp.Unet("resnet18", encoder_weights=None, in_channels=1).eval()
    image = torch.randn(2, 1, 64, 96)
    assert torch.equal(ours(image), theirs(image))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"architecture": "UNet"}, r"there is no architecture 'UNet'; did you mean Unet"),
        ({"encoder": "resnet19"}, r"there is no encoder 'resnet19'; did you mean resnet1"),
        ({"encoder": "tu-resnet19"}, r"there is no encoder 'tu-resnet19'; did you mean tu-resnet"),
        ({"encoder": "tu-resnet18.nobody"}, r"there is no encoder 'tu-resnet18.nobody'; did"),
        ({"settings": {"classes": 2}}, r"settings: classes cannot be set here"),
        ({"settings": {"colour": 2}}, r"settings: Unet has no argument 'colour'; did you mean"),
        ({"settings": {"encoder_depth": 9}}, r"Unet cannot be built on resnet18: .*depth"),
        ({"architecture": "DPT"}, r"DPT cannot be built on resnet18: .*'tu-'"),
        ({"settings": 3}, r"smp: settings cannot be '3'"),
        ({"width": 8}, r"smp has no option 'width'; it has architecture, encoder"),
    ],
)
def test_what_does_not_exist_or_fit_is_one_line(options: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line) as caught:
        check_options("smp", options)
    assert "\n" not in str(caught.value)


def test_a_network_for_other_sizes_is_refused_before_the_training() -> None:
    with pytest.raises(InputError, match="cannot compute an image of 128 x 128: Input height"):
        check_options("smp", {"architecture": "DPT", "encoder": "tu-vit_tiny_patch16_224"})


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("architecture", ["Unet", "PSPNet"])
def test_a_file_fills_the_encoder_alone(
    file: Path, state: dict[str, Tensor], channels: int, architecture: str
) -> None:
    options = {"architecture": architecture, "encoder": "resnet18"}
    torch.manual_seed(0)
    filled = build("smp", channels, **options, encoder_weights=str(file)).state_dict()
    torch.manual_seed(0)
    plain = build("smp", channels, **options).state_dict()
    prefix = "network.encoder."
    expected = {f"{prefix}{key}": value for key, value in state.items() if "fc" not in key}
    stem = f"{prefix}conv1.weight"
    if channels == 1:
        expected[stem] = expected[stem].sum(1, keepdim=True)
    for key, value in filled.items():
        torch.testing.assert_close(value, expected.get(key, plain[key]))


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_an_encoder_of_timm_takes_timm_s_file(tmp_path: Path, name: str) -> None:
    whole = timm.create_model("test_resnet", pretrained=False)
    tensors, path = state_of(whole), tmp_path / name
    save_file(tensors, path) if path.suffix == ".safetensors" else torch.save(tensors, path)
    network = build("smp", 3, encoder=TINY, encoder_weights=str(path))
    own = network.get_submodule("network.encoder.model").state_dict()
    assert own
    assert all(torch.equal(own[key], tensors[key]) for key in own)
    check_options("smp", {"encoder": TINY, "encoder_weights": str(path)})


@pytest.mark.parametrize("encoder", ["resnet34", "tu-resnet34", "mobilenet_v2"])
def test_the_file_of_another_encoder_is_refused(file: Path, encoder: str) -> None:
    options: dict[str, object] = {"encoder": encoder, "encoder_weights": str(file)}
    with pytest.raises(
        InputError, match=rf"resnet18.safetensors: not the weights of {encoder} with its layer"
    ) as caught:
        check_options("smp", options)
    assert "\n" not in str(caught.value)
    build_empty("smp", 1, options)


def test_a_cut_off_file_is_refused(tmp_path: Path, file: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(InputError, match=r"cut.safetensors: cannot be read as weights"):
        check_options("smp", {"encoder_weights": str(cut)})


def no_network(*_arguments: object, **_options: object) -> None:
    raise URLError("unreachable")


@pytest.mark.parametrize("encoder", ["resnet18", "tu-resnet18", "tu-resnet18.a2_in1k"])
def test_imagenet_is_taken_from_the_cache_or_one_line_says_where_to_place_it(
    encoder: str, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    options: dict[str, object] = {"encoder": encoder, "encoder_weights": "imagenet"}
    path = tmp_path / f"hub/checkpoints/{encoder}.imagenet.safetensors"
    with pytest.raises(InputError, match=f"place the file at {path} by hand, or set encoder_w"):
        check_options("smp", options)
    path.symlink_to(file)
    check_options("smp", options)


def test_other_weights_are_answered_with_those_there_are() -> None:
    names = ", ".join(encoders["resnet18"]["pretrained_settings"])
    with pytest.raises(InputError, match=f"weights that .* of resnet18; give none, {names} or a"):
        check_options("smp", {"encoder_weights": "imagenot"})


def test_saved_weights_build_their_network_without_pretrained_ones(
    tmp_path: Path, file: Path
) -> None:
    settings = {"decoder_channels": [16, 8, 8, 4, 4]}
    options: dict[str, object] = {"encoder_weights": str(file), "settings": settings}
    network, path = build("smp", 1, **options).eval(), tmp_path / "weights.safetensors"
    save_weights(path, network, Description("smp", options, 1, (64, 96), {}))
    loaded, description = load_weights(path)
    image = torch.randn(1, 1, 60, 90)
    assert torch.equal(loaded(image), network(image))
    check_network(path, description, "smp", {"settings": settings})
    with pytest.raises(InputError, match="not of smp"):
        check_network(path, description, "smp", {"settings": settings, "encoder": "vgg11"})


def test_layers_that_the_network_does_not_use_are_not_trained() -> None:
    network = Smp(architecture="PSPNet", encoder="resnet18")
    frozen = {name for name, each in network.named_parameters() if not each.requires_grad}
    assert frozen
    assert all(name.startswith("network.encoder.layer") for name in frozen)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.autograd.backward(network(torch.randn(2, 1, 64, 64)).sum())
    assert {name for name, each in network.named_parameters() if each.grad is None} == frozen
    running = "network.encoder.bn1.running_mean"
    assert not before[running].any(), "trying the network must not have changed its statistics"


def test_a_run_has_the_names_of_its_parts_as_title() -> None:
    parts: dict[str, object] = {"architecture": "FPN", "encoder": "resnet18"}
    runs: dict[str, tuple[str, dict[str, object]]] = {
        "default": ("smp", {}),
        "fpn": ("smp", parts),
        "unet": ("smp", {"architecture": "Unet", "encoder": "resnet18"}),
        "deep": ("smp", {**parts, "settings": {"encoder_depth": 4}}),
    }
    assert titles(runs) == {
        "default": "Segmentation Models",
        "fpn": "FPN, resnet18",
        "unet": "Unet, resnet18",
        "deep": "FPN, resnet18 (settings {'encoder_depth': 4})",
    }
