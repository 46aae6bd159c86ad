"""Carries out a plan, or removes an installation, and verifies the result. AWS is behind Protocols."""
