"""Fine-tuning begins with exactly the weights of a file, which must fit the network."""

import shutil
from pathlib import Path

import pytest
import runs
import torch
from safetensors.torch import load_file
from tiny_training import settings, write_data
from torch import Tensor

from nerveseg.errors import InputError
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, save_weights
from nerveseg.package import write_package
from nerveseg.training.engine import Engine
from nerveseg.training.initial_weights import check_fold, initial_path, read_initial

PARAMS = settings(epochs=2, initial_weights="external/{run}.safetensors")
UNET = Description("unet", {"width": 4}, 1, (32, 32), {})


@pytest.fixture
def external(workspace: Path) -> Path:
    """Train once; return where its weights are."""
    runs.train(workspace, settings(epochs=1))
    path = workspace / f"external/{runs.NETWORK}.safetensors"
    path.parent.mkdir()
    return Path(shutil.move(workspace / "weights.safetensors", path))


def saved(folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    path = folder / "unet.safetensors"
    save_weights(path, build("unet", width=4), UNET)
    return path


def test_the_first_update_starts_from_every_tensor_of_the_file(
    workspace: Path, external: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[dict[str, Tensor]] = []
    start = Engine.start_epoch

    def seen(self: Engine, epoch: int) -> None:
        start(self, epoch)
        began.append({name: each.clone() for name, each in self.network.state_dict().items()})

    monkeypatch.setattr(Engine, "start_epoch", seen)
    runs.train(workspace, PARAMS)
    first, given = began[0], load_file(external)
    assert first.keys() == given.keys()
    assert any(name.startswith("heads.") for name in given)
    assert all(torch.equal(value, given[name]) for name, value in first.items())
    assert not torch.equal(began[1]["encoder.conv1.weight"], given["encoder.conv1.weight"])


def test_a_package_begins_with_the_same_weights_as_its_file(
    workspace: Path, external: Path
) -> None:
    write_package(external.with_suffix(".zip"), external, "# A card\n")
    runs.train(workspace, PARAMS)
    plain = load_file(workspace / "weights.safetensors")
    runs.train(workspace, settings(epochs=2, initial_weights="external/danet.zip"))
    packed = load_file(workspace / "weights.safetensors")
    assert all(torch.equal(value, packed[name]) for name, value in plain.items())


@pytest.mark.slow
def test_a_kill_changes_no_bit_and_another_file_of_the_same_name_starts_over(
    workspace: Path, external: Path
) -> None:
    clone = workspace / "clone"
    write_data(clone)
    shutil.copytree(external.parent, clone / "external")
    expected = runs.finished(workspace, PARAMS)
    runs.kill_writing(clone, PARAMS)
    assert runs.finished(clone, PARAMS) == expected
    runs.kill_writing(clone, PARAMS)
    (clone / "weights.safetensors").replace(clone / "external/danet.safetensors")
    again = runs.finished(clone, PARAMS)
    assert len(runs.checkpoints(clone)) == 1
    shutil.rmtree(clone / ".dvc")
    assert runs.finished(clone, PARAMS) == again
    assert again != expected


@pytest.mark.parametrize(
    ("network", "options", "channels", "message"),
    [
        ("danet", {"width": 4}, 1, "the weights of unet, not of danet"),
        ("unet", {"width": 8}, 1, "the weights of unet with width 4, not 8"),
        ("unet", {}, 3, "with width 4, not 64, train.channels 1, not 3"),
    ],
)
def test_weights_of_another_network_are_refused_in_one_line(
    tmp_path: Path, network: str, options: dict[str, object], channels: int, message: str
) -> None:
    path = saved(tmp_path)
    with pytest.raises(InputError) as caught:
        read_initial(path, network, options, channels)
    line = str(caught.value)
    assert line.startswith(f"train.initial_weights: {path}: ")
    assert message in line
    assert "\n" not in line


def test_options_that_say_the_default_and_pretrained_encoders_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    described = Description("baseline", {"width": 4, "encoder_weights": "none"}, 1, (32, 32), {})
    save_weights(path, build("baseline", width=4), described)
    module = read_initial(path, "baseline", {"width": 4, "encoder_weights": "imagenet"}, 1)
    assert module.training


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "absent.safetensors"
    with pytest.raises(InputError, match=r"initial_weights: .*absent.* no such file; correct the"):
        read_initial(path, "unet", {}, 1)
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match=r"initial_weights: .*absent.*damaged"):
        read_initial(path, "unet", {}, 1)


def test_each_run_can_have_a_file() -> None:
    assert initial_path("external/{run}.zip", "unet", 0) == Path("external/unet.zip")
    assert initial_path("external/{run}-{fold}.zip", "unet", 3) == Path("external/unet-3.zip")
    assert initial_path("external/one.zip", "unet", 0) == Path("external/one.zip")
    assert initial_path(None, "unet", 0) is None


def test_weights_that_have_trained_on_the_validation_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    training = {"fold": 1, "assignment": "ours"}
    save_weights(
        path, build("unet", width=4), Description("unet", {"width": 4}, 1, (32, 32), training)
    )
    check_fold(path, 1, "ours")
    check_fold(path, 0, "another split")
    check_fold(None, 0, "ours")
    with pytest.raises(
        InputError, match=r"w\.safetensors: validated on fold 1 of this split, so it"
    ):
        check_fold(path, 0, "ours")
