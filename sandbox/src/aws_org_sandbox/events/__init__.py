"""EventBridge: buses, rules, patterns, targets and archives, across accounts and regions."""
