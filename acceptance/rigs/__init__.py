"""What several checks share: stacks and StackSets that are built once in a run."""
