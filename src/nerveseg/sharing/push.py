"""Uploads a shared run to a repository of Hugging Face."""

import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final, Protocol

from nerveseg.errors import InputError

_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


class Client(Protocol):
    """The part of `huggingface_hub.HfApi` that is used."""

    def create_repo(self, repo_id: str, *, exist_ok: bool) -> Any:  # noqa: ANN401
        """Create a repository unless it exists."""
        ...

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> Any:  # noqa: ANN401
        """Upload the files of a folder in one commit."""
        ...


def check_repository(repository: str) -> None:
    """Check the name of a repository before anything is written.

    Raises:
        InputError: it is not of the form USER/REPO.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"--push {repository[:80]}: give it as USER/REPO")


def hub_client() -> Client:
    """Return a client with the token of this machine.

    Raises:
        InputError: huggingface_hub is not installed, or there is no token.
    """
    try:
        # Optional, and slow to import.
        from huggingface_hub import HfApi, get_token
    except ModuleNotFoundError as error:
        raise InputError(
            "the package 'huggingface_hub' is not installed; run pip install 'nerveseg[hub]'"
        ) from error
    if not (token := get_token()):
        raise InputError("no token of Hugging Face; run hf auth login, or set HF_TOKEN")
    return HfApi(token=token)


def push(package: Path, repository: str, run: str, client: Client) -> None:
    """Upload the files in the zip `package`: the artefact, and its card as the README.

    Args:
        package: what `share` wrote.
        repository: USER/REPO; it is created if there is none.
        run: name of the run, for the message of the commit.
        client: where to upload.

    Raises:
        InputError: the service refuses, or cannot be reached.
    """
    check_repository(repository)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        try:
            client.create_repo(repository, exist_ok=True)
            client.upload_folder(
                repo_id=repository, folder_path=folder, commit_message=f"nerveseg share {run}"
            )
        except Exception as error:
            # The client raises errors of its own, of the HTTP library and of the system.
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{repository}: not uploaded ({reason}); check the name, the token's permission "
                "and the connection. The zip has been written"
            ) from error
