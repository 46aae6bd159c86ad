"""Checks of what `deployer` assumes of AWS (docs/contributing/assumptions.md) and of its main job, against any AWS.

Run by `python -m acceptance`; docs/contributing/acceptance.md says how.
"""
