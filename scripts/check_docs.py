#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents keep what they say: every relative link leads to a file, every #anchor to a heading,
and every test that docs/guarantees.md names exists."""

import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
FENCE = re.compile(r"^\s*(```|~~~)")


def text_lines(path):
    """(number, line) outside code blocks."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(path):
    """The ids that GitHub gives a file's headings."""
    seen, result = {}, set()
    for _, line in text_lines(path):
        if not re.match(r"#{1,6} ", line):
            continue
        title = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
        count = seen.get(title, 0)
        seen[title] = count + 1
        result.add(f"{title}-{count}" if count else title)
    return result


def mistakes(path):
    for number, line in text_lines(path):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if OUTSIDE.match(target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            if not file.exists():
                yield f"{path}:{number}: {target}: no such file"
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                yield f"{path}:{number}: {target}: no such heading"


def tests():
    """Every "Suite.Name" and suite of the tests in C++."""
    found = set()
    for path in Path("tests").rglob("*_test.cc"):
        for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(), re.M):
            found |= {suite, f"{suite}.{name}"}
    return found


def missing_tests(path):
    """`Suite.Name`, `OtherNameOfTheSameSuite`, or `Suite`, all in one cell of a table."""
    known = tests()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        suite = ""
        for word in re.findall(r"`([A-Z]\w+(?:\.[A-Z]\w+)?)`", line if line.startswith("|") else ""):
            suite = word.split(".")[0] if "." in word else suite
            if word not in known and f"{suite}.{word}" not in known:
                yield f"{path}:{number}: {word}: no such test"


def main():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        check=True, capture_output=True, text=True).stdout.split("\n")
    found = [m for name in listed if name and Path(name).exists() for m in mistakes(Path(name))]
    found += missing_tests(Path("docs/guarantees.md"))
    print("\n".join(found) if found else "all links lead somewhere, all named tests exist")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
