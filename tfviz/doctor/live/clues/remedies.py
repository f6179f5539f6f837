"""The advice in the names and numbers of the failing line, and fit for how the program trains."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from tfviz.doctor.live.clues.case import Case, Mended, mends
from tfviz.doctor.live.clues.counting import counted
from tfviz.doctor.live.clues.dtypes import operands as operands_of_types
from tfviz.doctor.live.clues.fitting import fit_of, is_layer
from tfviz.doctor.live.clues.keys import asked_of
from tfviz.doctor.live.clues.layers import given, given_to
from tfviz.doctor.live.clues.paths import about_path, path_of
from tfviz.doctor.live.clues.pictures import as_bytes, operands
from tfviz.doctor.live.clues.seen import arrays_on_line, dtype_of, shape_of
from tfviz.doctor.live.clues.trees import argument
from tfviz.doctor.live.safely import is_a, maybe
from tfviz.errors import nearest

_SPARSE = "loss.onehot_with_sparse_loss"
_DENSE = "loss.integer_labels_with_categorical"


@mends(_SPARSE, _DENSE)
def loss_in_its_form(case: Case) -> Mended | None:
    """An object stays an object with its `from_logits`, a call by hand stays one."""
    to_sparse = case.is_about([_DENSE])
    wanted = "SparseCategoricalCrossentropy" if to_sparse else "CategoricalCrossentropy"
    turned = "class numbers" if to_sparse else "one-hot labels"
    fit = fit_of(case)
    loss = maybe(fit.model, "loss") if fit is not None else None
    name, labels = "", (fit.y[0] if fit is not None and fit.y is not None else "y")
    if fit is None:
        for call in case.line.calls():
            found = case.line.maybe(call.func)
            if is_a(found, "keras", "Loss") and call.args:
                loss, name, labels = found, ast.unparse(call.func), ast.unparse(call.args[0])
    if not is_a(loss, "keras", "Loss"):
        return None
    settings = maybe(loss, "_fn_kwargs")
    logits = type(settings) is dict and settings.get("from_logits") is True
    made = f"keras.losses.{wanted}({'from_logits=True' if logits else ''})"
    first = f"{name} = {made}" if name else f"model.compile(optimizer, loss={made})"
    other = (
        f"{labels} = keras.utils.to_categorical({labels}, num_classes)"
        if to_sparse
        else f"{labels} = np.argmax({labels}, axis=-1)"
    )
    if fit is not None and fit.y is None:
        step = "keras.ops.one_hot(y, num_classes)" if to_sparse else "keras.ops.argmax(y, axis=-1)"
        other = f"{fit.x[0] if fit.x else 'ds'} = {fit.x[0] if fit.x else 'ds'}.map(lambda x, y: (x, {step}))"
    kept = ", with `from_logits=True` as now" if logits else ""
    return Mended(
        fix=f"Use the loss for {turned}, `{wanted}`{kept}; or change the form of the labels.",
        code=f"{first}\n# or\n{other}",
    )


@mends("pil.fromarray", "cv2.colormap_float")
def bytes_by_range(case: Case) -> Mended | None:
    """Whether to multiply by 255 is for the range to say."""
    for node, value in operands(case):
        shape = shape_of(value)
        name = ast.unparse(node)
        if not shape or not dtype_of(value).startswith("float") or len(name) > 40:
            continue
        if not is_a(value, "numpy", "ndarray"):
            continue
        made = as_bytes(name, value)
        extra = 1 in (shape[0], shape[-1]) or len(shape) > 3
        fix = f"Its values allow `{made}`."
        if case.is_about(["cv2."]):
            return Mended(fix=fix, code=f"heat = cv2.applyColorMap({made}, cv2.COLORMAP_JET)")
        squeezed = as_bytes(f"np.squeeze({name})", value) if extra else made
        fix += " Extra axes must go: `np.squeeze`." if extra else ""
        return Mended(fix=fix, code=f"Image.fromarray({squeezed})".replace("'", '"'))
    return None


@mends("pil.images_do_not_match")
def pictures_exchanged(case: Case) -> Mended | None:
    """Exchanged sides are mended where the picture is made, not by resizing."""
    sizes = {maybe(value, "size") for _, value in operands(case) if is_a(value, "PIL", "Image")}
    pairs = [each for each in sizes if isinstance(each, tuple) and len(each) == 2]
    if len(pairs) == 2 and pairs[0] == pairs[1][::-1] and pairs[0][0] != pairs[0][1]:
        return Mended(
            fix="Exchange width and height where the odd one is made: Pillow's `.size` is (width, "
            "height), NumPy's `.shape` is (height, width). Resizing would only distort it.",
            code="width, height = image.size\narray = np.zeros((height, width), dtype=np.uint8)",
        )
    return None


@mends("shape.missing_batch_dim")
def which_sample(case: Case) -> Mended | None:
    """The array that was given; what the message shows is often a slice that Keras made of it."""
    target, inputs = given_to(case), given(case)
    if target is None or not inputs or not inputs[0][0].isidentifier():
        return None
    (called, model, wanted), (name, have) = target, inputs[0]
    if len(have) + 1 != len(wanted):
        return None
    if any(None not in pair and pair[0] != pair[1] for pair in zip(have, wanted[1:], strict=True)):
        return None
    call = (
        f"{called}.predict({name}[np.newaxis])"
        if hasattr(model, "predict")
        else f"{called}({name}[np.newaxis])"
    )
    return Mended(
        cause=f"`{called}` takes a batch, {wanted}; `{name}` is {have}, one sample alone.",
        fix=f"Put the batch axis in front: `{name}[np.newaxis]` or `np.expand_dims({name}, 0)`.",
        code=call,
        instead="",
        shapes=(str(have), 0, 0, "one more axis in front, for the batch"),
    )


_ALIKE = (("accuracy", "acc"), ("val_accuracy", "val_acc"))


@mends("keras.history_key_acc")
def keys_that_are_there(case: Case) -> Mended | None:
    """The key to take instead, in the dictionary that was really asked."""
    found = asked_of(case)
    if found is None or type(found[1]) is not dict or type(found[2]) is not str:
        return None
    node, owner, key = found
    name = ast.unparse(node.value)
    other = next((b if key == a else a for a, b in _ALIKE if key in (a, b)), "")
    title = f"`{name}` has no '{key}'"
    if other in owner:
        return Mended(
            title=title,
            cause=f"The key is named like the metric in `compile`: `metrics=['acc']` gives 'acc', "
            f"`metrics=['accuracy']` gives 'accuracy'; here it is '{other}'.",
            fix=f"Ask for '{other}', or name the metric in `compile` as the code expects it.",
            code=f'{name}["{other}"]',
        )
    return Mended(title=title, code=f"print(list({name}))")


@mends("python.index_out_of_range", "python.index_out_of_range.array")
def one_too_far(case: Case) -> Mended | None:
    """An index equal to the length is a bound that goes one too far."""
    found = asked_of(case)
    if found is None or type(found[1]) not in (list, tuple, str) or not found[1]:
        return None
    node, owner, key = found
    if key != len(owner) or not counted(node.slice, case.line):
        return None
    name, index = ast.unparse(node.value), ast.unparse(node.slice)
    return Mended(
        fix=f"Let what counts, a `range` or a `__len__`, end one earlier: the last entry is number "
        f"{len(owner) - 1}.",
        code=f"print({index}, len({name}))   # {key}, {len(owner)}",
    )


@mends("load.weights_shape_mismatch.classes")
def both_numbers(case: Case) -> Mended | None:
    """The numbers of classes in the file and in the model."""
    first = case.answer.findings[0]
    match = re.search(
        r"has shape \(.*?(\d+),?\) in the model and \(.*?(\d+),?\) in the file", first.cause
    )
    if match is None:
        return None
    return Mended(
        code=first.code.replace("1000", match[2]).replace("Dense(3,", f"Dense({match[1]},")
    )


@mends("viz.subplot_num")
def rows_enough(case: Case) -> Mended | None:
    """Rows from the number of columns on the line."""
    for call in case.line.calls("subplot", "add_subplot"):
        if len(call.args) == 3:
            rows, columns, index = (ast.unparse(each) for each in call.args)
            name = rows if rows.isidentifier() else "rows"
            function = ast.unparse(call.func)
            return Mended(
                fix="Compute the rows from the number of pictures, rounded up: `//` leaves out the "
                "last row that isn't full.",
                code=f"{name} = math.ceil(len(images) / {columns})\n{function}({name}, {columns}, {index})",
            )
    return None


@mends("tf.dtype_mismatch")
def cast_the_right_one(case: Case) -> Mended | None:
    """What is cast is the one that isn't float32 already."""
    meeting = operands_of_types(case) or arrays_on_line(case)
    found = [(name, dtype_of(value)) for name, value in meeting if dtype_of(value)]
    kinds = {dtype for _, dtype in found}
    if len(kinds) != 2:
        return None
    keep = "float32" if "float32" in kinds else next((k for k in kinds if "float" in k), "")
    odd = [name for name, dtype in found if dtype != keep]
    first = case.answer.findings[0]
    a, b = (dtype for _, dtype in found[:2]) if len(found) == 2 else sorted(kinds)
    if not keep or len(odd) != 1 or not odd[0].isidentifier():
        return Mended(title=f"{first.title.split(':')[0]}: {a} and {b}")
    cast = f"tf.cast({odd[0]}, tf.{keep})"
    variable = is_a(dict(meeting).get(odd[0]), "tensorflow", "Variable")
    return Mended(
        title=f"Two number types meet in one operation: {a} and {b}",
        cause=f"TensorFlow doesn't convert types by itself: one tensor is {a}, the other is {b}.",
        fix=f"Make the variable `{odd[0]}` {keep} where it is made: a cast of it wouldn't be trained."
        if variable
        else f"Cast `{odd[0]}` before they meet.",
        code=f"{odd[0]} = {f'tf.Variable({cast})' if variable else cast}",
    )


@mends("load.keras_zip_not_found", "load.not_hdf5")
def what_the_file_is(case: Case) -> Mended | None:
    """Once the first bytes have told what it is, the rest of the list is noise."""
    path = path_of(case)
    said = about_path(path) if isinstance(path, str) or hasattr(path, "__fspath__") else ""
    if "Git LFS" in said:
        return Mended(
            title="The model file is a Git LFS pointer, not the model",
            cause="The repository was cloned without its large files: this one only says where the model is.",
            fix="Fetch the large files, in the folder of the repository.",
            code="git lfs install\ngit lfs pull",
        )
    if "HTML" in said:
        return Mended(
            title="The model file is a web page",
            cause="What was downloaded is a page of the site (an error, a login, a viewer), under the model's name.",
            fix="Download the file itself, by its 'raw' or 'download' address, and look at its size.",
            code="",
        )
    if "HDF5" in said:
        return Mended(
            title="The model file is HDF5, and is named .keras",
            fix="Rename it to end in `.h5`.",
            code="",
        )
    return None


@mends("numpy.string_to_float")
def without_pandas(case: Case) -> Mended | None:
    """A float() of one text needs no data frame, nor does a table that NumPy reads."""
    for call in case.line.calls("loadtxt"):
        where = re.search(r"at row (\d+), column (\d+)", case.message)
        given = {each.arg for each in call.keywords}
        if where and where[1] == "0" and "skiprows" not in given:
            code = ast.unparse(call)[:-1] + ", skiprows=1)"
            return Mended(fix="It is the first line, the header: pass it over.", code=code)
        at = f"NumPy names row {where[1]} of the data, column {where[2]}. " if where else ""
        return Mended(
            fix=f"{at}Read with `np.genfromtxt`, which makes NaN of what is no number, and fill or "
            "drop the NaN; columns of text are left out by `usecols`.",
            code=ast.unparse(call)
            .replace("loadtxt", "genfromtxt", 1)
            .replace("skiprows", "skip_header"),
        )
    for call in case.line.calls("float"):
        text = case.line.maybe(argument(call, 0))
        if type(text) is str and len(call.args) == 1:
            name = ast.unparse(call.args[0])
            return Mended(
                fix="Say what such a cell counts as, and give the rows with it a number or leave them out.",
                code=f"missing = ('', {text!r})\nvalue = float('nan') if {name} in missing else float({name})",
            )
    return None


