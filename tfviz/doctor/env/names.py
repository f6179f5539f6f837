"""Packages that go by several names, and the fixed list that is asked for.

A fixed list, because finding out which of all installed packages matter costs more than all
checks together.
"""

from __future__ import annotations

from tfviz.doctor.env.distributions import Distribution
from tfviz.doctor.env.machine import Machine

# TensorFlow itself: each of them fills the folder `tensorflow`.
TENSORFLOW = (
    "tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-rocm",
    "tf-nightly", "tf-nightly-cpu", "tf-nightly-intel", "tf-nightly-macos", "tf-nightly-rocm",
    "tensorflow-cpu-aws", "intel-tensorflow", "nvidia-tensorflow", "tensorflow-gpu",
    "tf-nightly-gpu",
)  # fmt: skip
KERAS = ("keras", "keras-nightly")
OPENCV = (
    "opencv-python", "opencv-python-headless", "opencv-contrib-python",
    "opencv-contrib-python-headless",
)  # fmt: skip

# Who may stand in for whom, when one package requires another.
SAME = (
    TENSORFLOW,
    KERAS,
    (*OPENCV, "opencv"),
    ("tf-keras", "tf-keras-nightly"),
    ("tensorboard", "tb-nightly"),
    ("tensorflow-estimator", "tf-estimator-nightly"),
    ("tensorflow-probability", "tfp-nightly"),
)

# What people list when they are asked for their versions.
LISTED = (
    *TENSORFLOW, *KERAS, "tf-keras", "tf-keras-nightly", "keras-hub", "keras-cv", "keras-nlp",
    "keras-tuner", "tensorboard", "tensorflow-hub", "tensorflow-probability",
    "tensorflow-datasets", "tensorflow-text", "tensorflow-addons", "tensorflow-io",
    "tensorflow-metal", "tensorflow-estimator", "tensorflow-directml-plugin", "tfviz",
    "numpy", "scipy", "pandas", "h5py", "ml-dtypes", "protobuf", *OPENCV, "pillow", "matplotlib",
    "seaborn", "scikit-image", "scikit-learn", "imageio", "albumentations",
    "torch", "torchvision", "torchaudio", "lightning", "pytorch-lightning", "timm",
    "jax", "jaxlib", "flax", "transformers", "huggingface-hub", "safetensors",
    "onnx", "onnxruntime", "onnxruntime-gpu", "tf2onnx", "numba", "pyarrow", "ray", "visdom",
    "tf-keras-vis", "tf-explain", "xplique", "captum", "wandb", "mlflow", "optuna",
    "ipython", "ipykernel", "notebook", "jupyterlab",
)  # fmt: skip

# Compiled, beside those above: they must be built for this very Python.
COMPILED = (
    *TENSORFLOW, *OPENCV, "numpy", "scipy", "pandas", "h5py", "ml-dtypes", "protobuf", "grpcio",
    "wrapt", "optree", "matplotlib", "contourpy", "kiwisolver", "pillow", "scikit-image",
    "scikit-learn", "torch", "torchvision", "jaxlib", "onnxruntime", "numba", "llvmlite",
    "pyarrow", "numexpr", "shapely", "safetensors", "tensorflow-text", "tensorflow-io",
    "tensorflow-metal",
)  # fmt: skip


def tensorflows(machine: Machine) -> list[Distribution]:
    """The TensorFlows that are installed; of an umbrella package only what stands under it."""
    found = [each for name in TENSORFLOW if (each := machine.distribution(name))]
    whole = {each.name: each for each in found}
    for umbrella, parts in (
        ("tensorflow", ("tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws")),
        ("tensorflow-cpu", ("tensorflow-intel",)),
        ("tf-nightly", ("tf-nightly-intel", "tf-nightly-macos")),
    ):
        upper = whole.get(umbrella)
        under = [whole[part] for part in parts if part in whole]
        if upper and any(part.version == upper.version for part in under):
            # `tensorflow` was an empty package that requires the one for Windows or macOS.
            found = [each for each in found if each not in under]
    return found


def tensorflow_of(machine: Machine) -> Distribution | None:
    """The TensorFlow that is imported, as far as the names tell."""
    found = tensorflows(machine)
    return found[0] if found else None


def stand_in(machine: Machine, name: str) -> Distribution | None:
    """The installed package of this name, or another that provides the same."""
    for names in SAME:
        if name in names:
            return next(
                (each for other in (name, *names) if (each := machine.distribution(other))), None
            )
    return machine.distribution(name)
