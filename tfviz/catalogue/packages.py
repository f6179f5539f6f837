"""What pip calls the package that brings a module."""

from __future__ import annotations

# Only names that differ in more than `_` and `-`, which pip takes for the same.
DISTRIBUTIONS = {
    "Crypto": "pycryptodome", "Levenshtein": "python-Levenshtein", "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL", "PIL": "pillow", "attr": "attrs", "bs4": "beautifulsoup4",
    "cairo": "pycairo", "cv2": "opencv-python", "dateutil": "python-dateutil",
    "docx": "python-docx", "dotenv": "python-dotenv", "faiss": "faiss-cpu", "fitz": "pymupdf",
    "git": "GitPython", "google.protobuf": "protobuf", "imblearn": "imbalanced-learn",
    "jwt": "PyJWT", "kerastuner": "keras-tuner", "magic": "python-magic",
    "mpl_toolkits": "matplotlib", "nacl": "pynacl", "osgeo": "gdal", "past": "future",
    "pptx": "python-pptx", "ruamel": "ruamel.yaml", "serial": "pyserial", "skimage": "scikit-image", "sklearn": "scikit-learn",
    "skopt": "scikit-optimize", "slugify": "python-slugify",
    "speech_recognition": "SpeechRecognition", "umap": "umap-learn", "usb": "pyusb", "win32api": "pywin32",
    "win32con": "pywin32", "wx": "wxPython", "yaml": "pyyaml", "zmq": "pyzmq",
}  # fmt: skip


def distribution_of(module: str) -> str:
    """The name to install a module by.

    Args:
        module: As it is imported, with or without what follows the first dot.

    >>> distribution_of("cv2")
    'opencv-python'
    >>> distribution_of("tensorflow_hub.keras_layer")
    'tensorflow-hub'
    """
    for known in (module, module.split(".")[0]):
        if known in DISTRIBUTIONS:
            return DISTRIBUTIONS[known]
    return module.split(".")[0].replace("_", "-")
