"""`python -m tfviz_cli`, where the command isn't on the path."""

from tfviz_cli.main import main

main()
