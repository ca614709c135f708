"""Pure: one input partition, from a batch of records to an outcome."""
