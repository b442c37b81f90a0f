"""A clone of the project in a temporary folder, small enough to run completely within a test."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

WHO: Final = {
    f"GIT_{role}_{part}": f"test{suffix}"
    for role in ("AUTHOR", "COMMITTER")
    for part, suffix in (("NAME", ""), ("EMAIL", "@localhost"))
}
ROOT: Final = Path(__file__).parents[2]


class Clone:
    """The working tree's tracked and new files, committed once, with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        """Copy the project into `folder`, which must not exist yet."""
        self.folder = folder
        self.log = folder.with_suffix(".log")
        listed = self._out("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT)
        for name in listed.splitlines():
            # No dvc.lock, which `make repro` writes: a test begins without the results of other
            # runs. In a working tree, files may also be listed that have been removed.
            if Path(name).name != "dvc.lock" and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        self._out("git", "init", "-q", "-b", "main")
        self.commit("clone")

    def twin(self) -> "Clone":
        """Return a copy beside this clone, with the same history."""
        other = copy.copy(self)
        other.folder = self.folder.with_name("twin")
        other.log = other.folder.with_suffix(".log")
        shutil.copytree(self.folder, other.folder, symlinks=True)
        return other

    def commit(self, message: str) -> None:
        """Commit everything."""
        self._out("git", "add", "-A")
        self._out("git", "commit", "-q", "-m", message)

    def set(self, **values: object) -> None:
        """Set parameters by their dotted keys, dots written as double underscores."""
        yaml = YAML()
        path = self.folder / "params.yaml"
        document = yaml.load(path)
        for key, value in values.items():
            *parents, last = key.split("__")
            section = document
            for parent in parents:
                section = section[parent]
            section[last] = value
        yaml.dump(document, path)

    def append(self, name: str, text: str) -> None:
        """Add a line to a file: an edit that changes nothing but its hash."""
        with (self.folder / name).open("a") as file:
            file.write(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the text `old`, which must be there, in a file."""
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{name}: no {old!r}"
        path.write_text(text.replace(old, new))

    def repro(self, *arguments: str) -> list[str]:
        """Run `dvc repro`; return the stages that really ran, in order."""
        output = self._out("dvc", "repro", *arguments)
        return re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE)

    def dvc(self, *arguments: str) -> str:
        """Run a DVC command and return what it printed."""
        return self._out("dvc", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a DVC command in a session of its own, to be killed with all its children.

        Its output goes to `log`.
        """
        with self.log.open("w") as log:
            return subprocess.Popen(
                ("dvc", *arguments),
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def shell(self, command: str) -> str:
        """Run a line of shell, as a reader of README would, and return what it printed."""
        return self._out("bash", "-euc", command)

    def fails(self, command: str) -> str:
        """Run a line of shell that must fail, and return what it printed."""
        return self._out("bash", "-euc", command, fails=True)

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **WHO, "PATH": path}

    def _out(self, *command: str, cwd: Path | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr
