"""What every stage stands on: cache, files, progress, cores."""
