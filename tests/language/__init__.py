"""What a journey file may say, and what is said about its mistakes."""
