"""Fetching pages of consultation sites: law and conduct first, every byte in a WARC, nothing lost by a kill."""
