"""Names: only deployer's own resources in the central account have names that a roll-out uses."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ActualState, Unread
from deployer.doctor.finding import Finding, problem, unchecked
from deployer.doctor.resource_names import SHOW


def names(actual: ActualState) -> Iterator[Finding]:
    """Every resource with such a name is in our stacks or was retained when they were deleted."""
    if isinstance(actual.existing, Unread):
        yield unchecked("the names in the central account", actual.existing, "Sign in to the central account first.")
        return
    call_as = "SELF" if actual.is_management else "DELEGATED_ADMIN"
    for one in actual.existing:
        show = SHOW[one.type].format(name=one.name, region=one.region, call_as=call_as)
        if isinstance(one.holder, Unread):
            yield unchecked(f"{one.type} {one.name}", one.holder, "In the central account, run:", show)
        elif one.holder == "other":
            yield problem(
                f"{one.type} {one.name} exists in {one.region} but was not created by deployer",
                "Remove it, or, before the first roll-out, choose another `prefix` in organization.yaml. To show it:",
                show,
            )
