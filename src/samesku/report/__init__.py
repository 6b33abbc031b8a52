"""One page to look at: what was matched and why, which threshold to choose, what goes wrong."""
