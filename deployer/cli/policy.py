"""`deployer policy`: the smallest IAM policies for commands, and policies of the organization against other pushers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, OrganizationFile, Profile, one_of
from deployer.cli.printing import print_json, print_lines
from deployer.errors import ConfigurationError
from deployer.pushing.pusher_policy import MANIFEST_CHECK_ACTION, MANIFEST_CHECK_CLIENTS, PUSHERS, pusher_permissions
from templates.operator_policy import COMMANDS, permissions
from templates.permissions import LARGEST_POLICY, Permission, policy_of, size_of
from templates.policy_documents import Policy

if TYPE_CHECKING:
    from deployer.settings import Config
    from deployer.settings.guarding import GuardedOu

GUARD = "guard"
Form = Literal["json", "explain", "terraform", "cloudformation"]
POLICIES = (*COMMANDS, *PUSHERS, GUARD)
_TOO_LARGE = f"the inline policies of a role have at most {LARGEST_POLICY:,}. Create a role for each of the policies."


def policy(
    names: Annotated[
        list[str],
        typer.Argument(metavar="POLICY", help=", ".join(POLICIES), parser=one_of(POLICIES)),
    ],
    explain: Annotated[bool, typer.Option("--explain", help="Print the reason for each statement instead.")] = False,
    terraform: Annotated[bool, typer.Option("--terraform", help="Print a resource of Terraform.")] = False,
    cloudformation: Annotated[
        bool, typer.Option("--cloudformation", help="Print a template of CloudFormation, as JSON.")
    ] = False,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="IMAGE", help="Image in ECR that ensure or push is for; repeatable."),
    ] = None,
    ou: Annotated[
        str | None,
        typer.Option("--ou", metavar="OU", help="Path or id of the OU that guard is for, if several are native."),
    ] = None,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
) -> None:
    """Print the smallest IAM policy for commands, as JSON, with the names of the config files.

    look: plan, status, validate, init and organization. The help of each command names the policy that it needs.
    Several policies are printed as one. Needs no credentials.

    ensure and push: for roles of the accounts that push, all others for roles of the central account.

    guard: a resource control policy and a service control policy for an OU with engine: native, against pushers whom
    its settings do not permit to create repositories. Nothing is attached. `deployer docs guard` has the details.

    $ deployer policy look
    $ deployer policy look verify
    $ deployer policy rollout --explain
    """
    _check(names, image=image, ou=ou, organization=organization)
    form = _form(explain=explain, terraform=terraform, cloudformation=cloudformation)
    if GUARD in names:
        from deployer.cli.sources import compiled_from
        from deployer.settings.guarding import guard_for

        _print_guard(guard_for(compiled_from(config, organization, profile=profile), ou), form)
        return
    needed = _needed(names, config, image or ())
    if form == "explain":
        _print_reasons(needed)
        return
    document = policy_of([one for statements in needed.values() for one in statements])
    _print_document(names, document, form)
    _print_notes(names, document)


def _check(names: Sequence[str], *, image: list[str] | None, ou: str | None, organization: Path | None) -> None:
    """Raise wrong usage for policies that are for different principals, and for options of another policy."""
    alone = [name for name in names if name == GUARD or name in PUSHERS]
    if alone and len(names) > 1:
        raise typer.BadParameter(
            f"{alone[0]} is printed alone: it is not for a role of the central account", param_hint="POLICY"
        )
    if image and names[0] not in PUSHERS:
        raise typer.BadParameter(f"is for {' and '.join(PUSHERS)} only", param_hint="--image")
    if names[0] != GUARD and (ou is not None or organization is not None):
        raise typer.BadParameter(f"is for {GUARD} only", param_hint="--ou" if ou else "--organization")


def _form(**flags: bool) -> Form:
    chosen = [name for name, is_set in flags.items() if is_set]
    if len(chosen) > 1:
        raise typer.BadParameter(
            "choose one of --explain, --terraform and --cloudformation", param_hint=f"--{chosen[-1]}"
        )
    return cast("Form", chosen[0]) if chosen else "json"


def _needed(names: Sequence[str], folder: Path, images: Sequence[str]) -> dict[str, Sequence[Permission]]:
    """The statements of each policy, with the names of the config files."""
    from deployer import settings

    config = settings.load(folder)
    if names[0] in PUSHERS:
        from deployer.cli.ensuring import ecr_images

        found = ecr_images(images)
        if images and not found:
            raise typer.BadParameter("name at least one image in ECR", param_hint="--image")
        return {names[0]: pusher_permissions(names[0], found, function=_function(config))}
    if not config.organization_id:
        raise ConfigurationError(
            f"{folder.as_posix()}/organization.yaml does not name the organization, which policies do",
            next_step="Add `organization: o-...` to it: `deployer organization show` prints the id.",
        )
    return {name: permissions(config.names(), name) for name in dict.fromkeys(names)}


def _function(config: Config) -> str | None:
    """The handler's ARN if it has a URL."""
    from templates.function_url import is_available

    has_url = config.ensure_url and is_available(config.home_region)
    return config.names().function_arn if has_url else None


def _print_reasons(needed: dict[str, Sequence[Permission]]) -> None:
    from deployer.rendering.policies import explanation_lines

    for number, (name, statements) in enumerate(needed.items()):
        if number:
            typer.echo()
        text = {**COMMANDS, **PUSHERS}[name].replace("`", "")
        print_lines(explanation_lines(f"{name}: {text}", statements))


def _print_document(names: Sequence[str], document: Policy, form: Form) -> None:
    from deployer.rendering.policies import role_policy_in_cloudformation, role_policy_in_terraform

    name = "-".join(("deployer", *dict.fromkeys(names)))
    match form:
        case "terraform":
            typer.echo(role_policy_in_terraform(name, document))
        case "cloudformation":
            print_json(role_policy_in_cloudformation(name, document))
        case _:
            print_json(document)


def _print_notes(names: Sequence[str], document: Policy) -> None:
    """What the reader of a policy has to do, on standard error."""
    from deployer.rendering.text import wrapped

    notes = []
    if (size := size_of(document)) > LARGEST_POLICY:
        notes.append(f"{size:,} characters: {_TOO_LARGE}")
    if "<repository>" in str(document):
        notes.append("Replace the placeholders <…> in the repository's ARN, or name images: --image IMAGE.")
    if "push" in names:
        notes.append(
            f"{MANIFEST_CHECK_CLIENTS} check for the manifest before they push it: allow them {MANIFEST_CHECK_ACTION}"
            " too."
        )
    for note in notes:
        print_lines(wrapped(note, indent=0), err=True)


def _print_guard(guarded: GuardedOu, form: Form) -> None:
    from deployer.rendering.guard import guard_cloudformation, guard_lines, guard_terraform
    from deployer.rendering.text import wrapped
    from templates.guard import LARGEST, sizes

    match form:
        case "explain":
            print_lines(guard_lines(guarded))
        case "terraform":
            typer.echo(guard_terraform(guarded))
        case "cloudformation":
            print_json(guard_cloudformation(guarded))
        case _:
            print_json(guarded.document())
    for kind, size in sizes(guarded.guard).items():
        if size > LARGEST:
            text = f"The {kind} has {size:,} characters, and AWS allows {LARGEST:,}: use fewer or shorter globs."
            print_lines(wrapped(text, indent=0), err=True)
