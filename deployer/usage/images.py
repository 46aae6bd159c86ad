"""Images of repositories, and their sums: any order, and any split into pages, gives the same sum."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageData:
    """One image as DescribeImages returns it; `pulled_at` is None if AWS recorded no pull.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
    """

    size: int
    """Bytes of its compressed layers; another image with the same layers counts them again."""
    pushed_at: datetime | None = None
    pulled_at: datetime | None = None
    """Refreshed at least once in 24 hours, so that a later pull may not show for that long."""
    activated_at: datetime | None = None
    """When it was last restored from the archive."""
    is_archived: bool = False
    """It cannot be pulled before it is restored from the archive; so is one that is being restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSummary:
    """The sum of images: of a repository, or of many. `images` and `size` are without archived ones."""

    images: int = 0
    size: int = 0
    archived: int = 0
    archived_size: int = 0
    first_push: datetime | None = None
    last_push: datetime | None = None
    last_pull: datetime | None = None
    pullable_since: datetime | None = None
    """When the first of the images that are not archived was pushed, or restored from the archive."""

    @classmethod
    def of(cls, image: ImageData) -> ImageSummary:
        """The sum of one image."""
        pushed, pulled = image.pushed_at, image.pulled_at
        if image.is_archived:
            return cls(archived=1, archived_size=image.size, first_push=pushed, last_push=pushed, last_pull=pulled)
        return cls(
            images=1,
            size=image.size,
            first_push=pushed,
            last_push=pushed,
            last_pull=pulled,
            pullable_since=_known(max, pushed, image.activated_at),
        )

    @property
    def total(self) -> int:
        """All images, archived or not."""
        return self.images + self.archived

    def __add__(self, other: ImageSummary) -> ImageSummary:
        return ImageSummary(
            images=self.images + other.images,
            size=self.size + other.size,
            archived=self.archived + other.archived,
            archived_size=self.archived_size + other.archived_size,
            first_push=_known(min, self.first_push, other.first_push),
            last_push=_known(max, self.last_push, other.last_push),
            last_pull=_known(max, self.last_pull, other.last_pull),
            pullable_since=_known(min, self.pullable_since, other.pullable_since),
        )


def summed(summaries: Iterable[ImageSummary]) -> ImageSummary:
    """The sum of sums."""
    return reduce(add, summaries, ImageSummary())


def summary_of(images: Iterable[ImageData]) -> ImageSummary:
    """The sum of images, which are read one at a time: a repository may have 100,000."""
    return summed(map(ImageSummary.of, images))


def _known(
    choose: Callable[[datetime, datetime], datetime], one: datetime | None, other: datetime | None
) -> datetime | None:
    return choose(one, other) if one and other else one or other
