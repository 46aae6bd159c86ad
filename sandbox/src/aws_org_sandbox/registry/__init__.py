"""The registries of all accounts: the OCI distribution protocol, as ECR implements it."""