@mends("data.object_dtype")
def columns_of_text(case: Case) -> Mended | None:
    """Which columns of the array must become numbers."""
    fit = fit_of(case)
    pairs = list(fit.arrays()) if fit is not None else list(case.line.expressions())
    for name, value in pairs:
        if not is_a(value, "numpy", "ndarray") or value.dtype != object or value.ndim != 2:
            continue
        rows = value[:1000]
        texts = [i for i in range(rows.shape[1]) if any(type(c) is str for c in rows[:, i])]
        if not texts or len(texts) == rows.shape[1]:
            return None
        lines = [
            f"{name}[:, {i}] = np.unique({name}[:, {i}].astype(str), return_inverse=True)[1]"
            for i in texts[:3]
        ]
        return Mended(
            fix="Make numbers of the text: each different text gets a number (or a column, one-hot), "
            "then convert the whole array.",
            code="\n".join([*lines, f"{name} = {name}.astype('float32')"]),
        )
    return None


@mends("shape.wrong_image_size")
def features_not_pictures(case: Case) -> Mended | None:
    """Feature maps of another network aren't resized, the pictures before them are."""
    target, inputs = given_to(case), given(case)
    if target is None or not inputs or target[2][-1] in (1, 3, 4, None):
        return None
    (called, _, wanted), (name, have) = target, inputs[0]
    return Mended(
        title="The features have another size than the model was built for",
        cause=f"`{called}` was built for {wanted}; `{name}` is {have}.",
        fix=f"Compute `{name}` from pictures of the same size as those that `{called}` was built on: "
        f"the size of a feature map follows from that of the picture.",
        code="",
    )


