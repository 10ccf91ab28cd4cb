"""Exact and near duplicates: keys, MinHash signatures, bands, exact verification, clusters."""
