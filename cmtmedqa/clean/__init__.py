"""Cleaning: normalisation, order of turns, de-identification, features, filters, departments."""
