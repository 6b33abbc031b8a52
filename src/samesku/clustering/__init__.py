"""From scored pairs to clusters."""
