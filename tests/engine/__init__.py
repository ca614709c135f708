"""One entity: conditions, rules, time."""
