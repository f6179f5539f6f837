"""One training step of one size, in a process of its own that may run out of memory.

What happens is written line by line, so that the lines tell how far it came when the system ends
the process without a word.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import time
import traceback
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.probe import replay
from tfviz.train.batch_memory import exhausted, line_about, predicted, status
from tfviz.train.trainer import Trainer

REQUEST, ANSWER = "request.json", "answer.jsonl"
# The first step builds, the second shows what remains.
STEPS = 2
# Allocators map more than they touch: 12 % more was seen on a convolutional net.
MAPPED = 1.25


def main(folder: str) -> None:
    """Do what the request in a folder asks for, and write the answer beside it.

    Args:
        folder: Holds `request.json`, the batch, and the model where there is no builder.
    """
    place = Path(folder)
    request = json.loads((place / REQUEST).read_text(encoding="utf-8"))
    with (place / ANSWER).open("a", encoding="utf-8") as file:

        def tell(**what: Any) -> None:
            file.write(json.dumps(what) + "\n")
            file.flush()

        try:
            _try(place, request, tell)
        except BaseException as error:
            ran_out = exhausted(error)
            if ran_out is None:
                tell(failed="".join(traceback.format_exception(error))[-4000:])
            else:
                tell(fits=False, ran_out=ran_out, said=line_about(error))


def _try(place: Path, request: dict[str, Any], tell: Any) -> None:
    memory = request["memory"]
    devices = _gpus(memory)
    trainer = _trainer(place, request)
    batch = replay.load(place).batch
    whole = request["whole"]
    trainer.prepare(tf.data.Dataset.from_tensors(_of_size(batch, 1)))
    base = _used(devices)
    need = predicted(trainer, batch, base=base, parts=whole is not None)
    size = request["size"] or need.largest(request["sizes"], memory)
    fixed = need.fixed + _bytes(batch) * (whole or 0)
    need = dataclasses.replace(need, fixed=fixed)
    tell(trying=size, fixed=need.fixed, per_sample=need.per_sample)
    if memory is not None and not devices:
        _limit(memory)
    if whole is not None and size < whole:
        options = dataclasses.replace(trainer.options, micro_batch_size=size)
        trainer._take(trainer.model, trainer._made.parts, options, trainer._hooks)
    elif trainer.options.micro_batch_size is not None:
        options = dataclasses.replace(trainer.options, micro_batch_size=None)
        trainer._take(trainer.model, trainer._made.parts, options, trainer._hooks)
    given = _of_size(batch, whole or size)
    prepared = trainer.prepare(tf.data.Dataset.from_tensors(_of_size(batch, 1)))
    seconds = 0.0
    for _ in range(STEPS):
        begun = time.perf_counter()
        float(prepared.step(given)["loss"])
        seconds = time.perf_counter() - begun
    peak = _peak(devices)
    fits = memory is None or peak is None or peak <= memory
    tell(fits=fits, peak=peak, seconds=seconds, ran_out=None if fits else "memory", said="")


def _trainer(place: Path, request: dict[str, Any]) -> Trainer:
    if request["builder"] is not None:
        made = named(request["builder"])()
        if not isinstance(made, Trainer):
            raise InputError(
                f"{request['builder']}() returned {type(made).__name__}: it must return a "
                f"tfviz.Trainer."
            )
        return made
    for each in request["modules"]:
        importlib.import_module(each)
    model = keras.models.load_model(place / "model.keras", compile=False, safe_mode=False)
    optimizer = keras.saving.deserialize_keras_object(request["optimizer"])
    return Trainer(model, unpacked(request["loss"]), optimizer, **request["options"])


def named(name: str) -> Any:
    """The object at 'module:a.b'."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for each in path.split("."):
        found = getattr(found, each)
    return found


def unpacked(loss: Any) -> Any:
    """A loss, or several, as `batch_probe.packed` wrote them."""
    if isinstance(loss, list):
        return [unpacked(each) for each in loss]
    if isinstance(loss, dict):
        if "several" in loss:
            return {key: unpacked(each) for key, each in loss["several"].items()}
        if "function" in loss:
            return named(loss["function"])
        return keras.saving.deserialize_keras_object(loss["keras"])
    return loss


def _of_size(batch: Any, size: int) -> Any:
    """The batch with so many samples, repeated from the first on."""

    def sized(value: Any) -> Any:
        if value is None:
            return None
        tensor = tf.convert_to_tensor(value)
        return tf.gather(tensor, tf.range(size) % tf.shape(tensor)[0])

    return tf.nest.map_structure(sized, batch)


def _bytes(batch: Any) -> int:
    """Of one sample."""
    flat = [tf.convert_to_tensor(each) for each in tf.nest.flatten(batch) if each is not None]
    return sum(int(tf.size(each[:1])) * each.dtype.size for each in flat)


def _gpus(memory: int | None) -> list[Any]:
    devices = tf.config.list_physical_devices("GPU")
    for each in devices:
        if memory is None:
            # Without it the first allocation takes the whole card, whatever is needed.
            tf.config.experimental.set_memory_growth(each, True)
        else:
            limited = tf.config.LogicalDeviceConfiguration(memory_limit=memory >> 20)
            tf.config.set_logical_device_configuration(each, [limited])
    return devices


def _limit(memory: int) -> None:
    """Let allocations beyond a total fail, where the system knows such a limit."""
    data, resident = status("VmData"), status("VmRSS")
    if data is None or resident is None:
        return
    import resource  # not on Windows, where status() is None

    # What is mapped but never touched (stacks of threads) takes no memory, so the limit is on
    # growth, and not a tight one: the peak is held against the memory afterwards.
    allowed = data + int(MAPPED * max(memory - resident, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _used(devices: list[Any]) -> int:
    if devices:
        return int(tf.config.experimental.get_memory_info("GPU:0")["current"])
    return status("VmRSS") or 0


def _peak(devices: list[Any]) -> int | None:
    if devices:
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    return status("VmHWM")
