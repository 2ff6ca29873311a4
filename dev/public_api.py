"""The names that the package registers with MMPose, and what each can be built with: what configs of users rest on.

``python -m dev.public_api`` compares ``tests/public_api.json`` with the code, ``--write`` renews the file. The file
keeps an argument's name, its place, and whether it has a default: ``sigma=`` has one, ``in_channels`` has none; what
follows ``*`` or ``*args`` is given by name. A constructor that is inherited from another project belongs to that
project, whose versions differ in it: its class is named in place of its arguments.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mmengine.registry
import mmpose.registry

import dualcenter_mmpose

PACKAGE = dualcenter_mmpose.__name__
ROOT = Path(__file__).resolve().parent.parent
API_FILE = ROOT / 'tests' / 'public_api.json'
REMEDY = (
    f'If users are to notice this, add a line to CHANGELOG.md and run `python -m dev.public_api --write`, which renews '
    f'{API_FILE.parent.name}/{API_FILE.name}. If not, put back what their configs name.'
)


def describe_api() -> dict[str, dict[str, Any]]:
    """Return ``{name: {'registry': ..., 'arguments': ...}}`` of everything that this package has registered, sorted."""
    found: dict[str, dict[str, Any]] = {}
    for registry, name, part in registered_parts():
        if name in found:
            raise ValueError(f"'{name}' is registered twice, as {found[name]['registry']} and as {registry}")
        found[name] = dict(registry=registry, arguments=describe_arguments(part))
    return dict(sorted(found.items()))


def registered_parts() -> Iterator[tuple[str, str, Any]]:
    """Yield registry, name and class or function of each part, from MMPose's registries and MMEngine's own."""
    seen: set[int] = set()
    for host in (mmengine.registry, mmpose.registry):
        for variable, registry in vars(host).items():
            # MMPose has MMEngine's registries under further names.
            if isinstance(registry, mmengine.registry.Registry) and id(registry) not in seen:
                seen.add(id(registry))
                for name, part in registry.module_dict.items():
                    if is_ours(part):
                        yield f'{host.__name__}.{variable}', name, part


def is_ours(part: Any) -> bool:
    """Return whether a class or function is defined in this package."""
    return str(part.__module__).split('.')[0] == PACKAGE


def describe_arguments(part: Any) -> list[str] | str:
    """Return what a function takes, or a class to be built; or the class of another project that decides on it."""
    if not inspect.isclass(part):
        return list_arguments(part)
    owner = next(base for base in part.__mro__ if '__init__' in vars(base))
    if owner is object:
        return []
    if not is_ours(owner):
        return f'of {owner.__module__}.{owner.__qualname__}'
    return list_arguments(vars(owner)['__init__'])[1:]  # without self


def list_arguments(function: Any) -> list[str]:
    """Return the arguments of a function in order, written as the module's docstring says."""
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: '*', inspect.Parameter.VAR_KEYWORD: '**'}
    written: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not any(one.startswith('*') for one in written):
            written.append('*')
        default = '' if parameter.default is inspect.Parameter.empty else '='
        written.append(f'{stars.get(parameter.kind, "")}{name}{default}')
    return written


def find_differences(code: Mapping[str, Any], written: Mapping[str, Any]) -> list[str]:
    """Return a line for each name that the code and the file do not have alike."""
    lines = [f'{name}: in the file, not registered any more' for name in written if name not in code]
    lines += [f'{name}: registered, not in the file' for name in code if name not in written]
    for name in sorted(set(code) & set(written)):
        for key in ('registry', 'arguments'):
            if code[name][key] != written[name][key]:
                lines.append(f'{name}: {key} in the file {written[name][key]}, in the code {code[name][key]}')
    return lines


def main() -> int:
    """Compare or write; return 1 where the file and the code differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--write', action='store_true', help='renew the file in place of comparing')
    parser.add_argument('--file', type=Path, default=API_FILE, metavar='JSON', help='default: tests/public_api.json')
    args = parser.parse_args()
    if ROOT not in Path(dualcenter_mmpose.__file__).parents:
        print('public_api: this is an installed copy; in the clone, call `python -m dev.public_api`', file=sys.stderr)
        return 2
    api = describe_api()
    if args.write:
        args.file.write_text(json.dumps(api, indent=2) + '\n', encoding='utf-8')
        return 0
    lines = find_differences(api, json.loads(args.file.read_text(encoding='utf-8')))
    if lines:
        print('\n'.join([*lines, REMEDY]))
    return int(bool(lines))


if __name__ == '__main__':
    sys.exit(main())
