"""Keys for labelling: single ones from a terminal, lines from everything else.

On a terminal a key acts at once, and whoever is asked for words types them on one line; a line of a pipe is a key
with its words behind it ("a 1987"), an empty one is Enter.
"""

import codecs
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from eval.authoring.label import TAKES_WORDS, KeyPress
from eval.authoring.label_session import ENTER, Input

_END = "\x04"  # Ctrl-D
_RUBOUT = ("\x7f", "\x08")
_CLEAR = "\x15"  # Ctrl-U
_ESCAPE = "\x1b"
_ARROWS = {"[C": "]", "[D": "[", "OC": "]", "OD": "["}


class PipedKeys:
    """One key a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def key(self) -> KeyPress | None:
        line = self._stream.readline()
        if not line:
            return None
        name, _, words = line.strip().partition(" ")
        return KeyPress(name or ENTER, words.strip())

    def words(self, what: str) -> str | None:
        return self._stream.readline() or None


class TerminalKeys:
    """Of a terminal in cbreak mode; what is typed is echoed here, since the terminal does not."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def key(self) -> KeyPress | None:
        self._echo("› ")
        name = self._character()
        if name == _ESCAPE:
            name = _ARROWS.get(self._character() + self._character(), _ESCAPE)
        if name in ("", _END):
            return None
        name = ENTER if name == "\n" else name
        if name not in TAKES_WORDS:
            self._echo("\n")
            return KeyPress(name)
        words = self.words(TAKES_WORDS[name])
        return None if words is None else KeyPress(name, words)

    def words(self, what: str) -> str | None:
        """A line with rubout and Ctrl-U; None at the end of input."""
        self._echo(f"{what}: ")
        typed = ""
        while (character := self._character()) not in ("\r", "\n"):
            if character in ("", _END):
                return None
            if character in _RUBOUT:
                self._echo("\b \b" * bool(typed))
                typed = typed[:-1]
            elif character == _CLEAR:
                self._echo("\b \b" * len(typed))
                typed = ""
            elif character.isprintable():
                self._echo(character)
                typed += character
        self._echo("\n")
        return typed

    def _character(self) -> str:
        """ "" at the end of input."""
        text = ""
        while not text:
            read = os.read(self._descriptor, 1)
            if not read:
                return ""
            text = self._decoder.decode(read)
        return text

    def _echo(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def keys_of(stream: TextIO) -> Iterator[Input]:
    """A terminal is left as it was found, whatever happens."""
    if not stream.isatty():
        yield PipedKeys(stream)
        return
    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield TerminalKeys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
