"""Compares the resources in member accounts with the templates that they were deployed from; read-only."""
