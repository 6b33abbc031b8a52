"""From candidates to scores: thresholds, pair features, the pair classifier, its reasons."""
