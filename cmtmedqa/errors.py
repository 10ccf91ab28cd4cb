"""The errors a user can act on.

CmtmedqaError
├── ConfigError      an unknown key or a value out of range: file, key, nearest valid key
├── InputError       a file, folder or record that cannot be used: file, index, id; never the text
└── MissingExtra     an optional library is absent: the pip line that adds it

All of them are caught in one place, at the command line: one line on standard error, exit code 2.
"""


class CmtmedqaError(Exception):
    """Base class: the message is one line that says what is wrong, where, and what to do."""


class ConfigError(CmtmedqaError):
    """A configuration that cannot be used."""


class InputError(CmtmedqaError):
    """An input or an output folder that cannot be used."""


class MissingExtra(CmtmedqaError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'cmtmedqa[{extra}]'")
