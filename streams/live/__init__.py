"""The only room that knows Faust and Kafka: exactly once from input to output."""
