"""A tiny pipeline, which takes seconds instead of minutes while every stage does its real work."""

import pytest
from clone import Clone


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a clone with two narrow runs and a few frames, committed but not yet run."""
    clone = Clone(tmp_path_factory.mktemp("pipeline") / "clone")
    clone.set(
        data__simulated__train_subjects=4,
        data__simulated__train_frames=6,
        data__simulated__test_subjects=2,
        data__simulated__test_frames=5,
        pack__shape=[64, 64],
        split__folds=2,
        models={
            "unet": {"width": 4},
            "rpa_apf": {"width": 4},
            "wider": {"network": "unet", "width": 5},
        },
        train__epochs=1,
        predict__tta="auto",
        # After one epoch, every frame has a pixel above this probability, but none near 1.
        encode__threshold=0.05,
        encode__min_blob=0,
        encode__min_total=0,
        cost__side=64,
    )
    clone.commit("tiny")
    return clone
