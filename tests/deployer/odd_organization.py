"""An organization of 60 accounts with unusual names: other alphabets, emoji, separators, quotes, duplicates."""

from __future__ import annotations

import unicodedata

from deployer.organization import Account, Organization, OrganizationalUnit

MANAGEMENT, CENTRAL, PUSHER = "100000000000", "123456789012", "310000000001"
"""`PUSHER` is in the deepest OU; its name is the one of another account, too."""

_OUS = {
    "root": ("Root", None),
    "plat": ("Plattform & Größe", "root"),
    "emoj": ("🚀 Teams / Größe", "root"),
    "deep": ("Ebene 2: yes", "emoj"),
    "deeper": ("null", "deep"),
    "deepst": ("- 4 'quoted' \"names\" #", "deeper"),
    "bottom": ("5 $(id) `x` \\", "deepst"),
    "twin1": ("Workloads", "root"),
    "twin1p": ("Prod", "twin1"),
    "slash": ("Workloads/Prod", "root"),
    "twin2": ("Workloads", "plat"),
    "twin2p": ("Prod", "twin2"),
    "asroot": ("Root", "plat"),
    "nfc": (unicodedata.normalize("NFC", "Café"), "root"),
    "arabic": ("حسابات", "root"),
    "space": (" führend und folgend ", "root"),
    "long": ("ß" * 128, "root"),
    "gone": ("Geschlossen 🪦", "root"),
    "empty": ("(leer)", "root"),
}
"""Names and parents by the end of their ids."""

_NAMES = (
    "größe-mass",
    "team 🚀 one",
    "a/b",
    "shop prod",
    "shop prod",
    'O\'Reilly "x"',
    "yes",
    "007",
    "~",
    "<b>bold</b>",
    "名前",
    "حساب",
    "e\u0301clair",
    "éclair",
    "a, b; c",
    "%s {name}",
    "-rf",
    "line\ttab",
)
_STATES = {7: "SUSPENDED", 8: "PENDING_CLOSURE", 9: "CLOSED"}
_ROLLED_OUT = ("plat", "bottom", "twin2p")


def odd_organization() -> Organization:
    """60 accounts in 18 OUs, five levels deep."""
    ous = {
        _id(key): OrganizationalUnit(id=_id(key), name=name, parent_id=parent and _id(parent))
        for key, (name, parent) in _OUS.items()
    }
    accounts = [
        Account(id=MANAGEMENT, name="Geschäftsführung", parent_id=_id("root")),
        Account(id=CENTRAL, name="Plattform 🛠", parent_id=_id("plat")),
        Account(id=PUSHER, name="shop prod", parent_id=_id("bottom")),
        Account(id="310000000002", name="closed / old", parent_id=_id("bottom"), state="SUSPENDED"),
        Account(id="310000000003", name="größe-mass", parent_id=_id("twin2p")),
        *_others(55),
    ]
    return Organization(
        id="o-odd0000001", management_account_id=MANAGEMENT, ous=ous, accounts={one.id: one for one in accounts}
    )


def _others(number: int) -> list[Account]:
    keys = [key for key in _OUS if key not in {"empty", *_ROLLED_OUT}]
    return [
        Account(
            id=f"4{index:011d}",
            name=_NAMES[index % len(_NAMES)],
            parent_id=_id(keys[index % len(keys)]),
            state=_STATES.get(index % 10, "ACTIVE"),
        )
        for index in range(number)
    ]


def _id(key: str) -> str:
    return "r-odd0" if key == "root" else f"ou-odd0-{key.rjust(8, '0')}"
