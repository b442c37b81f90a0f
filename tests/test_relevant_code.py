"""Which code a stage depends on, and which edits make it run again."""

import ast
import json
from pathlib import Path

import pytest

from nerveseg.models.registry import NETWORKS
from nerveseg.relevant_code import _essence, fingerprint, modules_of, write_fingerprints

STAGES = Path(__file__).parents[1] / "stages"
UNET = NETWORKS["unet"].module


def essence(text: str) -> str:
    return _essence(ast.parse(text))


CODE = '''
"""A module."""
LIMIT = 3
"""The most."""

def half(value: int) -> int:
    """Return half of `value`."""
    if value > LIMIT:
        raise ValueError(f"{value} is too much")
    return value // 2  # rounds down
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A module.", "Another text."),
        ("The most.", "At most."),
        ("half of", "a half of"),
        ("is too much", "is above the limit"),
        ("rounds down", "towards zero"),
        ("  # rounds down", ""),
        ("value // 2", "(value // 2)"),
    ],
)
def test_words_and_formatting_do_not_count(old: str, new: str) -> None:
    assert old in CODE
    assert essence(CODE.replace(old, new)) == essence(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("// 2", "// 3"),
        ("value > LIMIT", "value >= LIMIT"),
        ("raise ValueError", "raise TypeError"),
    ],
)
def test_what_is_computed_counts(old: str, new: str) -> None:
    assert old in CODE
    assert essence(CODE.replace(old, new)) != essence(CODE)


def test_a_stage_reaches_what_its_imports_import() -> None:
    # stages/encode.py -> inference.encode -> inference.postprocess -> cv2's users
    assert "nerveseg.inference.postprocess" in modules_of(STAGES / "encode.py")
    assert "nerveseg.training.losses" in modules_of(STAGES / "train.py")
    assert "nerveseg.training.losses" not in modules_of(STAGES / "predict.py", UNET)


def test_no_stage_depends_on_what_the_package_offers_from_python() -> None:
    for stage in STAGES.glob("*.py"):
        assert "nerveseg.bedside.image_predictor" not in modules_of(stage, UNET)
    assert "nerveseg.inference.predict" not in modules_of(STAGES / "train.py", UNET)


def test_a_run_depends_on_its_own_network_and_the_blocks_of_that() -> None:
    files = fingerprint(STAGES / "train.py", UNET)
    assert "models/networks/unet.py" in files
    assert "models/blocks/unet_parts.py" in files
    assert not {"models/networks/danet.py", "models/blocks/resnet.py"} & set(files)


def test_every_file_of_the_networks_is_reached_by_one_of_them() -> None:
    reached = set().union(*(modules_of(STAGES / "train.py", e.module) for e in NETWORKS.values()))
    package = STAGES.parent / "src/nerveseg/models"
    files = [*package.glob("blocks/*.py"), *package.glob("networks/*.py")]
    there = {f"nerveseg.models.{f.parent.name}.{f.stem}" for f in files if f.stem != "__init__"}
    assert there <= reached


def test_an_ensemble_depends_on_the_code_of_every_stage_that_it_runs(tmp_path: Path) -> None:
    write_fingerprints(tmp_path, STAGES.parent / "dvc.yaml", {"unet": UNET}, ["all"])
    assert [file.name for file in (tmp_path / "all").iterdir()] == ["ensemble.json"]
    listed = json.loads((tmp_path / "all/ensemble.json").read_text())
    for stage in ("ensemble", "decide", "encode", "score"):
        assert fingerprint(STAGES / f"{stage}.py").items() <= listed.items()
    assert not (tmp_path / "unet/ensemble.json").exists()
    assert json.loads((tmp_path / "unet/train.json").read_text()) == fingerprint(
        STAGES / "train.py", UNET
    )


def test_the_page_s_template_counts_for_the_report() -> None:
    assert "reporting/assets/page.html.j2" in fingerprint(STAGES / "report.py")


def test_exempt_modules_are_reached_and_do_not_count() -> None:
    assert "nerveseg.errors" in modules_of(STAGES / "train.py")
    assert not {"errors.py", "training/progress.py", "params/train.py"} & set(
        fingerprint(STAGES / "train.py")
    )


@pytest.mark.parametrize("stage", sorted(STAGES.glob("*.py")), ids=lambda path: path.stem)
def test_no_stage_depends_on_the_import_of_own_images(stage: Path) -> None:
    reached = modules_of(stage, UNET)
    assert not {name for name in reached if name.startswith("nerveseg.importing")}
