"""What an ablation has found so far, as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dualcenter_mmpose.experiments.ablation.plan import Method
from dualcenter_mmpose.experiments.ablation.summary import differences, summarise, to_markdown, values_of
from dualcenter_mmpose.experiments.comparison.tables import SOURCES
from dualcenter_mmpose.utils.files import write_json, write_text

Result = tuple[Method, int, dict[str, Any]]
"""Method, seed, record or ``{'error': ...}``."""


def write_report(
    work_dir: Path, methods: Sequence[Method], results: Sequence[Result], options: Mapping[str, Any]
) -> str:
    """Write what is known so far as ``ablation.json`` and ``ablation.md``, and return the latter.

    Args:
        work_dir: folder of the ablation.
        methods: configs under names of their own; the others are compared with the first.
        results: of the runs that have ended.
        options: for the record.
    """
    done = [(method.name, seed, record) for method, seed, record in results if 'error' not in record]
    sections = ['# Ablation', 'Percent, mean ± sample standard deviation over seeds.']
    statistics: dict[str, Any] = {}
    for source, words in SOURCES.items():
        by_seed = {m.name: {s: values_of(r, source) for name, s, r in done if name == m.name} for m in methods}
        rows = {name: summarise(list(own.values())) for name, own in by_seed.items()}
        first = by_seed[methods[0].name]
        gains = {name: differences(first, own) for name, own in by_seed.items() if name != methods[0].name}
        sections.append(to_markdown(f'Numbers, {words}', rows))
        if gains:
            title = f'Above {methods[0].name}, by pairs of equal seeds, {words}'
            sections.append(to_markdown(title, gains, is_difference=True))
        statistics[source] = {kind: _to_json(own) for kind, own in (('numbers', rows), ('above_first', gains))}
    sections.append(_describe_budgets(done))
    sections += [f'{m.name}, seed {seed}, failed: {r["error"]}' for m, seed, r in results if 'error' in r]
    runs = [dict(r, name=m.name, config=str(m.path), seed=seed) for m, seed, r in results]
    recorded = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    write_json(work_dir / 'ablation.json', dict(options=recorded, statistics=statistics, runs=runs))
    text = '\n\n'.join(section for section in sections if section) + '\n'
    write_text(work_dir / 'ablation.md', text)
    return text


def _to_json(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: {number: statistic._asdict() for number, statistic in own.items()} for name, own in rows.items()}


def _describe_budgets(done: Sequence[tuple[str, int, dict[str, Any]]]) -> str:
    lines = []
    for name, seed, record in done:
        stages = ', '.join(f'{s["steps"]} steps in {s["seconds"] / 60:.1f} min' for s in record['stages'])
        lines.append(f'- {name}, seed {seed}: {stages}')
    return '\n'.join(['## Trained', '', *lines]) if lines else ''
