"""Reads the actual state and changes nothing. Reads each resource once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from deployer.errors import PermissionDeniedError
from deployer.planning.comparison import stack_needs_preview
from deployer.planning.states import ActualState, DesiredState, OperationInProgress, ReplacedCode, StackKey
from deployer.planning.template_changes import is_same
from deployer.rollout.cloud import Artifacts, Cloud, Functions
from deployer.rollout.operations import progress_of
from deployer.stack_sets import StackSets
from deployer.stacks import FUNCTION_TYPE, ResourceChange, StackDefinition, StackState
from handler.json_values import JsonValue
from handler.settings_file import FILE_NAME
from templates.names import handler_key


def read_actual_state(
    desired: DesiredState, cloud: Cloud, *, previews: bool = True, recalls: bool = False
) -> ActualState:
    """The actual state for a plan. `previews`: create change sets to preview updates of stacks.

    `recalls`: StackSets that were read before are read again only if this command has changed them.
    """
    definitions = {
        StackKey(one.name, one.region): one for one in (desired.artifacts, desired.central, *desired.companions)
    }
    found = {
        key: cloud.stacks.describe(key.name, region=key.region)
        for key in dict.fromkeys([*definitions, *desired.former_companions])
    }
    stacks = {key: state for key, state in found.items() if state is not None}
    changing = (
        [one for key, one in definitions.items() if stack_needs_preview(one, stacks.get(key))] if previews else []
    )
    previewed = {StackKey(one.name, one.region): _preview(one, cloud) for one in changing}
    read = cloud.stack_sets.recall if recalls else cloud.stack_sets.describe
    stack_sets = {name: read(name) for name in _stack_sets(desired, cloud.stack_sets)}
    return ActualState(
        stacks=stacks,
        previews={key: preview for key, preview in previewed.items() if preview is not None},
        denied_previews=frozenset(key for key, preview in previewed.items() if preview is None),
        stack_sets={name: state for name, state in stack_sets.items() if state is not None},
        bundle_is_uploaded=_key(desired.artifacts) in stacks and cloud.artifacts.has(desired.bundle_key),
        settings_in_force=_settings_in_force(desired, stacks.get(_key(desired.central)), cloud.artifacts),
        replaced_code=tuple(_replaced_code(desired, stacks.get(_key(desired.central)), cloud.functions)),
        under_way=tuple(
            OperationInProgress(name, operation, *progress_of(cloud.stack_sets, name, operation))
            for name, state in stack_sets.items()
            for operation in (state.in_progress if state else ())
        ),
    )


def _preview(definition: StackDefinition, cloud: Cloud) -> tuple[ResourceChange, ...] | None:
    """What an update would do; None when the caller may read stacks but not create change sets."""
    try:
        return cloud.stacks.preview(definition)
    except PermissionDeniedError:
        return None


def existing_stack_sets(desired: DesiredState, stack_sets: StackSets) -> tuple[str, ...]:
    """Those of an installation that exist, of earlier settings too; takes one call for a hundred StackSets."""
    names = {one.definition.name for one in desired.stack_sets}
    existing = stack_sets.names()
    return tuple(name for name in existing if name in names or any(family.has(name) for family in desired.families))


def _stack_sets(desired: DesiredState, stack_sets: StackSets) -> tuple[str, ...]:
    """Those of the desired state, and what earlier settings left of its families."""
    names = [one.definition.name for one in desired.stack_sets]
    left = existing_stack_sets(desired, stack_sets) if desired.families else ()
    return tuple(dict.fromkeys([*names, *left]))


def _key(stack: StackDefinition) -> StackKey:
    return StackKey(stack.name, stack.region)


def _settings_in_force(desired: DesiredState, central: StackState | None, artifacts: Artifacts) -> bytes | None:
    """The settings in the zip that the function runs now; read from the bucket only when it is another zip."""
    if central is None:
        return None
    if is_same(central.body, desired.central.body):
        return desired.settings_json
    key = _bundle_key(central.body)
    data = artifacts.fetch(key) if key else None
    if data is None:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(FILE_NAME)
    except (zipfile.BadZipFile, KeyError):  # the template names another object, or another zip
        return None


def _bundle_key(body: str) -> str | None:
    """The S3 key of the function's code, as a central template names it."""
    return next((one.get("Code", {}).get("S3Key") for one in _functions(body).values()), None)


def _functions(body: str) -> Mapping[str, JsonValue]:
    """The properties of each function in a central template, by logical id."""
    try:
        resources: dict[str, JsonValue] = json.loads(body)["Resources"]
    except (ValueError, KeyError, TypeError):
        return {}
    return {key: one["Properties"] for key, one in resources.items() if one.get("Type") == FUNCTION_TYPE}


def _replaced_code(desired: DesiredState, central: StackState | None, functions: Functions) -> Iterator[ReplacedCode]:
    """Functions with other code than the desired zip although the stack has it; an update deploys any other zip."""
    if central is None or central.is_in_progress:
        return
    for logical_id, properties in _functions(central.body).items():
        if properties.get("Code", {}).get("S3Key") == desired.bundle_key:
            name = properties["FunctionName"]
            digest = functions.code_digest(name)
            if digest is not None and handler_key(digest) != desired.bundle_key:
                yield ReplacedCode(name, logical_id, digest)
