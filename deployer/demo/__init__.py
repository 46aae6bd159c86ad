"""`deployer sandbox demo`: the whole path in a minute."""
