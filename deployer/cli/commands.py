"""Every command by name, in the order of `--help`, with the module that is imported when it runs."""

from __future__ import annotations

from deployer.cli.lazy_group import Entry

FILES, ROLL_OUT, PUSHES, LOOKING_BACK, LOCAL = "Config files", "Roll-out", "Pushes", "Looking back", "Locally"

COMMANDS = (
    Entry(
        "init",
        "Write a config folder for the organization: organization.yaml, and a commented file for each OU.",
        panel=FILES,
    ),
    Entry("validate", "Check every config file and report every problem.", panel=FILES),
    Entry(
        "explain",
        "Show the settings of an account or OU, each with the file and line that it comes from.",
        panel=FILES,
    ),
    Entry("simulate", "Decide about events exactly as the handler would, and change nothing.", panel=FILES),
    Entry(
        "schema",
        "Print the JSON Schema of a config file, for editors, or of what a command prints with --json.",
        panel=FILES,
    ),
    Entry("organization", "Show or save the accounts and OUs of the organization.", panel=FILES, attribute="app"),
    Entry(
        "doctor",
        "Check all prerequisites of a roll-out, and show the command that fixes each problem.",
        panel=ROLL_OUT,
    ),
    Entry(
        "plan",
        "Show what a roll-out would change, account by account and region by region; changes nothing.",
        panel=ROLL_OUT,
    ),
    Entry("rollout", "Deploy the config files to the organization, or to a part of it.", panel=ROLL_OUT),
    Entry(
        "status",
        "Show coverage by OU and region, and differences from the config files; changes nothing.",
        panel=ROLL_OUT,
    ),
    Entry(
        "destroy",
        "Remove StackSets, stacks and artifacts from the whole organization, in reverse order of the roll-out.",
        panel=ROLL_OUT,
    ),
    Entry(
        "policy",
        "Print the smallest IAM policy for commands, as JSON, with the names of the config files.",
        panel=ROLL_OUT,
    ),
    Entry("synth", "Write the templates and the handler's zip to a folder.", panel=ROLL_OUT),
    Entry("ensure", "Make repositories exist, so that the first push to them works.", panel=PUSHES),
    Entry(
        "push",
        "Ensure the repositories of a push, then run it, with any client: docker, helm, crane, or a script of yours.",
        panel=PUSHES,
        takes_client_options=True,
    ),
    Entry(
        "audit",
        "Search the ledger for decisions and their callers; verify and repair repositories, and show their usage.",
        panel=LOOKING_BACK,
        attribute="app",
    ),
    Entry(
        "failures",
        "List, inspect and retry events that could not be handled.",
        panel=LOOKING_BACK,
        attribute="app",
    ),
    Entry("docs", "Read the documentation of this version; without a topic, list all pages.", panel=LOCAL),
    Entry("sandbox", "A local AWS with an example organization.", panel=LOCAL, attribute="make_app"),
)
