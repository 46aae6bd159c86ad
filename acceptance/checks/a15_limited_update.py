"""A15: UpdateStackSet of some instances does not change auto-deployment."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial


def run(lab: Lab) -> Finding:
    """Change the template for one named account, and compare auto-deployment before and after."""
    environment, stack_set = lab.environment, trial(lab, "limited")
    stack_set.create()
    stack_set.operate("create_stack_instances", ous=[environment.ou], regions=[environment.region])
    before = {"auto_deployment": stack_set.description()["AutoDeployment"], "targets": stack_set.targets()}
    stack_set.operate(
        "update_stack_set",
        ous=[environment.ou],
        accounts=[environment.member_account],
        regions=[environment.region],
        TemplateBody=stack_set.template(f"/acceptance/{stack_set.name}", days=3),
    )
    after = {"auto_deployment": stack_set.description()["AutoDeployment"], "targets": stack_set.targets()}
    if after != before:
        return refuted("The update changed auto-deployment", before=before, after=after)
    return held("Auto-deployment is enabled with the same targets as before", before=before, after=after)


CHECK = Check(
    number=15,
    title="UpdateStackSet of some instances does not change auto-deployment",
    run=run,
    creates=("a StackSet of one log group",),
    minutes=4,
    altered_by="LIMITED_UPDATE_ENDS_AUTO_DEPLOYMENT",
)
