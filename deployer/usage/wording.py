"""Usage in words. Pure."""

from __future__ import annotations

from datetime import timedelta

from deployer.usage.images import ImageSummary
from deployer.words import counted, size_text


def length_text(length: timedelta) -> str:
    """`90 days`, or hours if these are not whole days."""
    days = length / timedelta(days=1)
    return counted(int(days), "day") if days.is_integer() else f"{length / timedelta(hours=1):,.1f} hours"


def contents_text(images: ImageSummary) -> str:
    """`3 images, 1.2 GB, pushed 2026-01-05 to 2026-02-07, pulled 2026-02-01`."""
    parts = [counted(images.images, "image"), size_text(images.size)]
    if images.archived:
        parts.append(f"{images.archived:,} archived ({size_text(images.archived_size)})")
    if images.first_push and images.last_push:
        first, last = (f"{moment:%Y-%m-%d}" for moment in (images.first_push, images.last_push))
        parts.append(f"pushed {first}" if first == last else f"pushed {first} to {last}")
    parts += [f"pulled {images.last_pull:%Y-%m-%d}"] if images.last_pull else []
    return ", ".join(parts)
