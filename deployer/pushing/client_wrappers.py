"""The commands that a command runs: inside of `sudo`, `env`, `timeout`, `sh -c` and the like. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final

from deployer.pushing.client_arguments import Arguments, leading_options, option_names, option_values
from deployer.pushing.client_shell import EXPORT, UNRESOLVED, commands_of, is_assignment

_DEPTH: Final = 8
"""How many levels of nested commands are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleCommand:
    """A program and its arguments, in the environment that it will have.

    `is_direct` if it runs as this user, in this folder, and before everything else: only then its login and its daemon
    can be checked beforehand.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(compare=False)
    is_direct: bool = True

    @property
    def program(self) -> str:
        return program_name(self.words[0])


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """A program that runs the command in its arguments, after options (`valued`: those with a value) and `words`."""

    valued: frozenset[str] = frozenset()
    words: int = 0
    is_direct: bool = True


_WRAPPERS: Final[dict[str, _Wrapper]] = {
    "sudo": _Wrapper(option_names("-u -g -h -p -C -D -R -r -t -T -U --user --group --host --chdir"), is_direct=False),
    "doas": _Wrapper(option_names("-u -C"), is_direct=False),
    "xargs": _Wrapper(
        option_names("-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-lines --max-procs --max-chars"),
        is_direct=False,
    ),
    "env": _Wrapper(option_names("-u -C -S --unset --chdir --split-string")),
    "time": _Wrapper(option_names("-f -o --format --output")),
    "nice": _Wrapper(option_names("-n --adjustment")),
    "ionice": _Wrapper(option_names("-c -n -p --class --classdata")),
    "timeout": _Wrapper(option_names("-s -k --signal --kill-after"), words=1),
    "stdbuf": _Wrapper(option_names("-i -o -e --input --output --error")),
    "flock": _Wrapper(option_names("-w -E --timeout --conflict-exit-code"), words=1),
    "taskset": _Wrapper(words=1),
    "strace": _Wrapper(option_names("-o -e -s -u -E")),
    "exec": _Wrapper(option_names("-a")),
    "caffeinate": _Wrapper(option_names("-t -w")),
    "dumb-init": _Wrapper(option_names("-r --rewrite")),
    "chrt": _Wrapper(option_names("-T -P -D --sched-runtime --sched-period --sched-deadline"), words=1),
    "numactl": _Wrapper(option_names("-i -N -C -m -p --interleave --cpunodebind --physcpubind --membind --preferred")),
    "proxychains4": _Wrapper(option_names("-f")),
    "systemd-inhibit": _Wrapper(option_names("--what --who --why --mode")),
    "systemd-run": _Wrapper(
        option_names(
            "-u -p -E -M -H --unit --property --setenv --uid --gid --nice --working-directory --slice --description"
            " --machine --host"
        ),
        is_direct=False,
    ),
    "setpriv": _Wrapper(
        option_names("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits --pdeathsig"),
        is_direct=False,
    ),
    "unshare": _Wrapper(
        option_names("-S -G -R -w --setuid --setgid --root --wd --propagation --map-user --map-group"), is_direct=False
    ),
    "runuser": _Wrapper(
        option_names("-u -g -G -w --user --group --supp-group --whitelist-environment"), is_direct=False
    ),
    **dict.fromkeys(["k3s", "microk8s", "lima"], _Wrapper(is_direct=False)),
    **dict.fromkeys(
        ["nohup", "setsid", "command", "chronic", "unbuffer", "catchsegv", "winpty", "busybox"], _Wrapper()
    ),
}
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "su", "sg", "script"})
_SCRIPT_ANYWHERE: Final = frozenset({"su", "sg", "script", "runuser"})
_SHELL_VALUED: Final = option_names("-o -O +o +O --rcfile --init-file")
_ENGINES: Final = frozenset({"docker", "podman", "nerdctl", "finch"})
_IN_IMAGES: Final = option_names(
    "executor kaniko crane gcrane skopeo oras regctl cosign helm buildah podman ko pack notation apko werf flux"
    " buildkit"
)
"""Clients that people run from images with their name, as gcr.io/kaniko-project/executor and quay.io/skopeo/stable."""


def program_name(path: str) -> str:
    """A program's name without its folder."""
    return PurePath(path).name.removesuffix(".exe")


