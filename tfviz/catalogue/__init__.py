"""The diagnoses, as data, and what matches them against a report of what went wrong."""
