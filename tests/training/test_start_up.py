"""What a training does before its first update."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from benchmarks import start_up

from nerveseg.data.packed import Packed

ROOT = Path(__file__).resolve().parents[2]
# scikit-learn and the packages behind it take longer to import than all of the project's modules.
HEAVY = ("albumentations", "matplotlib", "pandas", "scipy", "sklearn", "timm", "torch._dynamo")


def test_importing_the_stage_leaves_out_what_only_other_stages_need() -> None:
    code = f"import stages.train, sys; print(*set({HEAVY!r}).intersection(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []


def test_the_start_of_a_training_is_measured_up_to_its_first_update(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.write_text("-S pack.shape=[32,32] -S train.flips=[] -S models.unet.width=4")
    project = tmp_path / "project"
    project.mkdir()
    start_up.write_project(project, profile, 20)
    assert np.shape(Packed.open(project / "data/packed").train_images) == (20, 32, 32)
    assert 0 < start_up.seconds(project, "unet") < 600
    assert not list(project.glob("data/models/*"))  # the update was not made
