"""Readers of every known file shape. A shape is chosen by looking at the bytes and the keys, never at the extension."""
