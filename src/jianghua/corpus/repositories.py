"""Files of public git repositories at a commit: only what is asked for is fetched, and kept in a cache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jianghua.corpus.references import Source, is_named
from jianghua.schema import InputError

_SECONDS = 900
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "maintenance.auto=false")
_REGULAR = (b"100644", b"100755")


@dataclass(frozen=True)
class Commit:
    """A commit that stands in the cache: its bare repository and the object of each regular file."""

    folder: Path
    files: Mapping[str, str]

    def find(self, source: Source) -> tuple[str, str]:
        """Path and object of the file that `source` names.

        Raises:
            InputError: no such file in the commit.
        """
        for path, object_ in self.files.items():
            if is_named(source.parts[0], path):
                return path, object_
        raise InputError(f"the file {source.parts[0]}", f"none in {source.repository}", "leave the document out")


def fetch_commit(base: str, repository: str, commit: str, cache: Path) -> Commit:
    """Fetch the folders of one commit of `base`/`repository` (no file yet), unless the cache has them.

    `base`: an address or a folder that git understands.

    Raises:
        InputError: git is missing, or the repository or the commit cannot be reached.
    """
    folder = cache / f"{repository.replace('/', '__')}.git"
    if not (folder / "HEAD").is_file():
        _git(None, "init", "--quiet", "--bare", str(folder))
        _git(folder, "remote", "add", "origin", f"{base.rstrip('/')}/{repository}")
    if not _has(folder, commit):
        _git(folder, "fetch", "--quiet", "--depth", "1", "--no-tags", "--filter=blob:none", "origin", commit)
    files = {}
    for entry in _git(folder, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        if entry:
            facts, _, path = entry.partition(b"\t")
            mode, _, object_ = facts.split(b" ")
            if mode in _REGULAR:
                files[path.decode("utf-8", errors="surrogateescape")] = object_.decode()
    return Commit(folder, files)


def read_files(commit: Commit, objects: Iterable[str]) -> None:
    """Fetch the content of files that the cache lacks, all in one request.

    Raises:
        InputError: the repository cannot be reached.
    """
    wanted = sorted({object_ for object_ in objects if not _has(commit.folder, object_)})
    if wanted:
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none")
        command = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, "--stdin", "origin")
        _git(commit.folder, *command, given="\n".join(wanted) + "\n")


def write_file(commit: Commit, object_: str, path: Path) -> None:
    """Write one fetched file to `path`."""
    path.write_bytes(_git(commit.folder, "cat-file", "blob", object_))


def _has(folder: Path, object_: str) -> bool:
    try:
        _git(folder, "cat-file", "-e", object_, lazy=False)
    except InputError:
        return False
    return True


def _git(folder: Path | None, *command: str, given: str | None = None, lazy: bool = True) -> bytes:
    where = [] if folder is None else ["-C", str(folder)]
    # Never a question for a password, and no file fetched one by one where only its presence is asked.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"} | ({} if lazy else {"GIT_NO_LAZY_FETCH": "1"})
    try:
        done = subprocess.run(
            ["git", *_SAFE, *where, *command], input=(given or "").encode(), capture_output=True,
            timeout=_SECONDS, env=environment, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise InputError("git on the PATH", "none", "install git") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"an answer within {_SECONDS} s", f"none to git {command[0]}", "try again") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise InputError("a repository that can be reached", said or "nothing", "check the network and try again")
    return done.stdout
