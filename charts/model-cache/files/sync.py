"""Fetches a version of a model onto the volume, unless it is there: sync.py <model> <version> <files> <manifest>.

What arrives is compared with the manifest that `npm run model:publish` has written, beside the place where it is to be. It
comes to that place by one rename, so that a version is there whole or not at all, whenever this ends.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from kserve_storage import Storage

CACHE = Path(os.environ.get("CACHE", "/cache"))
UNFINISHED = CACHE / ".unfinished"


def main(model: str, version: str, files: str, manifest: str) -> None:
    place = CACHE / model / version
    if place.exists():
        print(f"{model} {version} is there")
        return
    # What an earlier try has left is of no use: nobody knows how far it came.
    fetched = UNFINISHED / model / version
    shutil.rmtree(fetched, ignore_errors=True)
    expected = published(manifest)
    check_unpacked(expected)
    Storage.download(files, str(fetched))
    check(fetched, expected)
    os.sync()
    place.parent.mkdir(parents=True, exist_ok=True)
    fetched.rename(place)
    print(f"{model} {version}: {len(expected)} files")


def published(manifest: str) -> dict[str, str]:
    """SHA-256 of each file, by its path."""
    with tempfile.TemporaryDirectory() as folder:
        Storage.download(manifest, folder)
        (file,) = Path(folder).iterdir()
        return {entry["path"]: entry["sha256"] for entry in json.loads(file.read_text())["files"]}


def check_unpacked(expected: dict[str, str]) -> None:
    """KServe unpacks an archive that comes alone, and nothing would be left to compare."""
    (path, *more) = expected
    if not more and path.endswith((".zip", ".tar", ".tgz", ".tar.gz")):
        raise SystemExit(f"{path} is the only file: publish what is in it as the next version, or set pull to init-container")


def check(folder: Path, expected: dict[str, str]) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if found != set(expected):
        missing, unknown = sorted(set(expected) - found), sorted(found - set(expected))
        raise SystemExit(f"not what was published: missing {missing}, unknown {unknown}")
    for path, sha256 in expected.items():
        with (folder / path).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise SystemExit(f"not what was published: {path} is another")


if __name__ == "__main__":
    os.umask(0o022)
    main(*sys.argv[1:])
