"""The session parameters of STS calls, such as policies and tags; moto (5.2.5) ignores all of them.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from aws_org_sandbox.calls import CURRENT, Call, Refused
from aws_org_sandbox.credentials import CARRIED, Carried
from aws_org_sandbox.iam.policies import PolicyError, parse_policy
from aws_org_sandbox.seams import original, replace

_UNSUPPORTED = ("PolicyArns",)
"""Parameters that limit a session and that the sandbox does not evaluate."""


def carried_by(call: Call) -> Carried:
    """The attributes of a new session: those in the request, and those inherited from the caller's session."""
    caller = call.principal.carried
    tags = {tag["Key"]: tag["Value"] for tag in call.parameters.get("Tags") or ()}
    inherited = {key: caller.tags[key] for key in caller.transitive}
    return Carried(
        source_identity=call.parameters.get("SourceIdentity") or caller.source_identity,
        tags=tags | inherited,
        transitive=caller.transitive | frozenset(call.parameters.get("TransitiveTagKeys") or ()),
    )


@replace(TokenResponse, "assume_role")
def _assume_role(self: TokenResponse) -> ActionResult:
    """Omit the packed size, for which moto always returns 6: AWS does not document how STS packs policies."""
    if (call := CURRENT.get()) is not None:
        _check_session(call)
    answer: ActionResult = original(TokenResponse, "assume_role")(self)
    result = answer.result
    assert isinstance(result, dict)
    carried = carried_by(call) if call is not None else Carried()
    setattr(result["Credentials"], CARRIED, carried)
    identity = {"SourceIdentity": carried.source_identity} if carried.source_identity else {}
    return ActionResult({name: value for name, value in result.items() if name != "PackedPolicySize"} | identity)


def _check_session(call: Call) -> None:
    """Refuse a session with an invalid policy, or with parameters that the sandbox does not evaluate."""
    for name in _UNSUPPORTED:
        if call.parameters.get(name):
            raise Refused("ValidationError", f"{name} is not supported by the sandbox")
    _check_carried(call)
    try:
        statements = parse_policy(call.parameters["Policy"]) if "Policy" in call.parameters else ()
    except PolicyError as error:
        raise Refused("MalformedPolicyDocument", str(error)) from error
    if any(statement.principals or statement.not_principals for statement in statements):
        raise Refused("MalformedPolicyDocument", "Policy document should not specify a principal.")


def _check_carried(call: Call) -> None:
    """Refuse contradictions, and changes to values inherited from the caller's session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
    """
    caller = call.principal.carried
    keys = {tag["Key"].lower() for tag in call.parameters.get("Tags") or ()}
    if any(key.lower() not in keys for key in call.parameters.get("TransitiveTagKeys") or ()):
        raise Refused("ValidationError", "The specified transitive tag key must be included in the requested tags.")
    if taken := sorted(key for key in caller.transitive if key.lower() in keys):
        raise Refused("ValidationError", f"One of the specified transitive tag keys can't be set: {', '.join(taken)}")
    identity = call.parameters.get("SourceIdentity")
    if identity and caller.source_identity not in {None, identity}:
        raise Refused("ValidationError", "The source identity of a session cannot be changed.")
