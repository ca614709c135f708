"""The native engine, and the choice between it and the plain one."""
