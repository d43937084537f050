"""Which files stand below a folder. Links inside it are followed, for mounted volumes are made of them; others are not.

What is hidden (its name begins with a dot) is passed over, unless a link that is not hidden leads there.
"""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from index.formats.document import Unread
from index.formats.metadata import METADATA

_BEIR = ("corpus.jsonl", "corpus.jsonl.gz")


def files(root: Path, seen: set[str]) -> list[Path | Unread]:
    """Files below a folder in the order of their paths, or the file itself; each one once, whatever links lead to it.

    A folder with a BEIR corpus holds nothing else that is an article. `seen` has the real paths that were given before,
    and takes those given now. Unread: a folder that cannot be listed, a link that is not followed.
    """
    if not root.is_dir():
        return [] if _known(os.path.realpath(root), seen) else [root]
    corpus = [root / name for name in _BEIR if (root / name).is_file()]
    if corpus:
        return [] if _known(os.path.realpath(corpus[0]), seen) else [corpus[0]]
    return sorted(_walk(root, seen), key=lambda found: Path(found.path) if isinstance(found, Unread) else found)


def _walk(root: Path, seen: set[str]) -> Iterator[Path | Unread]:
    """Plain files first, so that a file that a link leads to as well goes by its own name."""
    home = os.path.realpath(root)
    folders = deque([(root, home)])
    links: deque[Path] = deque()
    while folders or links:
        path, real = folders.popleft() if folders else (links.popleft(), "")
        try:
            if not real:  # a link, as all folders are done
                yield from _followed(path, home, folders, seen)
            elif not _known(real + os.sep, seen):
                yield from _listed(path, real, folders, links, seen)
        except OSError as error:
            yield Unread(str(path), f"cannot be listed: {error.strerror}")


def _listed(
    folder: Path, real: str, folders: deque[tuple[Path, str]], links: deque[Path], seen: set[str]
) -> Iterator[Path]:
    """The plain files of a folder; its folders and links are noted for later."""
    with os.scandir(folder) as listed:
        entries = [entry for entry in listed if not entry.name.startswith(".") and entry.name != METADATA]
    for entry in sorted(entries, key=lambda entry: entry.name):
        path, target = folder / entry.name, f"{real.rstrip(os.sep)}{os.sep}{entry.name}"
        if entry.is_symlink():
            links.append(path)
        elif entry.is_dir():
            folders.append((path, target))
        elif entry.is_file() and not _known(target, seen):
            yield path


def _followed(link: Path, home: str, folders: deque[tuple[Path, str]], seen: set[str]) -> Iterator[Path | Unread]:
    """The file that a link leads to; its folder is noted for later."""
    target = os.path.realpath(link)
    if os.path.commonpath([target, home]) != home:
        where = f"to have it read, name its target: {target}"
        yield Unread(str(link), f"is a link out of the given folder, which is not followed; {where}")
    elif Path(target).is_dir():
        folders.append((link, target))
    elif not Path(target).exists():
        yield Unread(str(link), "is a link that leads nowhere")
    elif Path(target).is_file() and not _known(target, seen):
        yield link


def _known(real: str, seen: set[str]) -> bool:
    """Whether it was given before; from now on it was."""
    before = real in seen
    seen.add(real)
    return before
