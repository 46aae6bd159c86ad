"""Changes one stack as planned, and reports its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from deployer.bundle import Bundle
from deployer.errors import DeployerError
from deployer.planning.plan import StackPlan
from deployer.planning.states import StackKey
from deployer.rollout.adoption import adopted
from deployer.rollout.cloud import Cloud
from deployer.rollout.progress import Report, StackProgress
from deployer.stacks import STACK_TYPE, StackDefinition, StackEvent
from handler.inspection import Damage


@dataclass(frozen=True, slots=True)
class StackChanges:
    """Carries out the changes of stacks."""

    bundle: Bundle
    cloud: Cloud
    report: Report
    remaining_damage: Callable[[StackDefinition], Sequence[str]]
    """What differs from the template of a central stack, as it is now."""

    def run(self, plan: StackPlan) -> None:
        """Change the stack and wait for it; if that is interrupted, report what AWS has accepted."""
        try:
            self._change(plan)
        except KeyboardInterrupt:
            self._report_in_progress(plan.key)
            raise

    def _change(self, plan: StackPlan) -> None:
        if plan.definition is None:
            self.cloud.stacks.delete(plan.key.name, region=plan.key.region, on_event=self._on_event)
        else:
            if plan.is_repaired:
                self.cloud.stacks.delete(plan.key.name, region=plan.key.region, on_event=self._on_event)
            if plan.restored_functions:
                self._deploy_copy(plan.definition)
            if plan.is_reverted and plan.damage is not None:
                self._revert(plan.definition, plan.damage)
            else:
                self.cloud.stacks.apply(plan.definition, self._on_event)

    def _revert(self, definition: StackDefinition, damage: Damage) -> None:
        """Update a stack so that it also reverts manual changes; raises DeployerError if some remain."""
        if (adopting := adopted(definition, damage)) is not None:
            self.cloud.stacks.apply(adopting, self._on_event)
        self.cloud.stacks.apply(definition, self._on_event, reverts=True)
        if left := self.remaining_damage(definition):
            raise DeployerError(
                f"Stack {definition.name} in {definition.region}: CloudFormation did not revert all manual changes:"
                f" {'; '.join(left)}",
                next_step="Undo these changes manually, then run `deployer status --deep`.",
            )

    def _deploy_copy(self, definition: StackDefinition) -> None:
        """Deploy the same zip under another key, since CloudFormation updates code only when its key changes.

        The update that follows returns to the zip's own key. So whenever this is interrupted, the next plan has it.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
        """
        key = self.bundle.key
        copy = f"{key.removesuffix('.zip')}-copy.zip"
        self.cloud.artifacts.upload(copy, self.bundle.data)
        self.cloud.stacks.apply(replace(definition, body=definition.body.replace(key, copy)), self._on_event)

    def _report_in_progress(self, key: StackKey) -> None:
        """AWS may have accepted a change whose response was lost by the interruption."""
        with suppress(DeployerError):
            state = self.cloud.stacks.describe(key.name, region=key.region)
            if state is not None and state.is_in_progress:
                self._on_event(StackEvent(stack=key.name, logical_id=key.name, type=STACK_TYPE, status=state.status))

    def _on_event(self, event: StackEvent) -> None:
        self.report(StackProgress(event=event))
