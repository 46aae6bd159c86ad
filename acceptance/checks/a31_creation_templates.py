"""A31: A registry takes as many repository creation templates as `deployer doctor` expects."""

from __future__ import annotations

from typing import Final

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab, StackError
from deployer.quotas import CREATION_TEMPLATES
from templates.registry_creation_templates import TEMPLATE_TYPE

LIMIT: Final = "LimitExceeded"


def run(lab: Lab) -> Finding:
    """Create templates in one registry until it has the expected number."""
    client = lab.client("member", "ecr")
    pages = client.get_paginator("describe_repository_creation_templates").paginate()
    exist = sum(len(page["repositoryCreationTemplates"]) for page in pages)
    prefixes = [f"{lab.prefix}/template-{number}" for number in range(CREATION_TEMPLATES - exist)]
    properties = {"AppliedFor": ["CREATE_ON_PUSH"]}
    body = {
        f"Template{number}": {"Type": TEMPLATE_TYPE, "Properties": {**properties, "Prefix": prefix}}
        for number, prefix in enumerate(prefixes)
    }
    try:
        lab.stack("member", "creation-templates", {"Resources": body})
    except StackError as error:
        if not any(LIMIT in str(event) for event in error.events):
            raise
        return refuted("The registry refuses more templates", existing=exist, events=error.events[:1])
    return held(f"The registry has {CREATION_TEMPLATES} templates", existing=exist, created=len(prefixes))


CHECK = Check(
    number=31,
    title="A registry takes 100 repository creation templates",
    run=run,
    creates=("member: a stack of up to 100 repository creation templates",),
    minutes=5,
    altered_by="FEW_CREATION_TEMPLATES",
)
