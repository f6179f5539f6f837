# ids = ["fs.program_missing"]
# says = ["is 'sharpen_pictures'"]
# healthy = [["\"sharpen_pictures\"", "sys.executable"]]
"""A tool is called for each picture."""

import subprocess
import sys

settings = {"tool": "sharpen_pictures", "options": ["--version"]}


def call(options, tool):
    command = [tool, *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE)  # <- here


def convert(settings):
    return call(settings["options"], tool=settings["tool"])


print(convert(settings).returncode, sys.version_info[0])
