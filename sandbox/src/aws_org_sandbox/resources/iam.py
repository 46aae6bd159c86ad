"""AWS::IAM::Role: trust, inline and managed policies, boundary and tags, all of them updated in place."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    exists,
    sync_tags,
    tag_list,
    tag_map,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import DOCUMENT, INTEGER, STRING, TAGS


class Role(Resource):
    """An IAM role; deleting it removes its policies first, as IAM requires."""

    type_name = "AWS::IAM::Role"
    shape = {
        "RoleName": STRING,
        "Path": STRING,
        "Description": STRING,
        "AssumeRolePolicyDocument!": DOCUMENT,
        "ManagedPolicyArns": [STRING],
        "MaxSessionDuration": INTEGER,
        "PermissionsBoundary": STRING,
        "Policies": [{"PolicyName!": STRING, "PolicyDocument!": DOCUMENT}],
        "Tags": TAGS,
    }
    replaced_by = ("RoleName", "Path")
    name_property = "RoleName"
    tagged = True
    attribute_names = ("Arn", "RoleId")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        name = properties.get("RoleName") or context.generated_name()
        optional = {
            key: properties[key]
            for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
            if key in properties
        }
        iam = context.client("iam")
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=text(properties["AssumeRolePolicyDocument"]),
            Tags=tag_list(tag_map(properties)),
            **optional,
        )
        return str(name)

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _sync_policies(context.client("iam"), physical_id, old={}, new=properties)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        iam = context.client("iam")
        if old["AssumeRolePolicyDocument"] != new["AssumeRolePolicyDocument"]:
            iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=text(new["AssumeRolePolicyDocument"]))
        _sync_description(iam, physical_id, old, new)
        _sync_boundary(iam, physical_id, old, new)
        _sync_policies(iam, physical_id, old=old, new=new)
        sync_tags(
            old,
            new,
            tag=lambda tags: iam.tag_role(RoleName=physical_id, Tags=tag_list(tags)),
            untag=lambda keys: iam.untag_role(RoleName=physical_id, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        iam = context.client("iam")
        unless_gone(lambda: _sync_policies(iam, physical_id, old=properties, new={}), "NoSuchEntity")
        unless_gone(lambda: iam.delete_role(RoleName=physical_id), "NoSuchEntity")

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return exists(lambda: context.client("iam").get_role(RoleName=physical_id), "NoSuchEntity")

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        role = context.client("iam").get_role(RoleName=physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _sync_description(iam: Any, name: str, old: Properties, new: Properties) -> None:
    desired = {"Description": new.get("Description", ""), "MaxSessionDuration": new.get("MaxSessionDuration", 3600)}
    before = {"Description": old.get("Description", ""), "MaxSessionDuration": old.get("MaxSessionDuration", 3600)}
    if desired != before:
        iam.update_role(RoleName=name, **desired)


def _sync_boundary(iam: Any, name: str, old: Properties, new: Properties) -> None:
    before, after = old.get("PermissionsBoundary"), new.get("PermissionsBoundary")
    if before == after:
        return
    if after:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=after)
    else:
        iam.delete_role_permissions_boundary(RoleName=name)


def _sync_policies(iam: Any, name: str, *, old: Properties, new: Properties) -> None:
    """Attach and put new policies, then detach and delete removed ones, so that a role never lacks a kept policy."""
    before = {policy["PolicyName"]: policy["PolicyDocument"] for policy in old.get("Policies", ())}
    after = {policy["PolicyName"]: policy["PolicyDocument"] for policy in new.get("Policies", ())}
    managed_before, managed_after = set(old.get("ManagedPolicyArns", ())), set(new.get("ManagedPolicyArns", ()))
    for policy, document in after.items():
        if before.get(policy) != document:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text(document))
    for arn in sorted(managed_after - managed_before):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in sorted(before.keys() - after.keys()):
        unless_gone(partial(iam.delete_role_policy, RoleName=name, PolicyName=policy), "NoSuchEntity")
    for arn in sorted(managed_before - managed_after):
        unless_gone(partial(iam.detach_role_policy, RoleName=name, PolicyArn=arn), "NoSuchEntity")
