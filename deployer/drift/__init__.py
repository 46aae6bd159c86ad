"""Whether repositories match today's settings, and how to repair them. Pure; AWS is behind
Protocols.
"""
