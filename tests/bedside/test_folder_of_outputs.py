"""The folder of the outputs may be used again, be interrupted, and hold the images themselves."""

import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from predictions import rows, run

from brightness import Brightness
from nerveseg.bedside.records import Record, Row, forget, write_record, write_table
from nerveseg.errors import InputError


@pytest.mark.parametrize("fault", [InputError("bad"), KeyboardInterrupt()])
def test_whatever_came_of_the_first_call_the_next_one_writes_there(
    fault: BaseException, given: Path, tmp_path: Path
) -> None:
    class Faulty(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            raise fault

    out = tmp_path / "out"
    with pytest.raises(type(fault)):
        run(given, out, Faulty())
    assert rows(out) == []
    assert sum(run(given, out).values()) == 3


def test_another_ctrl_c_does_not_prevent_the_table(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            if self.images == 2:
                raise KeyboardInterrupt
            return super().logits(images)

    def impatient(out: Path, found: Iterable[tuple[str, list[Row]]]) -> None:
        signal.raise_signal(signal.SIGINT)
        write_table(out, found)

    out = tmp_path / "out"
    monkeypatch.setattr("nerveseg.bedside.folder.write_table", impatient)
    with pytest.raises(KeyboardInterrupt):
        run(given, out, Interrupted())
    assert len(rows(out)) == 2
    with pytest.raises(KeyboardInterrupt):
        run(given, out)
    assert len(rows(out)) == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_images_may_lie_in_the_folder_of_the_outputs(given: Path) -> None:
    images = {path: path.read_bytes() for path in given.rglob("*.png")}
    for _ in range(2):
        assert sum(run(given, given).values()) == 3, "masks and overlays are no images"
    assert {path: path.read_bytes() for path in images} == images


def test_a_record_makes_no_image_vanish(given: Path) -> None:
    run(given, given)
    write_record(given, "c.png", Record(key="k", files=["a.png", "masks/c.png.png"], rows=[]))
    forget(given, "c.png")
    assert (given / "a.png").exists()
    assert not (given / "masks/c.png.png").exists()


def test_masks_do_not_replace_inputs_behind_a_link(given: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(given, out)
    shutil.rmtree(out / "masks")
    (out / "masks").symlink_to(given)
    (given / "a.png.png").write_bytes((given / "a.png").read_bytes())
    with pytest.raises(InputError, match="given: lies in a folder of the outputs"):
        run(given, out)
