"""A small client of the OCI distribution protocol, and images for it."""
