"""From stored maps to the files of masks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nerveseg.data.split_table import SplitRow, write_split
from nerveseg.errors import InputError
from nerveseg.inference.decision_file import FoldRule, fixed_decision, write_decision
from nerveseg.inference.encode import encode_test, encode_valid
from nerveseg.inference.rule import Rule
from nerveseg.maps import MapWriter
from nerveseg.rle import IMAGE_SHAPE, encode

STAGE = Path(__file__).parents[2] / "stages" / "encode.py"
FIXED = Rule(name="fixed", threshold=0.5, min_blob=100, min_total=100)
DECISION = fixed_decision(FIXED)
PLACES = [SplitRow(1, 1, 0, "train"), SplitRow(1, 2, 1, "valid"), SplitRow(2, 1, 1, "valid")]


def write_maps(path: Path) -> str:
    """Write a map with one blob and a map with one speck; return the mask of the first."""
    maps = np.full((2, *IMAGE_SHAPE), 40, dtype=np.uint8)
    maps[0, 100:220, 300:390] = 200
    maps[1, 5:9, 5:9] = 200
    path.parent.mkdir(parents=True, exist_ok=True)
    with MapWriter(path, 2) as writer:
        for codes in maps:
            writer.write(codes)
    return encode(maps[0] >= 128)


def test_the_submission_holds_a_cleaned_mask_per_image(tmp_path: Path) -> None:
    blob = write_maps(tmp_path / "test.b2nd")
    encode_test(tmp_path / "test.b2nd", [7, 9], tmp_path / "unet.csv", DECISION)
    assert (tmp_path / "unet.csv").read_text() == f"img,pixels\n7,{blob}\n9,\n"


def test_validation_masks_are_those_of_the_validation_frames(tmp_path: Path) -> None:
    blob = write_maps(tmp_path / "valid.b2nd")
    encode_valid(tmp_path / "valid.b2nd", PLACES, tmp_path / "masks.csv", DECISION)
    expected = f"subject,img,pixels\n1,2,{blob}\n2,1,\n"
    assert (tmp_path / "masks.csv").read_text() == expected


def test_each_subject_has_the_rule_that_was_fitted_without_it(tmp_path: Path) -> None:
    write_maps(tmp_path / "valid.b2nd")
    nothing = FIXED.model_copy(update={"min_total": 420 * 580})
    rules = [FoldRule(subjects=[1], rule=nothing), FoldRule(subjects=[2], rule=FIXED)]
    decision = DECISION.model_copy(update={"validation": rules})
    encode_valid(tmp_path / "valid.b2nd", PLACES, tmp_path / "masks.csv", decision)
    assert (tmp_path / "masks.csv").read_text() == "subject,img,pixels\n1,2,\n2,1,\n"
    decision = DECISION.model_copy(update={"validation": rules[:1]})
    with pytest.raises(InputError, match=r"masks.csv: no rule for .* subject 2; run dvc repro"):
        encode_valid(tmp_path / "valid.b2nd", PLACES, tmp_path / "masks.csv", decision)


def test_maps_of_another_number_of_frames_write_nothing(tmp_path: Path) -> None:
    write_maps(tmp_path / "maps.b2nd")
    with pytest.raises(InputError, match=r"maps.b2nd: 2 maps for 3 frames; run dvc repro predict"):
        encode_test(tmp_path / "maps.b2nd", [1, 2, 3], tmp_path / "unet.csv", DECISION)
    with pytest.raises(InputError, match="2 maps for 1 frames"):
        encode_valid(tmp_path / "maps.b2nd", PLACES[:2], tmp_path / "masks.csv", DECISION)
    assert not list(tmp_path.glob("*.csv"))


def _stage(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, STAGE, "unet"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_stage_writes_both_files(tmp_path: Path) -> None:
    write_decision(tmp_path / "data/decisions/unet.json", DECISION)
    (tmp_path / "data/packed").mkdir(parents=True)
    (tmp_path / "data/packed/test.csv").write_text("img\n1\n2\n")
    write_split(tmp_path / "data/split.csv", PLACES)
    blob = write_maps(tmp_path / "data/predictions/unet/valid.b2nd")
    missing = _stage(tmp_path)
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert "data/predictions/unet/test.b2nd: not found; run the stage predict" in missing.stderr
    assert not (tmp_path / "submissions").exists()
    write_maps(tmp_path / "data/predictions/unet/test.b2nd")
    assert _stage(tmp_path).returncode == 0
    assert (tmp_path / "submissions/unet.csv").read_text() == f"img,pixels\n1,{blob}\n2,\n"
    assert (tmp_path / "data/masks/unet.csv").exists()
