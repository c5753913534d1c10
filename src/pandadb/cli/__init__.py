"""What is typed: parse, call one service, print."""
