"""The first push works: what a client is going to push, and repositories that exist before it does."""
