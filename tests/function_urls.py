"""The handler's function URL in a sandbox where the example organization is rolled out."""

from __future__ import annotations

from aws_org_sandbox.sandbox import Sandbox
from templates.function_url import OUTPUT


def handler_url(sandbox: Sandbox) -> str:
    """The URL, as the central stack has it."""
    [stack] = sandbox.client("cloudformation").describe_stacks(StackName="deployer-central")["Stacks"]
    [url] = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == OUTPUT]
    return str(url)
