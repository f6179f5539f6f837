"""The command `tfviz`: parses, calls the library, prints."""
