"""Organizations for tests: small ones by hand, random trees for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from deployer.organization import Account, Organization, OrganizationalUnit

ROOT = "r-exam"


def ou_id(number: int) -> str:
    return f"ou-exam-{number:08d}"


def account_id(number: int) -> str:
    return f"{number:012d}"


def organization(
    ous: dict[str, tuple[str, str]], accounts: dict[str, tuple[str, str]] | None = None, *, root: str = "Root"
) -> Organization:
    """`ous` and `accounts`: id -> (name, parent id)."""
    units = {ROOT: OrganizationalUnit(id=ROOT, name=root, parent_id=None)}
    units |= {id_: OrganizationalUnit(id=id_, name=name, parent_id=parent) for id_, (name, parent) in ous.items()}
    central = {"200000000001": ("platform-tools", ROOT)}
    return Organization(
        id="o-exampleorg1",
        management_account_id="100000000000",
        ous=units,
        accounts={
            id_: Account(id=id_, name=name, parent_id=parent)
            for id_, (name, parent) in (central | (accounts or {})).items()
        },
    )


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    """Trees of up to 8 OUs, with accounts anywhere."""
    ous: dict[str, tuple[str, str]] = {}
    for number in range(draw(st.integers(1, 8))):
        parent = draw(st.sampled_from([ROOT, *ous]))
        ous[ou_id(number)] = (f"Ou{number}", parent)
    accounts = {
        account_id(number): (f"account-{number}", draw(st.sampled_from([ROOT, *ous])))
        for number in range(1, draw(st.integers(2, 6)))
    }
    return organization(ous, accounts)
