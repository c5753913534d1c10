"""What transitions are made of, whatever it is that has the states."""
