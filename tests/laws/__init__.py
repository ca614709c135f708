"""The laws of time.md section 5, on random journeys and random streams, against an evaluator of their own."""
