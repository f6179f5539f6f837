"""Reading what went wrong: tracebacks and logs in, a cause and a fix out."""
