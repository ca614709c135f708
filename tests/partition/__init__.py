"""One partition: clock, timers, outcomes."""
