"""The views of `predict.tta` and the engine are set in the file or on the command line of DVC."""

import shutil
from pathlib import Path
from typing import get_args

import pytest
from dvc.utils.hydra import apply_overrides

from nerveseg.errors import InputError
from nerveseg.params.predict import EngineName, PredictParams
from nerveseg.params.section import read

PARAMS = Path(__file__).parents[2] / "params.yaml"


def overridden(tmp_path: Path, *settings: str) -> PredictParams:
    """Return the section after `dvc exp run -S SETTING` for each of `settings`."""
    path = Path(shutil.copy(PARAMS, tmp_path / "params.yaml"))
    apply_overrides(path, list(settings))
    return read("predict", PredictParams, path)


def test_the_default_are_the_views_of_training_weighed_equally() -> None:
    section = read("predict", PredictParams, PARAMS)
    assert (section.tta, section.tta_weights) == ("auto", "mean")


def test_torch_computes_unless_another_engine_is_named(tmp_path: Path) -> None:
    assert read("predict", PredictParams, PARAMS).engine == "torch"
    for engine in get_args(EngineName):
        assert overridden(tmp_path, f"predict.engine={engine}").engine == engine
    with pytest.raises(
        InputError, match=r"predict\.engine: .*'torch', 'auto', 'onnx' or 'openvino'"
    ):
        overridden(tmp_path, "predict.engine=tensorrt")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("predict.tta=[identity,horizontal]", ["identity", "horizontal"]),
        ("predict.tta=[rotate_90]", ["rotate_90"]),
        ("predict.tta=d4", "d4"),
        ("predict.tta=none", "none"),
    ],
)
def test_views_are_set_on_the_command_line(
    tmp_path: Path, setting: str, value: str | list[str]
) -> None:
    assert overridden(tmp_path, setting).tta == value


@pytest.mark.parametrize(
    "value",
    ["d5", "[]", "[sideways]", "[identity,identity]", "[auto]", "3", "null", "[[identity]]"],
)
def test_what_names_no_views_is_refused_in_one_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(
        InputError, match=r"params\.yaml: predict\.tta: write one of .*auto"
    ) as error:
        overridden(tmp_path, f"predict.tta={value}")
    assert "\n" not in str(error.value)


def test_unknown_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"predict\.tta_weights: .*'mean' or 'agreement'"):
        overridden(tmp_path, "predict.tta_weights=median")
