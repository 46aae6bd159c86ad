"""The registries of all accounts: the OCI distribution protocol, as ECR speaks it."""
