"""Runs side by side: what is started, what runs together, and what a failure or a signal does."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from nerveseg import reproduce as module
from nerveseg.errors import InputError
from nerveseg.reproduce import default_jobs, reproduce

NAMES = ("unet", "danet", "cenet")
PIPELINE = """\
stages:
  split: {cmd: split}
  train: {foreach: "${models}", do: {cmd: train}}
  score: {foreach: "${models}", do: {cmd: score}}
  cost: {foreach: "${models}", do: {cmd: measure}}
  report: {cmd: report}
"""
# Stands in for Python with DVC: it notes its arguments; `meet` processes wait for one another.
STAND_IN = """\
#!{python}
import os, signal, sys, time
from pathlib import Path
assert sys.argv[1:5] == ["-m", "dvc", "--wait-for-lock", "repro"], sys.argv
signal.signal(signal.SIGTERM, signal.default_int_handler)
targets = sys.argv[5:]
name = "+".join(target for target in targets if target != "--single-item") or "all"
with open("calls", "a") as file:
    file.write(name + "\\n")
Path("here-" + name).touch()
print("Stage 'split' didn't change, skipping")
print("10%|#   | 1/10\\r100%|####| 10/10")
print("running", name, flush=True)
if "@" in name:
    deadline = time.monotonic() + 20
    while len(list(Path().glob("here-*@*"))) < {meet}:
        assert time.monotonic() < deadline, "alone"
        time.sleep(0.01)
if name in {wait!r}:
    try:
        time.sleep(20)
    except KeyboardInterrupt:
        Path("saved-" + name).touch()
        sys.exit(130)
sys.exit(3 if name in {fail!r} else 0)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(PIPELINE)
    runs = "".join(f"  {name}: {{width: 4}}\n" for name in NAMES)
    Path("params.yaml").write_text(f"models:\n{runs}trainings: {{}}\n")
    return tmp_path


def stand_in(
    monkeypatch: pytest.MonkeyPatch,
    meet: int = 1,
    fail: tuple[str, ...] = (),
    wait: tuple[str, ...] = (),
) -> None:
    script = Path("python").absolute()
    script.write_text(STAND_IN.format(python=sys.executable, meet=meet, fail=fail, wait=wait))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def calls() -> list[str]:
    return Path("calls").read_text().splitlines()


@pytest.mark.usefixtures("project")
def test_runs_are_made_together_between_what_they_share_and_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, meet=3)
    reproduce(3)
    first, *together, last = calls()
    assert (first, last) == ("split+baselines", "all")
    assert sorted(together) == sorted(f"train@{name}+score@{name}" for name in NAMES)
    said = capsys.readouterr().out.splitlines()
    assert said.count("Stage 'split' didn't change, skipping") == 1  # by the last call
    assert "100%|####| 10/10" in said
    assert not any(" 1/10" in line for line in said)


def test_further_trainings_come_before_the_maps_of_their_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("{}", "{fold1: {fold: 1, seed: 1}}"))
    reproduce(2)
    first, *together, last = calls()
    assert (first, last) == ("split+baselines", "all")
    further, runs = together[: len(NAMES)], together[len(NAMES) :]
    assert sorted(further) == sorted(f"train_further@{name}-fold1" for name in NAMES)
    assert sorted(runs) == sorted(f"train@{name}+score@{name}" for name in NAMES)


@pytest.mark.usefixtures("project")
def test_one_job_is_plain_dvc_repro(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    reproduce(1)
    assert calls() == ["all"]


@pytest.mark.usefixtures("project")
def test_a_failure_is_named_and_nothing_more_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, fail=("split+baselines",))
    with pytest.raises(InputError, match=r"^dvc repro split baselines failed"):
        reproduce(2)
    assert calls() == ["split+baselines"]


@pytest.mark.usefixtures("project")
def test_what_runs_beside_a_failure_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, meet=3, fail=("train@danet+score@danet",))
    with pytest.raises(InputError, match=r"^dvc repro .*train@danet score@danet failed"):
        reproduce(3)
    assert len(calls()) == 4
    assert "all" not in calls()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("project")
def test_a_signal_reaches_every_process_once(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    stand_in(monkeypatch, meet=2, wait=tuple(f"train@{name}+score@{name}" for name in NAMES))
    code = """
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in case that a shell ignores it
    from nerveseg import reproduce
    from nerveseg.errors import run
    reproduce.sys.executable = "python"
    run(lambda: reproduce.reproduce(2))
    """
    process = subprocess.Popen(
        [Path(sys.prefix) / "bin/python", "-c", textwrap.dedent(code)],
        env={**os.environ, "PATH": f"{Path().absolute()}:{os.environ['PATH']}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(list(Path().glob("here-*@*"))) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)  # both are in their sleep
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "interrupted\n")
    assert len(list(Path().glob("saved-*"))) == 2
    assert len(calls()) == 3


@pytest.mark.usefixtures("project")
def test_a_folder_without_the_project_is_named() -> None:
    Path("dvc.yaml").unlink()
    with pytest.raises(InputError, match=r"dvc\.yaml: missing"):
        reproduce(2)


def test_jobs_follow_the_cores_the_threads_and_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def jobs(cores: int, memory: float, threads: str = "") -> int:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores))
        free = type("Memory", (), {"available": int(memory * module.RUN_BYTES)})
        monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        return default_jobs()

    monkeypatch.setenv("NERVESEG_DEVICE", "cpu")
    assert jobs(8, 100) == 8
    assert jobs(8, 100, "1") == 8
    assert jobs(8, 100, "3") == 2
    assert jobs(8, 100, "2,4") == 4
    assert jobs(8, 100, "many") == 8
    assert jobs(8, 5.5) == 5
    assert jobs(2, 0.5, "4") == 1
