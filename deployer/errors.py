"""The errors that a command reports to its user. Each class owns its exit code; no two classes share one.

DeployerError                     1   something failed; the message states what, and the next step
├── ConfigurationError            3   config/ is missing, broken or contradicts the organization
├── CredentialsError              4   no credentials, or they are expired or refused
├── OrganizationAccessError       5   no organization, no trusted access, or not the caller's to manage
├── PermissionDeniedError         6   AWS denied a call that the command needs
├── SandboxError                  7   the sandbox is not running, or cannot start
├── PortInUseError                8   the sandbox's port is taken
├── BusyError                     9   another operation or roll-out is under way
├── GuardError                   10   a safety guard refused; nothing was changed
├── NotFoundError                11   what was requested does not exist
├── DeclinedError                12   the user answered no; nothing was changed
├── ServiceError                 13   AWS answered with an error that the tool does not know
├── FilesExistError              14   a file would be overwritten
├── ImageReferenceError          15   (deployer.pushing.images) a reference to an ECR image that no registry accepts
├── WrongAccountError            16   the credentials are of another account than the config's central account
├── WrongOrganizationError       17   the credentials are of another organization than the config's
├── RegionDisabledError          20   a region of the config is not enabled
├── DaemonError                  21   (deployer.pushing.client_checks) the daemon of a container client does not answer
├── LoginError                   22   (deployer.pushing.client_logins) a container client has no login for a registry
├── IncompleteError              23   a part could not be done or read; the rest was
├── MissingExtraError            24   a package is not installed that only this needs
├── FileAccessError              25   a file or standard output cannot be written
├── PlanFileError                26   a plan file cannot be used: no plan, edited, or of another version
├── PlanOutdatedError            27   what a plan file rests on has changed since it was written
├── OtherInstallationError       28   another installation exists that the config files do not describe
└── ClientMissingError          127   (deployer.pushing.client_checks) a container client is not installed

0 is success; 2 is "changes" for `plan`, "errors" for `validate`, "findings" for audits, `status` and `doctor`;
64 is wrong usage; 130 is Ctrl-C or SIGTERM. Outcomes of `ensure` that are no errors of anybody
(deployer.pushing.ensure): `TimedOut` 18, `Refused` 19. `push` gives these, or the client's own exit code once the
client has run.
"""

from __future__ import annotations

from typing import ClassVar

INTERRUPTED_EXIT_CODE = 130
"""128 + SIGINT, as shells report Ctrl-C."""
INTERRUPTED = "Interrupted. Operations already submitted to AWS continue.\n  Run the same command again to resume."
"""What Ctrl-C and SIGTERM print, unless a command knows more."""
USAGE_EXIT_CODE = 64
"""EX_USAGE of sysexits.h."""


class DeployerError(Exception):
    """Something failed. `message` names the file and key or the account and region; `next_step` what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class ConfigurationError(DeployerError):
    """`config/` is missing, broken, or contradicts the organization."""

    exit_code = 3


class CredentialsError(DeployerError):
    """There are no AWS credentials, or they are expired or refused."""

    exit_code = 4


class OrganizationAccessError(DeployerError):
    """There is no organization, no trusted access for StackSets, or the caller may not manage it."""

    exit_code = 5


class PermissionDeniedError(DeployerError):
    """AWS denied a call that the command needs."""

    exit_code = 6


class SandboxError(DeployerError):
    """The sandbox is not running, or cannot start."""

    exit_code = 7


class PortInUseError(DeployerError):
    """The sandbox's port is taken by another program."""

    exit_code = 8


class BusyError(DeployerError):
    """Another StackSet operation or another roll-out is under way."""

    exit_code = 9


class GuardError(DeployerError):
    """A safety guard refused; nothing was changed."""

    exit_code = 10


class NotFoundError(DeployerError):
    """What was requested does not exist."""

    exit_code = 11


class DeclinedError(DeployerError):
    """The user answered no; nothing was changed."""

    exit_code = 12


class ServiceError(DeployerError):
    """AWS answered with an error that the tool does not know."""

    exit_code = 13


class FilesExistError(DeployerError):
    """A file would be overwritten."""

    exit_code = 14


class WrongAccountError(DeployerError):
    """The credentials are of another account than the config's central account; nothing was changed."""

    exit_code = 16


class WrongOrganizationError(DeployerError):
    """The credentials are of another organization than the config's; nothing was changed."""

    exit_code = 17


class RegionDisabledError(DeployerError):
    """A region that the config covers is not enabled; nothing was changed."""

    exit_code = 20


class IncompleteError(DeployerError):
    """A part could not be done or read, and was reported; the rest was."""

    exit_code = 23


class MissingExtraError(DeployerError):
    """A package is not installed that only this needs; the message names the extra that brings it."""

    exit_code = 24


class FileAccessError(DeployerError):
    """The system refuses a file or standard output: no permission, a full disk, a read-only file system."""

    exit_code = 25


class ClosedOutputError(FileAccessError):
    """The reader of standard output has closed it, as `head` does: nothing to report."""


class PlanFileError(DeployerError):
    """A plan file is no plan, was edited, or is of another version; nothing was changed."""

    exit_code = 26


class PlanOutdatedError(DeployerError):
    """What a plan file rests on has changed since it was written."""

    exit_code = 27


class OtherInstallationError(DeployerError):
    """Another installation exists in the organization that the config files do not describe; nothing was changed."""

    exit_code = 28
