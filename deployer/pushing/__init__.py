"""The first push succeeds: which images a client pushes, and how their repositories exist before it does."""
