"""Compares desired and actual state: definitions, targets and the typed changes between them. Pure."""
