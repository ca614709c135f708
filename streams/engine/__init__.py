"""Pure: what a plan makes of one entity's state and an instant or an event."""
