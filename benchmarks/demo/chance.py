"""Choices that look random and are the same on every machine: a digest of a name decides."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Value = TypeVar("Value")


def number(name: str, below: int) -> int:
    """A number from 0 to `below` - 1."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest(), "big") % below


def shuffled(values: Sequence[Value], name: str) -> list[Value]:
    """The values in an order that depends on `name` alone, not on a generator's version."""
    order = sorted(range(len(values)), key=lambda place: number(f"{name}/{place}", 1 << 62))
    return [values[place] for place in order]
