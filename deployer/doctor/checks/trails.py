"""The trail: EventBridge receives ECR's calls only if a trail logs them."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ActualState, Trail, Unread
from deployer.doctor.finding import Finding, problem, unchecked, warning

DESCRIBE = "aws cloudtrail describe-trails --query 'trailList[].[TrailARN,IsOrganizationTrail,IsMultiRegionTrail]'"
STATUS = "aws cloudtrail get-trail-status --query IsLogging --name {name}"
SELECTORS = "aws cloudtrail get-event-selectors --trail-name {name}"
_CREATE = (
    "aws cloudtrail create-trail --name organization --is-organization-trail --is-multi-region-trail"
    " --s3-bucket-name BUCKET"
)
_MANAGEMENT = "With credentials of the account that owns the trail, usually the management account, run:"


def trail(actual: ActualState) -> Iterator[Finding]:
    """An organization trail of all regions logs write management events, and read events if pulls create."""
    if isinstance(actual.trails, Unread):
        yield unchecked("the trail", actual.trails, _MANAGEMENT, DESCRIBE)
        return
    everywhere = [one for one in actual.trails if one.is_organization_trail and one.is_multi_region]
    if not everywhere:
        yield warning(
            "No organization trail of all regions is visible in the central account. Each covered account "
            "and region then needs its own trail",
            "In the management account, run this, or check every account with the second command:",
            _CREATE,
            DESCRIBE,
        )
    elif not any(_is_logging(one) for one in everywhere):
        yield from (_not_logging(one) for one in everywhere)
    elif not any(_may_log(one, one.writes) for one in everywhere):
        yield problem(
            f"{_named(everywhere)} logs no write management events of ECR, so pushes cause no events",
            _MANAGEMENT,
            SELECTORS.format(name=everywhere[0].name),
        )
    else:
        yield from _reads(actual, everywhere)
        yield from _unknown(everywhere)


def _reads(actual: ActualState, trails: list[Trail]) -> Iterator[Finding]:
    """A pull of a missing repository is a read event."""
    pulls = not isinstance(actual.coverage, Unread) and actual.coverage.handles_pulls
    if pulls and not any(_may_log(one, one.reads) for one in trails):
        yield warning(
            f"`create.on` has `pull`, but {_named(trails)} logs no read management events",
            "Log all management events, which AWS charges for, or remove `pull` from `create.on`.",
            SELECTORS.format(name=trails[0].name),
        )


def _unknown(trails: list[Trail]) -> Iterator[Finding]:
    """Values that could not be read of the only trails that may be sufficient."""
    if any(one.is_logging is True and one.writes is True for one in trails):
        return
    for one in trails:
        if isinstance(one.is_logging, Unread):
            yield unchecked(f"whether trail {one.name} is logging", one.is_logging, _MANAGEMENT,
                            STATUS.format(name=one.name))  # fmt: skip
        if isinstance(one.writes, Unread):
            yield unchecked(f"which events trail {one.name} logs", one.writes, _MANAGEMENT,
                            SELECTORS.format(name=one.name))  # fmt: skip


def _not_logging(one: Trail) -> Finding:
    return problem(
        f"Trail {one.name} is not logging, so pushes cause no events",
        _MANAGEMENT,
        f"aws cloudtrail start-logging --name {one.name}",
    )


def _is_logging(one: Trail) -> bool:
    return one.is_logging is not False


def _may_log(one: Trail, events: bool | Unread) -> bool:
    return _is_logging(one) and events is not False


def _named(trails: list[Trail]) -> str:
    return f"trail {' and '.join(one.name for one in trails)}".capitalize()
