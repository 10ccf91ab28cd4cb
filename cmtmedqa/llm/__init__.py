"""Calls to language models: a client, its ledger, and what is made with them."""
