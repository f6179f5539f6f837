"""Conditions on files, folders, addresses and notebooks."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import predicate
from tfviz.catalogue.report import ErrorBlock, Report

_WRITING = re.compile(
    r"\.?savefig\(|\.to_(?:csv|json|excel|pickle|parquet|hdf)\(|"
    r"\.save(?:_weights|_model|_img|_pretrained)?\(|save_img\(|"
    r"imwrite\(|imsave\(|save_image\(|torch\.save\(|np\.save\w*\(|pickle\.dump|joblib\.dump|json\.dump|"
    r"open\(.{0,80}?,\s*(?:mode\s*=\s*)?['\"][wax]|os\.mkdir\(|plot_model\(|"
    r"\.write_text\(|\.write_bytes\(|mkstemp|FileHandler\(|CSVLogger|FileWriter\(|VideoWriter\(|"
    r"h5py\.File\(.{0,60}['\"][wax]"
)
_READING = re.compile(
    r"read_(?:csv|excel|json|pickle|parquet|table|file|image)\(|\bimread\(|Image\.open\(|load_img\(|"
    r"load_model\(|load_weights\(|\.load\(|loadtxt\(|genfromtxt\(|listdir\(|scandir\(|\.restore\(|"
    r"\bopen\([^,]*\)|\bopen\([^()]*\([^()]*\)\s*\)|\bopen\([^,]*,\s*(?:encoding|errors|newline)\s*=|"
    r"open\(.{0,80}?,\s*(?:mode\s*=\s*)?['\"]r|ZipFile\(|tarfile\.open|"
    r"flow_from_directory|image_dataset_from_directory|walk\(|getsize\(|extractall"
)
# Words that tell that a text is about learning from data, not about a web site or a build.
_OURS = re.compile(
    r"tensorflow|keras|torch|numpy|pandas|matplotlib|seaborn|opencv|cv2|\bpil\b|pillow|sklearn|skimage|"
    r"scikit|scipy|h5py|transformers|huggingface|tokenizer|resnet|\bvgg|\bepoch|xgboost|lightgbm|ipython|ipykernel|jupyter|colab|kaggle|cell in|in \[\d|visdom|imageio|"
    r"\btrain\w*|\bmodels?\b|\bweights?\b|dataset|checkpoint|mnist|imagenet|\bcifar|"
    r"\.(?:h5|hdf5|keras|ckpt|npy|npz|pb|tflite|tfrecords?|jpe?g|png|bmp|tiff?|ipynb|pkl|pt|pth|onnx|csv)\b"
)
_OTHERS = re.compile(
    r"django|flask[/\\.]|\bnpm\b|\bnode_modules|docker(?:file| build|\.io)|\bgo mod\b|gradle|webpack|"
    r"scrapy|psycopg|sqlalchemy|celery|botocore|homeassistant|ansible|\bcargo\b"
)
# Words that tell of a server or a service: of their many modules the catalogue knows nothing.
_SERVICE = re.compile(
    r"\b(?:fastapi|uvicorn|gunicorn|airflow|odoo|rest_framework|wsgi|asgi|manage\.py|selenium|discord|"
    r"telegram|twisted|lambda_function|flask\w*|django\w*|pyramid|tornado|boto3?|pymongo|jinja2)\b"
)
_NOTEBOOK = re.compile(
    r"<ipython-input|Cell In ?\[|Input In ?\[|\bIn ?\[\d+\]|ipykernel|\.ipynb\b|Untitled\d*|"
    r"^-{60,}", re.MULTILINE
)  # fmt: skip
_REMOTE = re.compile(
    r"/usr/local/lib/python3\.\d+/dist-packages|/content/|google\.colab|/kaggle/|/opt/conda/|/databricks/"
)
_WINDOWS_FRAME = re.compile(r"[A-Za-z]:[\\/]|~\\|\\lib\\site-packages", re.IGNORECASE)


def _writes(block: ErrorBlock | None) -> bool:
    return block is not None and any(_WRITING.search(frame.code) for frame in block.frames)


def _reads(block: ErrorBlock | None) -> bool:
    return block is not None and any(_READING.search(frame.code) for frame in block.frames)


def _ours(report: Report) -> bool:
    return bool(_OURS.search(report.flat_lower)) and not _OTHERS.search(report.flat_lower)


def _serves(report: Report) -> bool:
    return bool(_OTHERS.search(report.flat_lower) or _SERVICE.search(report.flat_lower))


def _remote(report: Report) -> bool:
    files = " ".join(frame.file for block in report.errors for frame in block.frames)
    return bool(_REMOTE.search(f"{files} {report.flat}")) and not _WINDOWS_FRAME.search(files)


@predicate
def read_mode(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A missing file was to be read: the frames read and nothing in them writes."""
    own = block is not None and block.own_frame is not None and not _serves(report)
    return (own or _ours(report)) and _reads(block) and not _writes(block)


@predicate
def write_mode(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A missing folder: the code in the frames was about to write."""
    return _writes(block)


@predicate
def mode_unknown(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing in the frames tells whether a file was to be read or written."""
    return _ours(report) and not _writes(block) and not _reads(block)


@predicate
def learning_code(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text is about learning from data: for words that any Python program may print."""
    return _ours(report)


@predicate
def python_program(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """An error of a Python program that isn't known to be a server, a service or a build."""
    if block is None or _SERVICE.search(report.flat_lower):
        return False
    return _ours(report) or not _OTHERS.search(report.flat_lower)


@predicate
def in_notebook(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The user's own frames are cells of a notebook."""
    if block is not None and block.frames:
        own = block.own_frame
        return own is not None and bool(_NOTEBOOK.search(own.file))
    return any(_NOTEBOOK.search(line.text) for line in report.lines)


@predicate
def on_remote_machine(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The traceback is of Colab, Kaggle or another machine that isn't the user's own."""
    return _remote(report)


@predicate
def read_mode_or_unknown(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing in the frames writes."""
    return not _writes(block)
