"""One page to look at: what was matched and why, where to draw the line, what goes wrong."""
