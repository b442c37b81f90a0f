"""Names and options of the networks, checked before any computation."""

import subprocess
import sys
from pathlib import Path

import pytest

from nerveseg.errors import InputError
from nerveseg.models import registry
from nerveseg.models.factory import build, build_empty, check_options, options_of
from nerveseg.models.registry import NETWORKS, OWN, titles


def test_importing_the_registry_imports_neither_torch_nor_a_network() -> None:
    code = "import sys, nerveseg.models.registry; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout.split()
    assert "torch" not in modules
    assert not [each for each in modules if each.startswith("nerveseg.models.blocks")]


def test_a_network_s_file_imports_blocks_alone() -> None:
    folder = Path(registry.__file__).parent / "networks"
    for path in folder.glob("*.py"):
        text = path.read_text()
        ours = [line.split()[1] for line in text.splitlines() if line.startswith("from nerveseg")]
        assert all(each.startswith("nerveseg.models.blocks.") for each in ours)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_registry_lists_the_options_of_each_class(name: str) -> None:
    defaults = {key: each.default for key, each in options_of(name).items()}
    assert NETWORKS[name].options == defaults


@pytest.mark.parametrize("name", ["resnet", "weights", "blocks"])
def test_what_is_no_network_is_answered_with_where_to_look(name: str) -> None:
    with pytest.raises(InputError, match=rf"no network is called '{name}'; there are baseline, "):
        check_options(name, {})


def test_building_a_network_imports_no_other() -> None:
    code = "import sys; from nerveseg.models.factory import build; build('unet', width=4)"
    modules = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    networks = [name for name in modules if name.startswith("nerveseg.models.networks.")]
    assert networks == ["nerveseg.models.networks.unet"]


def test_runs_of_one_network_are_told_apart_by_the_options_in_which_they_differ() -> None:
    runs: dict[str, tuple[str, dict[str, object]]] = {
        "narrow": ("unet", {"width": 8}),
        "wide": ("unet", {"width": 16}),
        "released": ("rpa_apf", {"width": 16, "reading": "released"}),
        "paper": ("rpa_apf", {"width": 16, "reading": "paper"}),
        "danet": ("danet", {"width": 16}),
        "mine": ("vnet", {}),
    }
    assert titles(runs) == {
        "narrow": "U-Net (width 8)",
        "wide": "U-Net (width 16)",
        "released": "RPA/APF (ours) (reading released)",
        "paper": "RPA/APF (ours) (reading paper)",
        "danet": "DA-Net",
        "mine": "vnet",
    }


def test_equal_runs_of_one_network_are_told_apart_by_their_names() -> None:
    runs = {"unet": ("unet", {"width": 8}), "again": ("unet", {"width": 8})}
    assert titles(runs) == {"unet": "U-Net unet", "again": "U-Net again"}


def test_an_unknown_option_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        InputError, match=r"unetpp has no option 'depth'; it has width, deep_supervision"
    ):
        check_options("unetpp", {"depth": 5})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("unet", {"width": "64"}),
        ("unet", {"width": 2.5}),
        ("rpa_apf", {"reading": "reader"}),
        ("danet", {"deep_supervision": "yes"}),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(name: str, options: dict[str, object]) -> None:
    (key, value) = next(iter(options.items()))
    with pytest.raises(InputError, match=rf"{name}: {key} cannot be '{value}': "):
        check_options(name, options)


@pytest.mark.parametrize("name", OWN)
def test_a_network_without_channels_is_refused(name: str) -> None:
    for width in (0, -8, 3):
        with pytest.raises(InputError, match=f"width: {width} is too narrow"):
            check_options(name, {"width": width})


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("width", [4, 5, 10])
def test_any_width_makes_a_network(name: str, width: int) -> None:
    check_options(name, {"width": width})
    narrow, wide = (build(name, width=each) for each in (width, width + 1))
    assert sum(p.numel() for p in narrow.parameters()) < sum(p.numel() for p in wide.parameters())


def test_width_is_an_option_of_every_network_and_the_paper_s_by_default() -> None:
    widths = {name: options_of(name)["width"].default for name in OWN}
    assert widths.pop("unetpp") == 32
    assert set(widths.values()) == {64}


def test_a_network_for_trained_weights_asks_for_no_pretrained_ones(tmp_path: Path) -> None:
    options: dict[str, object] = {"encoder_weights": str(tmp_path / "gone.pth"), "width": 64}
    with pytest.raises(InputError, match="is not a file"):
        build("baseline", 1, **options)
    build_empty("baseline", 1, options)
