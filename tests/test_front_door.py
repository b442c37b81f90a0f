"""The public interface: the names to import from `nerveseg`, and the command `nerveseg`."""

import doctest
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nerveseg
from nerveseg.bedside import image_predictor
from nerveseg.cli import main as cli
from nerveseg.data.packed_writer import resize_image
from nerveseg.device import pick_device, working_dtype
from nerveseg.errors import InputError
from nerveseg.inference.predict import Predictor, maps_of
from nerveseg.inference.tta import SETS
from nerveseg.maps import STEPS, logits_of
from nerveseg.models import factory, weights

ROOT = Path(__file__).parents[1]
WEIGHTS = Path("data/models/unet/weights.safetensors")
COMMANDS = [
    [],
    ["predict"],
    ["live"],
    ["demo"],
    ["share"],
    ["models"],
    ["import"],
    ["train-on"],
    ["check-setup"],
    ["repro"],
    ["export"],
    ["export", "onnx"],
    ["export", "openvino"],
    ["recover"],
    ["simulate-sheet"],
    ["submission"],
    ["submission", "check"],
    ["submission", "score"],
    ["submission", "agree"],
]


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return weights where the pipeline leaves them, below the working directory."""
    network = nerveseg.build("unet", width=4)
    described = weights.Description(
        "unet", {"width": 4}, 1, (96, 96), {"flips": ["vertical", "horizontal"]}
    )
    monkeypatch.chdir(tmp_path)
    WEIGHTS.parent.mkdir(parents=True)
    weights.save_weights(WEIGHTS, network, described)
    return WEIGHTS


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 420, 580), dtype=np.uint8)


# From Python


def test_importing_nerveseg_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import nerveseg.models; print(*sys.modules)"
    modules = python("-c", code).stdout.split()
    assert {name for name in modules if name.startswith("nerveseg")} == {
        "nerveseg",
        "nerveseg.models",
    }
    assert not {"torch", "numpy", "pydantic"} & set(modules)


@pytest.mark.parametrize("package", ["nerveseg", "nerveseg.models"])
def test_every_name_that_a_package_offers_is_there(package: str) -> None:
    code = f"import {package} as p; print(*(type(getattr(p, name)).__name__ for name in p.__all__))"
    assert python("-c", code).stdout.split() == ["dict", "function", "function"]


@pytest.mark.parametrize("package", ["nerveseg", "nerveseg.models"])
def test_what_a_package_does_not_offer_is_an_attribute_error(package: str) -> None:
    done = python("-c", f"import {package}; {package}.segment")
    assert f"AttributeError: module '{package}' has no attribute 'segment'" in done.stderr


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("function", [factory.build, weights.load_weights, image_predictor.load])
def test_the_example_of_a_docstring_runs(function: object) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(function, function.__name__)  # type: ignore[attr-defined]
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/predict.md"])
def test_the_python_of_the_documentation_runs(page: str) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), {})


def test_an_image_is_predicted_as_the_stage_predicts_it(trained: Path, images: np.ndarray) -> None:
    network, described = weights.load_weights(trained)
    device = pick_device()
    predictor = Predictor(
        network, 1, SETS["flips"], device=device, dtype=working_dtype("auto", device)
    )
    small = np.stack([resize_image(image, described.image_size) for image in images])
    stored = np.stack([logits_of(codes) for codes in maps_of(predictor, small, 16)])
    probability = nerveseg.load(trained)(images)
    assert probability.dtype == np.float32
    # Stored maps are rounded to an eighth of a logit, and the batch size may change the rounding.
    logits = np.log(probability) - np.log1p(-probability)
    assert np.abs(logits - stored).max() <= 0.5 / STEPS + 0.02


def test_one_image_is_predicted_as_one_of_several(trained: Path, images: np.ndarray) -> None:
    predict = nerveseg.load(str(trained), tta="none")
    together = predict(images)
    assert together.shape == images.shape
    assert np.allclose(predict(images[1]), together[1], atol=1e-2)
    assert predict(images[:0]).shape == (0, 420, 580)


def test_views_that_training_has_not_seen_are_refused_by_name(trained: Path) -> None:
    with pytest.raises(InputError, match=r"^tta: d4 has views .* transpose, .*write auto"):
        nerveseg.load(trained, tta="d4")
    with pytest.raises(InputError, match=r"^tta_weights: 'median' is unknown; use mean or agree"):
        nerveseg.load(trained, tta_weights="median")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(1, 1), (33, 250), (96, 96)])
def test_images_of_any_size_are_predicted(trained: Path, size: tuple[int, int]) -> None:
    probability = nerveseg.load(trained, tta="none")(np.zeros(size, np.uint8))
    assert probability.shape == size
    assert ((probability >= 0) & (probability <= 1)).all()


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 4)),
        np.zeros((1, 1, 4, 4), np.uint8),
        np.zeros((0, 4), np.uint8),
        "a.png",
        None,
        [[0, 0], [0, 0]],
    ],
)
def test_what_is_no_image_is_refused(trained: Path, images: Any) -> None:  # noqa: ANN401
    predict = nerveseg.load(trained)
    for function in (predict, predict.logits, predict.find):
        with pytest.raises(InputError, match=r"images: .*; give "):
            function(images)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_colour_image_is_not_taken_for_many_images(trained: Path, channels: int) -> None:
    with pytest.raises(InputError, match=rf"image with {channels} channels?; make it grey"):
        nerveseg.load(trained)(np.zeros((42, 58, channels), np.uint8))


def test_an_engine_that_is_unknown_is_refused(trained: Path) -> None:
    with pytest.raises(InputError, match=r"engine: 'foo' is unknown; use one of torch, auto, "):
        nerveseg.load(trained, engine="foo")  # type: ignore[arg-type]


# From the shell


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.call([*command, "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: {' '.join(['nerveseg', *command])} ")
    assert "..." not in re.sub(r"\]\.\.\.", "", text), "an abridged help text"


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys; from nerveseg.cli.main import call; call(['--help']); print(*sys.modules)"
    modules = python("-c", code).stdout.split()
    assert "click" in modules
    assert not {"torch", "numpy", "pydantic", "dvc"} & set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["train"],
        ["models", "--channels", "2"],
        ["submission", "check"],
        ["submission", "check", "a.csv", "--count", "three"],
        ["submission", "check", "a.csv", "--count", "3", "--sample", "b.csv"],
        ["simulate-sheet"],
        ["import", "own", "out", "--images", "*"],
        ["import", "own", "out", "--images", "*", "--masks", "*", "--coco", "a.json"],
        ["import", "own", "out", "--images", "*", "--masks", "*_mask"],
        ["import", "own", "out", "--images", "*", "--sheet", "a.png"],
        ["import", "own", "out", "--images", "*", "--sheet", "a.txt", "--dry-run"],
        ["import", "own", "out", "--images", "*", "--masks", "*", "--mask-color", "red"],
        ["import", "own", "out", "--images", "*", "--masks", "{frame}", "--subject", "."],
        ["repro", "--jobs", "0"],
        ["export", "onnx", "a.safetensors"],
        ["export", "onnx", "a.safetensors", "-o", "a.xml"],
        ["predict"],
        ["predict", "model.zip", "a.png"],
        ["predict", "model.zip", "a.png", "-o", "out", "--threshold", "2"],
        ["live", "model.zip"],
        ["demo"],
        ["demo", "model.zip", "--port", "65536"],
        ["share"],
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.call(arguments)
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Usage: nerveseg")


def test_bad_input_is_one_line_and_ends_with_1(tmp_path: Path) -> None:
    done = python("-m", "nerveseg", "recover", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: .*run this in the folder that contains dvc\.yaml\n", done.stderr)


def test_a_package_that_is_missing_is_named_with_what_installs_it() -> None:
    code = "import sys; sys.modules['psutil'] = None; sys.argv[1:] = ['recover']; import runpy"
    done = python("-c", f"{code}; runpy.run_module('nerveseg', run_name='__main__')")
    assert done.returncode == 1
    assert done.stderr == (
        "error: the package 'psutil' is not installed; run pip install 'nerveseg[pipeline]'\n"
    )


def test_the_extra_that_installs_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    for name in [name for name in sys.modules if name.startswith("nerveseg.importing")]:
        monkeypatch.delitem(sys.modules, name)
    arguments = ["import", str(tmp_path), "out", "--images", "*", "--masks", "*", "--subject", "."]
    with pytest.raises(InputError, match=r"'pycocotools.*nerveseg\[import\]'$"):
        cli.call(arguments)


def test_ctrl_c_ends_with_130() -> None:
    code = (
        "import signal, sys; import nerveseg.recover as r; sys.argv[1:] = ['recover']; "
        # A shell that starts the tests in the background has the signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "r.recover = lambda _: signal.raise_signal(signal.SIGINT); "
        "from nerveseg.cli.main import main; main()"
    )
    done = python("-c", code)
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.strip() == "interrupted"


def test_a_reader_that_stops_reading_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "nerveseg", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert "Traceback" not in done.stderr
