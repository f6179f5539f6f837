"""Heatmaps of many photos, written to files: what `tfviz heatmap` does.

    header -> group -> read and shrink -> model -> draw and write -> journal
    threads   here     threads            here     threads           here

A group is what the model sees at once. Which photos it holds depends only on the list of photos,
never on what an interrupted run had finished: the last bits of a map can depend on the size of its
batch, and going on must give the very files that an undisturbed run gives.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.errors import InputError, ModelError, OutputError, nearest
from tfviz.explain.explanation import Explanation
from tfviz.explain.family import METHODS
from tfviz.explain.frozen import freeze
from tfviz.files import Shard, Source, ensure_writable, plan_outputs, take
from tfviz.files.atomic import why_not_written
from tfviz.files.journal import Journal, OtherSettingsError
from tfviz.image.reading import MAX_PIXELS
from tfviz.jobs.batch_size import measured_batch_size
from tfviz.jobs.members import Member, grouped, inode_of, is_same, place_of, rights_of, stamp_of
from tfviz.jobs.memory import short_of_memory
from tfviz.jobs.opening import read_source, why_not_or_size
from tfviz.jobs.overlap import Overlap, Pools, ahead
from tfviz.jobs.products import write_products
from tfviz.jobs.results import HeatmapResult, HeatmapSettings
from tfviz.jobs.sayings import named_target, result_of
from tfviz.model.fingerprint import fingerprint
from tfviz.model.pixels import PixelPlan, plan_pixels
from tfviz.version import __version__

WORTH_FREEZING = 50
# Where results go when nobody says where.
OUT = "heatmaps"
VERSIONS = ("tensorflow", "keras", "numpy", "pillow", "opencv-python")


@dataclass
class _Work:
    """What is to be written of a member: a row of an explanation, or nothing."""

    member: Member
    explanation: Explanation | None = None
    row: int = 0


class HeatmapJob:
    """Explain photos with one model and write what was asked for, each file whole or not at all.

    What is finished is recorded in the folder's journal: the same job goes on where an earlier one
    stopped, however it stopped.

    Args:
        model: A `keras.Model` with one image input.
        sources: From `tfviz.files.find_images`.
        out: Folder for the results; made if absent, and tried before anything is computed. None
            takes `heatmaps`, or where that holds results of other settings `heatmaps-2`, ...
        settings: What decides the results.
        overwrite: Replace what another job left in the folder.
        shard: Do only this share, beside other processes or machines that do the others; the
            last of them joins the journals. All must see the same sources.
        limit: Look at the first so many sources only.
        own_model: Whether nobody else has the model and may change it: then its weights are
            taken for constants, which is faster.

    Raises:
        InputError, TargetError, LayerError, OutputError: When nothing could start.
    """

    def __init__(
        self,
        model: Any,
        sources: Sequence[Source],
        out: str | Path | None = None,
        settings: HeatmapSettings | None = None,
        *,
        overwrite: bool = False,
        shard: Shard | None = None,
        limit: int | None = None,
        own_model: bool = False,
    ) -> None:
        self.settings = settings or HeatmapSettings()
        self.settings.check()
        if self.settings.method not in METHODS:
            raise InputError(
                f"There is no method '{self.settings.method}'."
                f"{nearest(self.settings.method, METHODS)} Known are {', '.join(METHODS)}."
            )
        if self.settings.colormap is not None:
            # Refuses an unknown name before any photo is explained.
            colorize(np.zeros(1), self.settings.colormap)
        self.pixels: PixelPlan = plan_pixels(
            model, value_range=self.settings.value_range, resize=self.settings.resize
        )
        self.target = named_target(model, self.settings.target, self.settings.against)
        layer = None if self.settings.layer == "auto" else self.settings.layer
        self.method = METHODS[self.settings.method](
            model,
            layer,
            output=self.settings.output,
            fuse=self.settings.fuse,
            smooth=self.settings.smooth,
        )
        plan = plan_outputs(sources)
        share = take(plan, shard, limit=limit)
        part = "" if shard is None else f"{shard.index}-of-{shard.count}"
        self.journal = self._journal(self._identity(model), out, overwrite, part)
        self.out = self.journal.folder
        self.sources = [each.source for each in share]
        self.stems = self._stems_of_their_own([each.text for each in share])
        # Who joins the journals of all shares needs the order of all.
        self._order = [each.text for each in plan] if shard else ()
        # Preparing the constants takes longer than explaining a few photos. It depends on the
        # whole list, so that going on computes as the first run did.
        if own_model and len(share) >= WORTH_FREEZING:
            freeze(self.method)
        self.batch_size = self._batch_size()

    def __len__(self) -> int:
        return len(self.sources)

    def run(self) -> Iterator[HeatmapResult]:
        """Work through the photos; a photo that fails gives its reason and the others go on.

        Yields:
            One result a photo, in the order of the sources, once it is in the journal.

        Raises:
            OutputError: When the place can't be written to any more. What is finished stays, and
                the same job goes on from there.
            ModelError, LayerError, TargetError: When the model can't be explained like this.
        """
        start, done, failed, new = time.perf_counter(), 0, 0, False
        overlap = Overlap(Pools(), read=self._read, compute=self._explain, write=self._write)
        with self.journal, overlap.pools:
            opened = ahead(overlap.pools.read, self._open, self._members())
            groups = grouped((member for member, _ in opened), self.batch_size)
            for member, result in overlap.run(groups):
                if not result.earlier:
                    new |= self._record(member, result)
                done += result.reason is None
                failed += result.reason is not None
                yield result
            if new or not self.journal.is_complete:
                totals = {
                    "tfviz": __version__,
                    "inputs": done + failed,
                    "done": done,
                    "failed": failed,
                    "seconds": round(time.perf_counter() - start, 3),
                    "batch_size": self.batch_size,
                    "versions": {each: _version_of(each) for each in VERSIONS},
                }
                self.journal.finish(totals, order=self._order)

    # ---- opening

    def _members(self) -> Iterator[Member]:
        for source, stem in zip(self.sources, self.stems, strict=True):
            yield Member(source, stem, "")

    def _open(self, member: Member) -> None:
        """Look at the file's header, or at what an earlier run recorded."""
        member.stamp = stamp_of(member.source)
        line = self.journal.get(member.stem)
        if line is not None and self._still_holds(line, member):
            member.earlier = HeatmapResult.from_dict(line)
            member.pixels = (line["size"][0], line["size"][1]) if line["size"][0] else None
            return
        member.reason, member.pixels = why_not_or_size(
            member.source, self._max_pixels, allow_truncated=self.settings.allow_truncated
        )

    def _still_holds(self, line: dict[str, Any], member: Member) -> bool:
        """Whether a photo and its files are as recorded; a failure, whether it would fail again."""
        if line.get("stamp") != member.stamp:
            return False
        if "reason" in line:
            return line.get("tried") == self._tried(member)
        return all((self.out / each).exists() for each in line["files"])

    def _tried(self, member: Member) -> str:
        """What a failure depends on besides the file's contents."""
        options = f"{self._max_pixels} {self.settings.allow_truncated} {_version_of('pillow')}"
        return f"{rights_of(member.source)} {options}"

    # ---- the three stages

    def _read(self, member: Member) -> Member:
        # One whose map was not finite was seen by the model, and keeps its place in the batch.
        unseen = member.earlier is not None and member.earlier.seconds is None
        if unseen or member.reason is not None or not member.needed:
            return member
        start = time.perf_counter()
        try:
            photo = read_source(
                member.source,
                max_pixels=self._max_pixels,
                allow_truncated=self.settings.allow_truncated,
                notes=member.notes,
            )
            member.inputs = self.pixels.apply([photo])
            # Of one that was done before only its place in the batch is needed.
            member.photo = photo if member.earlier is None else None
        except InputError as error:
            member.reason, member.photo = str(error), None
        except Exception as error:
            if not short_of_memory(error):
                raise
            member.reason, member.photo = f"'{member.source.name}' {_NO_MEMORY}", None
        member.seconds += time.perf_counter() - start
        return member

    def _explain(self, members: Sequence[Member], _: list[Member]) -> list[_Work]:
        """One batch through the model, unless all of it was done before."""
        readable = [each for each in members if each.inputs is not None]
        if not readable:
            return [_Work(each) for each in members]
        start = time.perf_counter()
        inputs = np.concatenate([each.inputs for each in readable if each.inputs is not None])
        explanation = self._explained(inputs)
        if explanation.maps.ndim != 3:
            raise InputError(
                f"The maps of layer '{explanation.layer.path}' have shape "
                f"{explanation.maps.shape[1:]} and don't lie on a photo: choose a layer with "
                f"height and width (`tfviz layers` lists them)."
            )
        share = (time.perf_counter() - start) / len(readable)
        self._begin()
        rows = {id(each): row for row, each in enumerate(readable)}
        works = []
        for member in members:
            member.inputs = None
            member.seconds += share
            row = rows.get(id(member))
            works.append(_Work(member) if row is None else _Work(member, explanation, row))
        return works

    def _explained(self, inputs: np.ndarray) -> Explanation:
        """Explain a batch; where memory is short, in halves from now on."""
        self.method.batch_size = min(self.method.batch_size, self.batch_size)
        while True:
            try:
                return self.method(inputs, self.target)
            except Exception as error:
                if not short_of_memory(error):
                    raise
                if self.method.batch_size == 1:
                    raise ModelError(
                        f"Model '{self.method.model.name}' needs more memory for a single photo "
                        f"than there is: close other programs, or use a smaller model or --device."
                    ) from error
            self.method.batch_size = (self.method.batch_size + 1) // 2

    def _write(self, work: _Work) -> tuple[Member, HeatmapResult]:
        member, name = work.member, work.member.source.name
        if member.earlier is not None:
            return member, member.earlier
        if member.reason is not None or work.explanation is None:
            return member, HeatmapResult(name, reason=member.reason or "no map was made")
        assert member.photo is not None  # a member without a reason was read
        start = time.perf_counter()
        result = result_of(name, work.explanation, work.row)
        if result.reason is None:
            notes = [each for each in (result.note, *member.notes) if each]
            result = replace(result, note="; ".join(notes))
            try:
                files = write_products(
                    self.out,
                    member.stem,
                    self.settings,
                    work.explanation,
                    work.row,
                    member.photo,
                    member.source,
                    result,
                    self.pixels.resize,
                )
                result = replace(result, files=files)
            except OSError as error:
                place = error.filename or self.out
                raise OutputError(
                    f"can't write to '{place}': {why_not_written(error, self.out)}"
                ) from error
            except Exception as error:
                if not short_of_memory(error):
                    raise
                result = HeatmapResult(name, reason=f"'{name}' {_NO_MEMORY}")
        member.photo = None
        member.seconds += time.perf_counter() - start
        return member, replace(result, seconds=round(member.seconds, 4))

    # ---- the record

    def _begin(self) -> None:
        """Take the folder, now that something is about to be written there."""
        if not self._begun:
            self.journal.begin()
            self.journal.reopen()
            self._begun = True

    _begun = False

    def _record(self, member: Member, result: HeatmapResult) -> bool:
        """Put a result into the journal, unless the same failure stands there already."""
        known = self.journal.get(member.stem)
        if result.reason is not None and known is not None and known.get("reason") == result.reason:
            return False
        self._begin()
        height, width = member.pixels or (0, 0)
        line = {
            **result.to_dict(),
            "size": [height, width],
            "stamp": member.stamp,
            "file": place_of(member.source),
            "inode": inode_of(member.source),
        }
        # A photo that can be opened is tried again when there is more memory, or its file is back.
        if result.reason is not None and member.stamp and _NO_MEMORY not in result.reason:
            line["tried"] = self._tried(member)
        self.journal.add(member.stem, line)
        return True

    @property
    def _max_pixels(self) -> int:
        return self.settings.max_pixels or MAX_PIXELS

    def _identity(self, model: Any) -> dict[str, Any]:
        """What another run into the same folder must share."""
        return {
            "model": f"{model.name} {fingerprint(model)}",
            **self.settings.identity,
            "value_range": self.pixels.value_range,
            "resize": self.pixels.resize,
            "input_size": list(self.pixels.size),
        }

    @staticmethod
    def _journal(
        identity: dict[str, Any], out: str | Path | None, overwrite: bool, part: str
    ) -> Journal:
        """The journal in a folder, or in the first by default that isn't another job's."""
        if out is not None:
            return Journal(ensure_writable(out), identity, overwrite=overwrite, part=part)
        number = 1
        while True:
            folder = ensure_writable(OUT if number == 1 else f"{OUT}-{number}")
            try:
                return Journal(folder, identity, overwrite=overwrite, part=part)
            except OtherSettingsError:
                number += 1

    def _stems_of_their_own(self, stems: list[str]) -> list[str]:
        """Another photo of an earlier run may be called the same: then these are numbered on."""
        if not len(self.journal):
            return stems
        taken = set(stems)
        result = []
        for source, stem in zip(self.sources, stems, strict=True):
            own, number = stem, 1
            while (line := self.journal.get(own)) and not is_same(line, source):
                number += 1
                while (own := f"{stem}-{number}") in taken:
                    number += 1
            taken.add(own)
            result.append(own)
        return result

    def _batch_size(self) -> int:
        if isinstance(self.settings.batch_size, int):
            return self.settings.batch_size
        # Going on needs the groups of the first run.
        remarks = self.journal.remarks
        if "batch_size" not in remarks:
            remarks["batch_size"] = measured_batch_size(self.method, self.pixels, self.target)
        return int(remarks["batch_size"])


@functools.cache
def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # another of its names: tensorflow-cpu, opencv headless
        return "unknown"


_NO_MEMORY = "needs more memory than there is: close other programs, or make it smaller."