def simple_commands(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[SimpleCommand]:
    """Every command that is run, without its wrappers."""
    yield from _unwrapped(SimpleCommand(words=tuple(command), environment=environment), _DEPTH)


def _unwrapped(command: SimpleCommand, depth: int) -> Iterator[SimpleCommand]:
    command = _without_assignments(command)
    if not command.words or not depth:
        return
    inner = _wrapped(command)
    if inner is None:
        yield command
        inner = _beside(command)
    for each in inner:
        yield from _unwrapped(each, depth - 1)


def _wrapped(command: SimpleCommand) -> Iterable[SimpleCommand] | None:
    """What a wrapper runs; None if the command is a client's own."""
    if command.program in _SHELLS or _is_script_of_runuser(command.words):
        return _of_shell(command)
    if command.program == "eval":
        return _of_script(" ".join(command.words[1:]), command.environment)
    if wrapper := _WRAPPERS.get(command.program):
        return [_inside(command, wrapper)]
    if command.words[1:2] == ("unshare",):  # of podman and buildah: in the user's own namespace
        return [replace(command, words=command.words[1:])]
    return None


def _beside(command: SimpleCommand) -> Iterable[SimpleCommand]:
    """A possible command among the arguments of another: of a container, or as in `aws-vault exec x -- CLIENT`."""
    if command.program in _ENGINES and "run" in command.words:
        return _in_container(command)
    if "--" in command.words:
        return [replace(command, words=command.words[command.words.index("--") + 1 :], is_direct=False)]
    return ()


def _without_assignments(command: SimpleCommand) -> SimpleCommand:
    words, environment = list(command.words), dict(command.environment)
    while words and is_assignment(words[0]):
        name, _, environment[name] = words.pop(0).partition("=")
    return SimpleCommand(words=tuple(words), environment=environment, is_direct=command.is_direct)


def _inside(command: SimpleCommand, wrapper: _Wrapper) -> SimpleCommand:
    options, rest = leading_options(command.words[1:], wrapper.valued)
    rest = rest[wrapper.words :]
    if command.program == "flock" and rest[:1] in (["-c"], ["--command"]):
        rest = ["sh", "-c", *rest[1:]]
    if command.program == "env":
        rest = rest[1:] if rest[:1] == ["-"] else rest
        for text in options.values("-S", "--split-string"):
            rest = [*next(commands_of(text, {}), []), *rest]
    if command.program == "xargs":
        rest = _with_arguments_of_xargs(rest, _placeholders(options))
    return SimpleCommand(
        words=tuple(rest), environment=command.environment, is_direct=command.is_direct and wrapper.is_direct
    )


def _placeholders(options: Arguments) -> Sequence[str]:
    """What xargs replaces: a text of the user's, or `{}` with `-i`."""
    return options.values("-I", "--replace") or (["{}"] if options.has("-i", "--replace") else [])


def _with_arguments_of_xargs(words: list[str], placeholders: Sequence[str]) -> list[str]:
    """What comes by standard input is not known: it replaces the placeholder, or stands at the end."""
    if not placeholders:
        return [*words, UNRESOLVED]
    return [word.replace(placeholders[-1], UNRESOLVED) for word in words]


def _in_container(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """`docker run [OPTION…] IMAGE [ARGUMENT…]`, if the image is a known client's: its arguments, behind its name."""
    words = command.words[command.words.index("run") + 1 :]
    for position, word in enumerate(words):
        client = _client_in_image(word)
        if client and not word.startswith("-"):
            options, _ = leading_options(words[:position], option_names("-e --env --entrypoint"))
            entrypoint = tuple(options.values("--entrypoint")[-1:]) or (client,)
            rest = words[position + 1 :]
            is_named = rest[:1] and program_name(rest[0]) in {client, *_SHELLS}
            environment = dict(each.split("=", 1) for each in _assigned(words[:position]))
            yield SimpleCommand(words=rest if is_named else entrypoint + rest, environment=environment, is_direct=False)
            return


def _assigned(words: Sequence[str]) -> Iterator[str]:
    """The variables that `-e NAME=value` and `--env=NAME=value` set."""
    for word in words:
        text = word.removeprefix("--env=").removeprefix("-e")
        if is_assignment(text):
            yield text


def _client_in_image(reference: str) -> str | None:
    """The last part of an image's name that is a client's, without its tag."""
    parts = reference.partition("@")[0].split("/")
    names = [part.partition(":")[0].removesuffix("-cli") for part in reversed(parts[1:])]
    return next((name for name in names[:2] if name in _IN_IMAGES), None)


def _of_shell(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """The commands of `sh -c SCRIPT [NAME [ARGUMENT…]]`; a script in a file is not read."""
    words = list(command.words[1:])
    if command.program in _SCRIPT_ANYWHERE:
        words = ["-c", *_script_among(words)]
    has_script = False
    while words and words[0][:1] in {"-", "+"}:
        option = words.pop(0)
        has_script = has_script or (option[0] == "-" and option[1:2] != "-" and "c" in option)
        if option in _SHELL_VALUED or (option[:2] != "--" and option.endswith("o")):
            del words[:1]
    if not has_script or not words:
        return
    script, *parameters = words
    positional = {str(position): value for position, value in enumerate(parameters)}
    given = " ".join(parameters[1:])
    yield from _of_script(script, {**command.environment, **positional, "@": given, "*": given})


def _script_among(words: Sequence[str]) -> Sequence[str]:
    """The script of `su`, `sg` and `script`: a name may stand before or behind the option that has it."""
    short = next((word for word in words if word[:1] == "-" and word[1:2] != "-" and word.endswith("c")), "-c")
    return [*option_values(words, "--command"), *option_values(words, short)][:1]


def _is_script_of_runuser(words: Sequence[str]) -> bool:
    """Without a user in an option, it takes what `su` takes."""
    return program_name(words[0]) == "runuser" and not {"-u", "--user"} & {word.partition("=")[0] for word in words}


def _of_script(script: str, environment: Mapping[str, str]) -> Iterator[SimpleCommand]:
    for words in commands_of(script, environment):
        if words[0] == EXPORT:
            environment = {**environment, **dict(word.split("=", 1) for word in words[1:])}
        else:
            yield SimpleCommand(words=tuple(words), environment=environment, is_direct=False)
