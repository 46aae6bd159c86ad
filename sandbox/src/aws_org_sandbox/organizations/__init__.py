"""AWS Organizations: permissions, responses, and the effects of changed accounts."""
