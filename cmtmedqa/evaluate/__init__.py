"""Evaluation of models on held-out dialogues."""
