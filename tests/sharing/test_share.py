"""A finished run becomes one zip, and only if it is what the present project makes."""

import hashlib
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import finished_project as project
import numpy as np
import pytest

import nerveseg
from nerveseg.artefact.format import read_artefact
from nerveseg.cli.main import call
from nerveseg.errors import InputError
from nerveseg.sharing.card import card_of
from shared_run import ARTEFACT, DESCRIBED

ZIP = Path("narrow.nerveseg.zip")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_project(tmp_path)
    monkeypatch.chdir(tmp_path)


def entries() -> dict[str, bytes]:
    with zipfile.ZipFile(ZIP) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_says_what_the_project_knows(capsys: pytest.CaptureFixture[str]) -> None:
    call(["share", "narrow"])
    assert capsys.readouterr().out.startswith(f"{ZIP}: U-Net, validation Dice 0.800; ")
    found = entries()
    assert set(found) == {"README.md", "model.safetensors"}
    Path("model.safetensors").write_bytes(found["model.safetensors"])
    artefact = read_artefact(Path("model.safetensors"))
    assert artefact is not None
    assert artefact.rule.model_dump(include={"threshold", "min_blob", "min_total", "frame"}) == {
        "threshold": 0.6,
        "min_blob": 11,
        "min_total": 22,
        "frame": (420, 580),
    }
    assert artefact.tta == ["identity", "horizontal"]
    assert artefact.data == {
        "source": "simulated",
        "train_frames": 3,
        "train_nerves": 2,
        "train_subjects": 2,
        "valid_frames": 2,
        "valid_nerves": 1,
        "valid_subjects": 1,
        "parameters": sum(each.numel() for each in nerveseg.build("unet", width=4).parameters()),
    }
    assert artefact.metrics == {
        "dice": 0.8,
        "dice_low": 0.75,
        "dice_high": 0.85,
        "level": 0.95,
        "private": 0.7,
        "verdict": "above the baselines",
    }
    digest = hashlib.sha256(Path("data/packed/train_images.npy").read_bytes()).hexdigest()
    assert artefact.fingerprint["data/packed/train_images.npy"] == digest


def test_the_zip_predicts_as_the_weights_do() -> None:
    call(["share", "narrow", "-o", "given.zip"])
    image = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    shared, weights = nerveseg.load("given.zip"), nerveseg.load(project.WEIGHTS)
    assert np.array_equal(shared(image), weights(image))
    assert shared.rule.threshold == 0.6


def test_the_same_project_gives_the_same_bytes() -> None:
    call(["share", "narrow"])
    first = ZIP.read_bytes()
    call(["share", "narrow"])
    assert ZIP.read_bytes() == first


@pytest.mark.parametrize("content", [b"mine", b"", "zip"], ids=["text", "empty", "another zip"])
def test_a_file_of_somebody_else_is_not_replaced(content: bytes | str) -> None:
    if content == "zip":
        with zipfile.ZipFile(ZIP, "w") as archive:
            archive.writestr("README.md", "mine")
    else:
        ZIP.write_bytes(content if isinstance(content, bytes) else b"")
    before = ZIP.read_bytes()
    with pytest.raises(InputError, match="is there, and nerveseg share has not written it"):
        call(["share", "narrow"])
    assert ZIP.read_bytes() == before


@pytest.mark.parametrize("name", ["p.txt", "p", "params.yaml", ""])
def test_the_name_of_a_shared_run_is_that_of_a_zip(name: str) -> None:
    before = sorted(Path().iterdir()), Path("params.yaml").read_bytes()
    with pytest.raises(InputError, match=r"ends in \.zip|an empty path"):
        call(["share", "narrow", "-o", name])
    assert (sorted(Path().iterdir()), Path("params.yaml").read_bytes()) == before


def test_the_card_names_data_scores_limits_and_purpose() -> None:
    call(["share", "narrow"])
    card = entries()["README.md"].decode()
    for text in (
        "**This is not a medical device.**",
        "No image of a person was used",
        "3 frames of 2 subjects for training",
        "| Dice per frame, validation; two empty masks score 1 | 0.800 | 0.750 to 0.850 (95%,",
        "| Dice per frame, private test frames | 0.700 |",
        "nerveseg predict narrow.nerveseg.zip",
        "## Limits",
        "at least 0.6",
    ):
        assert text in " ".join(card.split()), text
    assert "None" not in card
    assert "nan" not in card.lower().split()


