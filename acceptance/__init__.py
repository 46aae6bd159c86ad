"""Checks of what `deployer` assumes of AWS (docs/assumptions.md) and of its main job, against whatever AWS there is.

Run by `python -m acceptance`; docs/acceptance.md says how.
"""
