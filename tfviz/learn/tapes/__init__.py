"""What zero-grad, backward and step are in a tape loop, and what goes wrong without them."""
