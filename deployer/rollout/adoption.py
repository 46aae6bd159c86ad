"""The template that goes before the reversal of manual changes that CloudFormation does not compare. Pure.

Drift-aware change sets compare the properties that a template sets, of types with a read handler. So a stack first
adopts the rest as it is, by a template with the actual values, and without the parts of such types. The update to its
own template then changes what the first one adopted, and creates what it left out. That a property returns to its
default once the template omits it is assumption A35.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
"""

from __future__ import annotations

import json
from dataclasses import replace

from deployer.inspection.central_types import NOT_COMPARED_BY_CLOUDFORMATION
from deployer.stacks import StackDefinition
from handler.inspection import Damage


def adopted(definition: StackDefinition, damage: Damage) -> StackDefinition | None:
    """The definition for the first update; None if it is not needed. Nothing refers to what it leaves out."""
    template = json.loads(definition.body)
    for one in damage.resources:
        if one.type in NOT_COMPARED_BY_CLOUDFORMATION:
            template["Resources"].pop(one.logical_id, None)
        elif one.logical_id in template["Resources"]:
            template["Resources"][one.logical_id]["Properties"].update(one.unset)
    is_needed = template != json.loads(definition.body)
    return replace(definition, body=json.dumps(template, sort_keys=True)) if is_needed else None
