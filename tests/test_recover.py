"""After DVC was killed while writing its own files, it works again and no stage runs twice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.dvcfile import Lockfile
from dvc.repo import Repo
from dvc_objects.fs.utils import tmp_fname

from nerveseg.errors import InputError
from nerveseg.recover import recover

PIPELINE = """
stages:
  first:
    cmd: echo first | tee -a log > one
    deps: [source]
    outs: [one]
  second:
    cmd: echo second | tee -a log > two
    deps: [one]
    outs: [two]
"""


def dvc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ("dvc", *arguments),
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a DVC repository of two stages that has run once."""
    folder = tmp_path_factory.mktemp("recover")
    assert dvc(folder, "init", "--no-scm").returncode == 0
    assert dvc(folder, "config", "core.analytics", "false").returncode == 0
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "source").write_text("source")
    assert dvc(folder, "repro").returncode == 0
    return folder


@pytest.fixture
def neighbour() -> Iterator[int]:
    """Return the id of a process that is not DVC."""
    with subprocess.Popen(("sleep", "600")) as process:
        yield process.pid
        process.kill()


def test_truncated_lock_file_is_moved_aside_and_nothing_runs_twice(repository: Path) -> None:
    lock_file, log = repository / "dvc.lock", repository / "log"
    whole, ran = lock_file.read_bytes(), log.read_text()
    lock_file.write_bytes(b"")
    assert dvc(repository, "repro").returncode != 0
    (line,) = recover(repository)
    assert line.startswith(f"{lock_file}: unreadable")
    assert dvc(repository, "repro").returncode == 0
    assert lock_file.read_bytes() == whole
    assert log.read_text() == ran


def test_lock_file_is_readable_wherever_it_was_truncated(repository: Path) -> None:
    lock_file = repository / "dvc.lock"
    whole = lock_file.read_bytes()
    unreadable = 0
    for end in range(0, len(whole), 5):
        lock_file.write_bytes(whole[:end])
        if moved := recover(repository):
            unreadable += 1
            assert Path(moved[0].partition("moved to ")[2]).read_bytes() == whole[:end]
        Lockfile(Repo(str(repository)), str(lock_file)).load()
    assert unreadable > 0
    lock_file.write_bytes(whole)


def test_readable_lock_file_is_left_alone(repository: Path) -> None:
    before = (repository / "dvc.lock").stat()
    assert recover(repository) == []
    after = (repository / "dvc.lock").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def write_of(pid: int, repository: Path) -> str:
    return f'{{"write": {{"{repository}/one": {{"pid": {pid}, "cmd": "dvc repro"}}}}}}'


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_truncated_rwlock_is_removed(repository: Path, neighbour: int, share: float) -> None:
    text = write_of(neighbour, repository)
    path = repository / ".dvc/tmp/rwlock"
    path.write_text(text[: int(share * len(text))])
    assert dvc(repository, "repro", "--force", "first").returncode != 0
    assert recover(repository) == [f"{path}: left by a dvc that has ended; removed"]
    assert dvc(repository, "repro", "--force", "first").returncode == 0


def test_rwlock_of_a_process_id_that_another_program_has_now_is_removed(
    repository: Path, neighbour: int
) -> None:
    (repository / ".dvc/tmp/rwlock").write_text(write_of(neighbour, repository))
    assert dvc(repository, "repro", "--force", "first").returncode != 0
    assert len(recover(repository)) == 1
    assert dvc(repository, "repro", "--force", "first").returncode == 0


def test_rwlock_of_a_running_dvc_is_left_alone(repository: Path) -> None:
    path = repository / ".dvc/tmp/rwlock"
    code = f"import time; time.sleep(600)  # {repository}/.venv/bin/dvc repro"
    with subprocess.Popen((sys.executable, "-c", code), cwd=repository) as process:
        text = write_of(process.pid, repository)
        path.write_text(text)
        assert recover(repository) == []
        assert path.read_text() == text
        process.kill()
    assert len(recover(repository)) == 1