@pytest.mark.parametrize(("empty", "said"), [(1, False), (0, True)])
def test_the_card_says_that_a_network_has_seen_no_frame_without_a_nerve(
    empty: int, said: bool
) -> None:
    data = {"train_frames": 3, "train_nerves": 3 - empty}
    artefact = ARTEFACT.model_copy(update={"data": data})
    card = card_of(artefact, DESCRIBED, "p.zip")
    assert ("has not learnt when to answer 'none'" in card) == said


def test_the_python_of_the_card_runs() -> None:
    call(["share", "narrow"])
    [block] = re.findall(r"```python\n(.*?)```", entries()["README.md"].decode(), re.DOTALL)
    names = {"image": np.zeros((20, 30), np.uint8)}
    exec(compile(block, "README.md", "exec"), names)
    assert names["probability"].shape == (20, 30)


def test_an_interval_of_an_older_mean_is_left_out() -> None:
    Path("metrics/scores.json").write_text('{"narrow": {"dice": 0.9, "dice_low": 0.8}}')
    call(["share", "narrow"])
    assert "0.800 |  |" in entries()["README.md"].decode()


def _other_weights() -> None:
    content = bytearray(Path(project.WEIGHTS).read_bytes())
    content[-1] ^= 1
    Path(project.WEIGHTS).write_bytes(content)


def _other_threshold() -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("threshold: 0.6", "threshold: 0.7"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_weights, r"weights\.safetensors: differs from what the stage train@narrow wrote"),
        (_other_threshold, r"made with encode\.threshold = 0\.6, which is now 0\.7"),
        (lambda: Path(project.SCORES).unlink(), r"scores\.json: not readable"),
        (lambda: Path(project.WEIGHTS).unlink(), "train the network first"),
        (lambda: Path("dvc.lock").unlink(), "run `dvc repro`"),
        (lambda: Path("params.yaml").unlink(), "run from the folder that contains dvc.yaml"),
    ],
    ids=["weights", "threshold", "no scores", "no weights", "no lock", "no project"],
)
def test_what_is_out_of_date_is_refused(change: Any, said: str) -> None:  # noqa: ANN401
    change()
    with pytest.raises(InputError, match=said):
        call(["share", "narrow"])
    assert not ZIP.exists()


def test_a_run_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"models\.other: no such run; there are narrow"):
        call(["share", "other"])
    with pytest.raises(InputError, match=r"models\.\.\./x: no such run"):
        call(["share", "../x"])


class FakeHub(ModuleType):
    """Stands in for huggingface_hub."""

    def __init__(self, token: str | None, fault: Exception | None = None) -> None:
        super().__init__("huggingface_hub")
        self.calls: list[tuple[Any, ...]] = []
        hub = self

        class HfApi:
            def __init__(self, token: str) -> None:
                hub.calls.append(("token", token))

            def create_repo(self, repo_id: str, *, exist_ok: bool) -> None:
                hub.calls.append(("create", repo_id, exist_ok))

            def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> None:
                if fault is not None:
                    raise fault
                files = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}
                hub.calls.append(("upload", repo_id, files, commit_message))

        self.HfApi = HfApi
        self.get_token = lambda: token


def test_push_uploads_what_the_zip_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = FakeHub("secret")
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    call(["share", "narrow", "--push", "me/nerves"])
    assert hub.calls == [
        ("token", "secret"),
        ("create", "me/nerves", True),
        ("upload", "me/nerves", entries(), "nerveseg share narrow"),
    ]
    assert "secret" not in (said := capsys.readouterr().out)
    assert said.endswith("\nuploaded to https://huggingface.co/me/nerves\n")


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        (None, r"'huggingface_hub' is not installed; run pip install 'nerveseg\[hub\]'"),
        (FakeHub(None), "no token of Hugging Face; run hf auth login, or set HF_TOKEN"),
    ],
    ids=["not installed", "no token"],
)
def test_without_the_client_or_a_token_nothing_is_done(
    hub: ModuleType | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(InputError, match=said):
        call(["share", "narrow", "--push", "me/nerves"])
    assert not ZIP.exists()


def test_a_refused_upload_is_one_line_and_keeps_the_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", FakeHub("x", OSError("403\nforbidden")))
    with pytest.raises(InputError, match=r"^me/nerves: not uploaded \(403 forbidden\); check"):
        call(["share", "narrow", "--push", "me/nerves"])
    assert ZIP.exists()


def test_a_repository_of_another_form_is_refused() -> None:
    with pytest.raises(InputError, match="--push nerves: give it as USER/REPO"):
        call(["share", "narrow", "--push", "nerves"])
