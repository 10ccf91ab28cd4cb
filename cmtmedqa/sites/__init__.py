"""Saved pages of consultation sites to dialogues: declarative specs, contracts, WARC files. Opens no connection."""
