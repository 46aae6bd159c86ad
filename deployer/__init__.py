"""deployer: on-push ECR repositories for a whole AWS Organization."""

__version__ = "0.1.0"
