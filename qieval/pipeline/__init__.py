"""From a study's files to its published reports."""
