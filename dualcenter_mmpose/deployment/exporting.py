"""``DeployModel`` -> ``torch.export`` program -> ONNX model with standard operators alone.

The packages ``onnx`` and ``onnxscript`` are imported only where they are needed: nothing else in the project wants
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from dualcenter_mmpose.deployment.deploy_model import OUTPUTS, DeployModel
from dualcenter_mmpose.utils.files import replacing, write_bytes

OPSET = 18
"""GridSample came with opset 16 and the maximum reduction of ScatterElements, which the scores of groups need, with 18.

It is also the opset that torch writes without converting, and old enough for runtimes of some years' age.
"""

INPUT = 'images'
FORMAT = 'dualcenter_mmpose/1'
"""Says that a model is one of ours, and how its description is to be read."""

MAX_BYTES = 2**31 - 1
"""What one protobuf message can hold."""

STRIDE_OF_BACKBONE = 32
PACKAGES = ('onnx', 'onnxscript')
HOW_TO_INSTALL = 'pip install -r requirements/export.txt, or pip install onnx onnxscript onnxruntime'


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size (w, h) that the network can take.

    Raises:
        ValueError: unless both sides are positive multiples of 32.
    """
    if any(side <= 0 or side % STRIDE_OF_BACKBONE for side in size):
        nearest = 'x'.join(str(max(1, round(side / STRIDE_OF_BACKBONE)) * STRIDE_OF_BACKBONE) for side in size)
        raise ValueError(
            f'the size must be multiples of {STRIDE_OF_BACKBONE} (HRNet halves five times), got {size[0]}x{size[1]}; '
            f'the nearest is {nearest}'
        )
    return size


def trace(
    network: DeployModel, size: tuple[int, int], batch_size: int = 1, dynamic_batch: bool = False
) -> torch.export.ExportedProgram:
    """Return the network as a graph of ATen operators for uint8 images of one size.

    Args:
        network: on any device; the graph is for that one.
        size: (w, h) px, multiples of 32.
        batch_size: images that the graph takes at once.
        dynamic_batch: let the graph take any number of images in place of ``batch_size``.

    Raises:
        ValueError: for a size or a number of images that cannot be.
    """
    width, height = check_size(size)
    if batch_size < 1:
        raise ValueError(f'the batch must hold at least 1 image, got {batch_size}')
    # A batch of one would be taken for a constant.
    images = torch.zeros(2 if dynamic_batch else batch_size, 3, height, width, dtype=torch.uint8)
    dynamic = ({0: torch.export.Dim('batch', min=1, max=4096)},) if dynamic_batch else None
    with torch.no_grad():
        return torch.export.export(network, (images.to(network.mean.device),), dynamic_shapes=dynamic, strict=False)


def check_packages() -> None:
    """Raise unless the packages that write ONNX are installed.

    Raises:
        ModuleNotFoundError: naming what is missing and how to install it.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(f'writing ONNX needs {" and ".join(missing)}: {HOW_TO_INSTALL}')


def to_onnx(program: torch.export.ExportedProgram) -> Any:
    """Return a traced network as an ``onnx.ModelProto`` with weights inside and without anything of this machine.

    Raises:
        ModuleNotFoundError: if a package is missing.
        ValueError: if the result has an operator that is not ONNX's own, or is too large for one file.
    """
    check_packages()
    exported = torch.onnx.export(
        program,
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        custom_translation_table={torch.ops.aten.sort.stable: _stable_sort()},
        external_data=False,
        verbose=False,
    )
    if exported is None:
        raise ValueError('torch.onnx.export gave nothing back')
    model = exported.model_proto
    _strip_notes(model)
    check_operators(model)
    if model.ByteSize() > MAX_BYTES:
        raise ValueError(f'the model has {model.ByteSize():,} bytes, but one file of ONNX holds {MAX_BYTES:,} at most')
    return model


def _stable_sort() -> Callable[..., Any]:
    """Return the translation of a stable sort, which torch's exporter lacks."""
    from onnxscript import opset18 as op

    def stable_sort(values: Any, stable: bool | None = None, dim: int = -1, descending: bool = False) -> Any:
        # ONNX defines TopK to put the lower index first among equals: sorting all of them is stable.
        size = op.Shape(values, start=dim, **({} if dim == -1 else {'end': dim + 1}))
        return op.TopK(values, size, axis=dim, largest=int(descending), sorted=1)

    return stable_sort


def walk_nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of an ONNX graph, those of the graphs inside them included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from walk_nodes(inner)


def check_operators(model: Any) -> None:
    """Raise unless all operators of an ONNX model are ONNX's own.

    Raises:
        ValueError: naming the others.
    """
    foreign = sorted({f'{node.domain}::{node.op_type}' for node in walk_nodes(model.graph) if node.domain})
    foreign += [f'{function.domain}::{function.name}' for function in model.functions]
    if foreign:
        raise ValueError(f'the graph has operators that are not of the standard domain: {foreign}')


def _strip_notes(model: Any) -> None:
    """Remove, in place, the source paths and stack traces that the exporter writes beside every node and value."""
    for holder in (model, model.graph, *walk_nodes(model.graph), *model.graph.value_info, *model.graph.initializer):
        del holder.metadata_props[:]
        holder.doc_string = ''
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.value_info[:]


def describe(model: Any, description: Mapping[str, Any]) -> None:
    """Write a description into an ONNX model's ``metadata_props``, in place, every value as JSON."""
    for key, value in {'format': FORMAT, **description}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)


def write_program(program: torch.export.ExportedProgram, path: Path, description: Mapping[str, Any]) -> None:
    """Write a traced network with a description in one piece, as ``torch.export.load`` reads it."""
    notes = {'description.json': json.dumps({'format': FORMAT, **description})}
    with replacing(path) as draft:
        torch.export.save(program, draft, extra_files=notes)


def write_model(
    network: DeployModel,
    out: Path,
    description: Mapping[str, Any],
    size: tuple[int, int],
    batch: int | None = 1,
    as_program: bool = False,
) -> None:
    """Write a network to a file in one piece.

    Args:
        network: on the device that the file is for.
        out: file to write.
        description: what is written beside the graph.
        size: (w, h) px, multiples of 32.
        batch: images that the graph takes at once, ``None`` for any number.
        as_program: write a program of ``torch.export`` in place of an ONNX model.

    Raises:
        ModuleNotFoundError: if a package that writes ONNX is missing.
        ValueError: for a size or a number of images that cannot be, or a network that cannot be written.
    """
    program = trace(network, size, 1 if batch is None else batch, dynamic_batch=batch is None)
    if as_program:
        write_program(program, out, description)
        return
    model = to_onnx(program)
    describe(model, description)
    write_bytes(out, model.SerializeToString())