def test_rwlock_of_a_process_id_that_the_dvc_of_another_repository_has_now_is_removed(
    repository: Path, tmp_path: Path
) -> None:
    code = f"import time; time.sleep(600)  # {repository}/.venv/bin/dvc repro"
    with subprocess.Popen((sys.executable, "-c", code), cwd=tmp_path) as process:
        (repository / ".dvc/tmp/rwlock").write_text(write_of(process.pid, repository))
        assert len(recover(repository)) == 1
        process.kill()


def test_a_running_dvc_is_reported(repository: Path) -> None:
    code = f"""
import time, zc.lockfile
lock = zc.lockfile.LockFile({str(repository / ".dvc/tmp/lock")!r})
print("locked", flush=True)
time.sleep(600)
"""
    with subprocess.Popen((sys.executable, "-c", code), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(InputError, match="another dvc is running here; wait"):
            recover(repository)
        process.kill()


def test_outside_a_repository_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run this in the folder that contains dvc\.yaml"):
        recover(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"[]", b"3", b'{"write": []}', b"[" * 100_000, b'{"write": {"a": {"pid": "x"}}}'],
    ids=lambda content: repr(content[:20]),
)
def test_rwlock_of_any_other_content_is_removed(repository: Path, content: bytes) -> None:
    path = repository / ".dvc/tmp/rwlock"
    path.write_bytes(content)
    assert recover(repository) == [f"{path}: left by a dvc that has ended; removed"]


def test_rwlock_that_is_a_folder_is_removed(repository: Path) -> None:
    path = repository / ".dvc/tmp/rwlock"
    path.unlink(missing_ok=True)
    path.mkdir()
    assert len(recover(repository)) == 1
    assert not path.exists()


@pytest.mark.parametrize(
    "content", ["stages: " + "[" * 5000, "a: {size: " + "9" * 5000 + "}", "[]", "\0", "3"]
)
def test_lock_file_of_any_other_content_is_moved_aside(repository: Path, content: str) -> None:
    lock_file = repository / "dvc.lock"
    whole = lock_file.read_bytes()
    lock_file.write_text(content)
    assert len(recover(repository)) == 1
    assert not lock_file.exists()
    lock_file.write_bytes(whole)


def test_what_a_killed_stage_left_is_removed(repository: Path) -> None:
    left = repository / "data/scores/unet/.partial-abc"
    left.mkdir(parents=True)
    (left / "scores.json").write_text("{")
    assert recover(repository) == [f"{left}: left by a process that has ended; removed"]
    assert not left.exists()


@pytest.mark.parametrize("output", ["", "unet.json"])
def test_what_a_killed_dvc_left_beside_an_output_is_removed(repository: Path, output: str) -> None:
    folder = repository / "data/costs" / (output or "none")
    left = folder / tmp_fname(output)
    mine = [folder / name for name in ("notes.tmp", "unet.json.tmp", left.name + "~")]
    folder.mkdir(parents=True)
    for path in (left, *mine):
        path.write_text("{}")
    assert recover(repository) == [f"{left}: left by a process that has ended; removed"]
    assert sorted(folder.iterdir()) == sorted(mine)


def test_staged_parameters_are_pointed_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert dvc(tmp_path, "init", "-q").returncode == 0
    (tmp_path / "params.yaml").write_text("a: 1")
    subprocess.run(["git", "add", "params.yaml"], cwd=tmp_path, check=True)
    (line,) = recover(tmp_path)
    assert "has staged changes, as after a killed dvc exp run" in line
    assert line.endswith("git restore --staged --worktree params.yaml")


def test_what_was_moved_aside_before_is_kept(repository: Path) -> None:
    lock_file = repository / "dvc.lock"
    whole = lock_file.read_bytes()
    aside = []
    for content in ("<<<<<<< A", "<<<<<<< B", "<<<<<<< C"):
        lock_file.write_text(content)
        (line,) = recover(repository)
        aside.append(Path(line.partition("moved to ")[2]))
    assert [path.read_text() for path in aside] == ["<<<<<<< A", "<<<<<<< B", "<<<<<<< C"]
    lock_file.write_bytes(whole)