@mends("tf.numpy_in_function")
def without_old_versions(case: Case) -> Mended | None:
    """What held for TensorFlow 2.4 says nothing to newer ones."""
    version = maybe(sys.modules.get("tensorflow"), "__version__")
    match = re.match(r"2\.(\d+)", version) if type(version) is str else None
    return Mended(instead="") if match and int(match[1]) > 4 else None


@mends("keras3.layer_never_called")
def which_attribute(case: Case) -> Mended | None:
    """What was asked of what, by the names on the line."""
    node = case.line.node
    if not isinstance(node, ast.Attribute) or node.attr not in _ENDS:
        return None
    if not is_layer(case.line.maybe(node.value)):
        return None
    return Mended(
        title=f"`{ast.unparse(node.value)}` has no `.{node.attr}` yet: it was never called"
    )


_ENDS = ("input", "inputs", "output", "outputs")


@mends("data.generator_signature")
def declared_open(case: Case) -> Mended | None:
    """The axes in which the element differs, left open."""
    match = re.search(
        r"of shape (\([^)]*\)) where an element of shape (\([^)]*\)) was", case.message
    )
    if match is None:
        return None
    have, wanted = (ast.literal_eval(each) for each in match.groups())
    if len(have) != len(wanted):
        return None
    axes = [i for i, (m, n) in enumerate(zip(have, wanted, strict=True)) if m != n]
    opened = tuple(None if i in axes else n for i, n in enumerate(wanted))
    dtype = _dtype_declared(case, wanted)
    return Mended(
        fix=f"Leave the axis open where the length varies, {opened} instead of {wanted}, and batch with "
        f"`padded_batch`; or cut and pad each element to {wanted} in the generator.",
        code=f"tf.TensorSpec({opened}, {dtype or 'dtype'})\nds = ds.padded_batch(batch_size)",
    )


def _dtype_declared(case: Case, shape: tuple[Any, ...]) -> str:
    for _, value in case.line.expressions():
        spec = maybe(value, "element_spec") if is_a(value, "tensorflow", "DatasetV2") else None
        parts = spec if type(spec) is tuple else (spec,)
        for each in parts:
            dims = maybe(maybe(each, "shape"), "as_list")
            if dims is not None and tuple(dims()) in (shape, (None, *shape)):
                return f"tf.{maybe(maybe(each, 'dtype'), 'name')}"
    return ""


@mends("shape.input_names")
def names_in_pairs(case: Case) -> Mended | None:
    """Which key was meant for the input that is missing."""
    first = case.answer.findings[0]
    match = re.search(r'input named "([^"]+)"; the data give (\[.*?\])', first.cause)
    if match is None:
        return None
    keys = re.findall(r"'([^']+)'", match[2])
    fit = fit_of(case)
    model = maybe(fit.model, "inputs") if fit is not None else None
    names = [str(maybe(each, "name")) for each in model or ()]
    left = [key for key in keys if key not in names]
    open_names = [name for name in names if name not in keys]
    if len(left) == 1 and (len(open_names) == 1 or nearest(match[1], left)):
        return Mended(
            fix=f"Call it '{match[1]}' where the data are made ('{left[0]}' now), or name the input of "
            f"the model '{left[0]}'.",
            code=f"{{'{match[1]}': ...}}   # instead of '{left[0]}'",
        )
    return None
