"""Pairs: where they come from, and which of them somebody learns from."""
