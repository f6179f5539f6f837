"""Run the `wrong` and `right` scripts of diagnoses, many in one process.

python tests/catalogue/running.py viz.imshow_shape.batch_dim cv2.     # ids, or families
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path


@contextlib.contextmanager
def captured(path):
    """All that is written to standard output and error meanwhile, also by C++, goes to a file."""
    sys.stdout.flush(), sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(path, "wb") as sink:
        os.dup2(sink.fileno(), 1), os.dup2(sink.fileno(), 2)
        streams = sys.stdout, sys.stderr
        sys.stdout = os.fdopen(os.dup(1), "w", buffering=1)
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
        # Handlers keep the stream that was standard error when they were made.
        handlers = [(each, each.stream) for each in log_handlers()]
        for handler, _ in handlers:
            handler.stream = sys.stderr
        try:
            yield
        finally:
            known = {id(handler) for handler, _ in handlers}
            for handler, stream in handlers:
                handler.stream = stream
            for handler in log_handlers():
                if id(handler) not in known:
                    handler.stream = streams[1]
            sys.stdout.close(), sys.stderr.close()
            sys.stdout, sys.stderr = streams
            for descriptor, old in zip((1, 2), kept, strict=True):
                os.dup2(old, descriptor)
                os.close(old)


def log_handlers():
    """All handlers that write to a stream, of all loggers."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            plain = isinstance(handler, logging.StreamHandler)
            if plain and not isinstance(handler, logging.FileHandler):
                yield handler


def show_warning(message, category, filename, lineno, file=None, line=None):
    """Print a warning as Python does, whoever else collects them."""
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def run_script(code: str) -> tuple[str, BaseException | None]:
    """What a script prints, its traceback included, and the exception that ended it."""
    before = Path.cwd()
    error = None
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        script = Path(folder, "example.py")
        script.write_text(code, encoding="utf-8")
        output = Path(folder, "..", f"{Path(folder).name}.txt").resolve()
        try:
            with captured(output), warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = show_warning
                try:
                    exec(compile(code, str(script), "exec"), {"__name__": "__main__"})
                except BaseException as raised:
                    error = raised
                    tail = raised.__traceback__
                    raised.__traceback__ = tail.tb_next if tail else None
                    traceback.print_exception(raised)
            return output.read_text(encoding="utf-8", errors="replace"), error
        finally:
            output.unlink(missing_ok=True)
            os.chdir(before)
            _tidy()


def _tidy() -> None:
    """What one script leaves behind must not meet the next."""
    if "keras" in sys.modules:
        import keras

        keras.backend.clear_session()
        keras.mixed_precision.set_global_policy("float32")
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].config.run_functions_eagerly(False)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
        # Of a style that was used.
        sys.modules["matplotlib"].rcdefaults()


def problem_with(identifier: str) -> str:
    """What is wrong with the example of a diagnosis, '' when nothing is."""
    from tfviz.catalogue.diagnosis import diagnosis
    from tfviz.doctor.explain import explain_error

    example = diagnosis(identifier).example
    if "wrong" in example:
        text, _ = run_script(example["wrong"])
    else:
        text = example["text"]
    answer = explain_error(text)
    found = [(each.id, each.confidence) for each in answer.findings]
    if not found or found[0][0] != identifier:
        return f"explained as {found}, from:\n{text[-1500:]}"
    if found[0][1] == "one of":
        return f"not told apart: {found}"
    if "right" in example:
        text, error = run_script(example["right"])
        if error is not None:
            return f"the right script failed:\n{text[-1500:]}"
        again = [each.id for each in explain_error(text).findings]
        if identifier in again:
            return f"the right script is diagnosed too:\n{text[-1500:]}"
    return ""


def main(wanted: list[str]) -> None:
    """Print what is wrong with the examples of these ids or families."""
    os.environ.setdefault("MPLBACKEND", "agg")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0")
    from tfviz.catalogue.diagnosis import identifiers

    failed = 0
    chosen = [each for each in identifiers() if not wanted or each.startswith(tuple(wanted))]
    for identifier in chosen:
        said = problem_with(identifier)
        failed += bool(said)
        print(f"{'FAILED' if said else 'ok    '} {identifier}  {said}", flush=True)
    print(f"{len(chosen) - failed} right, {failed} wrong")


if __name__ == "__main__":
    main(sys.argv[1:])
