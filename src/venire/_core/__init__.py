"""What every layer needs: checks, errors in one format, random keys, files, frames."""
