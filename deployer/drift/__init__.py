"""Whether repositories still look as the settings of today ask, and how to bring them back. Pure; AWS is behind
Protocols.
"""
