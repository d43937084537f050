"""Everything that can go wrong and that a person can mend; each message says what, with which value, and what to do.

    QuotewellError
    ├── BadInput            a value somebody gave is not usable
    │   ├── BadQuestion     empty, too long, not text
    │   ├── BadSetting      unknown key or wrong value in flags, environment or quotewell.toml
    │   ├── UnreadableFile  a file that is binary, empty, not UTF-8 …; the rest of the folder is still indexed
    │   └── BadGold         an evaluation file with a broken line
    ├── NotFound            a document, passage or file that does not exist
    ├── IndexMissing        nothing is indexed there yet
    ├── IndexDamaged        stored bytes do not match their hash
    ├── IndexMismatch       built with another model or other settings than asked for
    ├── StoreBusy           another process is writing
    ├── EngineUnavailable   the search engine of the setting `store` is down, slow, too old or not installed
    └── ModelMissing        weights absent or not the ones they should be

Bugs raise plain ValueError or AssertionError and are not caught. Abstaining is a result, not an error.
"""


class QuotewellError(Exception):
    """Someone can fix this, and the message says how."""


class BadInput(QuotewellError): ...


class BadQuestion(BadInput): ...


class BadSetting(BadInput): ...


class UnreadableFile(BadInput): ...


class BadGold(BadInput): ...


class NotFound(QuotewellError): ...


class IndexMissing(QuotewellError): ...


class IndexDamaged(QuotewellError): ...


class IndexMismatch(QuotewellError): ...


class StoreBusy(QuotewellError): ...


class EngineUnavailable(QuotewellError): ...


class ModelMissing(QuotewellError): ...
