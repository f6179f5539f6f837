# ids = ["python.none_attribute"]
# says = ["`args.weights`", "None"]
# healthy = [["[\"--epochs\", \"2\"]", "[\"--epochs\", \"2\", \"--weights\", \"a.h5\"]"]]
"""Settings from a command line."""

import argparse

import keras

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--weights")


def run(args):
    suffix = args.weights.split(".")[-1]  # <- here
    return suffix, keras.backend.floatx()


print(run(parser.parse_args(["--epochs", "2"])))
