"""AWS::SNS::Topic and AWS::SNS::TopicPolicy."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    already_exists,
    exists,
    sync_tags,
    tag_list,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, DOCUMENT, STRING, TAGS

MISSING = ("NotFound", "NotFoundException")


class Topic(Resource):
    """A topic with its subscriptions; `Ref` is its ARN."""

    type_name = "AWS::SNS::Topic"
    shape = {
        "DisplayName": STRING,
        "FifoTopic": BOOLEAN,
        "KmsMasterKeyId": STRING,
        "Subscription": [{"Endpoint!": STRING, "Protocol!": STRING}],
        "Tags": TAGS,
        "TopicName": STRING,
    }
    replaced_by = ("TopicName", "FifoTopic")
    name_property = "TopicName"
    tagged = True
    attribute_names = ("TopicArn", "TopicName")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        sns = context.client("sns")
        name = str(properties.get("TopicName") or context.generated_name(256))
        arn = context.arn("sns", name)
        if exists(lambda: sns.get_topic_attributes(TopicArn=arn), *MISSING):
            raise already_exists(self.type_name, arn)
        attributes = {key: properties[key] for key in ("DisplayName", "KmsMasterKeyId") if key in properties}
        if properties.get("FifoTopic"):
            attributes["FifoTopic"] = "true"
        sns.create_topic(Name=name, Attributes=attributes, Tags=list(properties.get("Tags", [])))
        return arn

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _subscribe(context.client("sns"), physical_id, properties.get("Subscription", []))

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        sns = context.client("sns")
        for name in ("DisplayName", "KmsMasterKeyId"):
            if old.get(name) != new.get(name):
                sns.set_topic_attributes(TopicArn=physical_id, AttributeName=name, AttributeValue=new.get(name, ""))
        before, after = old.get("Subscription", []), new.get("Subscription", [])
        _unsubscribe(sns, physical_id, [item for item in before if item not in after])
        _subscribe(sns, physical_id, [item for item in after if item not in before])
        sync_tags(
            old,
            new,
            tag=lambda tags: sns.tag_resource(ResourceArn=physical_id, Tags=tag_list(tags)),
            untag=lambda keys: sns.untag_resource(ResourceArn=physical_id, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("sns").delete_topic(TopicArn=physical_id), *MISSING)

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return exists(lambda: context.client("sns").get_topic_attributes(TopicArn=physical_id), *MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"TopicArn": physical_id, "TopicName": physical_id.rsplit(":", 1)[-1]}

    def identifier(self, context: ResourceContext, properties: Properties) -> str | None:
        return context.arn("sns", properties["TopicName"]) if "TopicName" in properties else None


def _subscribe(sns: Any, arn: str, subscriptions: list[dict[str, str]]) -> None:
    for item in subscriptions:
        sns.subscribe(TopicArn=arn, Protocol=item["Protocol"], Endpoint=item["Endpoint"])


def _unsubscribe(sns: Any, arn: str, subscriptions: list[dict[str, str]]) -> None:
    for item in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        if {"Endpoint": item["Endpoint"], "Protocol": item["Protocol"]} in subscriptions:
            sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])


class TopicPolicy(Resource):
    """The policy of one or more topics; deleting it restores the default that SNS gives every topic."""

    type_name = "AWS::SNS::TopicPolicy"
    shape = {"PolicyDocument!": DOCUMENT, "Topics!": [STRING]}

    def create(self, context: ResourceContext, properties: Properties) -> str:
        for topic in properties["Topics"]:
            _set_policy(context, topic, properties["PolicyDocument"])
        return context.generated_name(255)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        self.create(context, new)
        for topic in set(old["Topics"]) - set(new["Topics"]):
            _reset_policy(context, topic)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        for topic in properties["Topics"]:
            _reset_policy(context, topic)


def _set_policy(context: ResourceContext, topic: str, document: Any) -> None:
    context.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text(document))


def _reset_policy(context: ResourceContext, topic: str) -> None:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
                   "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": context.account}},
    }  # fmt: skip
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    unless_gone(lambda: _set_policy(context, topic, document), *MISSING)
