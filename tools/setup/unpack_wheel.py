"""Verifies a wheel's SHA-256 and unpacks the entries below a prefix (or one file) into a folder.

Usage: unpack_wheel.py <wheel> <sha256> <prefix> <folder>
"""

import hashlib
import pathlib
import shutil
import sys
import zipfile


def main() -> int:
    wheel, expected, prefix, folder = sys.argv[1:]
    with open(wheel, "rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        print(f"{wheel}: SHA-256 is {actual}, expected {expected}", file=sys.stderr)
        return 1
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("/") or not name.startswith(prefix):
                continue
            relative = name[len(prefix) :] if prefix.endswith("/") else pathlib.PurePosixPath(name).name
            target = pathlib.Path(folder, relative)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink)
            count += 1
    if count == 0:
        print(f"{wheel}: no entry begins with {prefix}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
