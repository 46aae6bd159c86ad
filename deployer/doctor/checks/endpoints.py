"""The installed SDK: it must know the handler's runtime, and an endpoint of each service in each region."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ActualState
from deployer.doctor.finding import Finding, problem, warning

UPGRADE = "pip install --upgrade boto3"


def runtime(actual: ActualState) -> Iterator[Finding]:
    """Lambda's model has the runtime of the functions."""
    if actual.runtime not in actual.known_runtimes:
        yield problem(
            f"The installed botocore does not know Lambda's runtime {actual.runtime}",
            "Upgrade it:",
            UPGRADE,
        )


def endpoints(actual: ActualState) -> Iterator[Finding]:
    """The home region has all services of the central stacks, every covered region those of the member templates."""
    for region, services in sorted(actual.missing_endpoints.items()):
        yield warning(
            f"botocore knows no endpoint in {region} of: {', '.join(sorted(services))}",
            "Choose another region in the config files, or, if the region is new, upgrade:",
            UPGRADE,
        )
