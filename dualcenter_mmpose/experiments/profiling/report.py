"""What a model costs, as text and for a JSON file, with the rule of counting."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from dualcenter_mmpose.experiments.profiling.counting import OUTSIDE, Complexity

RULE = """\
Rule (that of DEKR): multiply-adds, counted once, of convolutions and linear layers alone; biases, normalisation,
activations, resizing and the reading of maps at points (grid_sample) are left out. The adaptive convolution is
the 3x3 convolution that it bends. Parameters: all of them."""


def format_report(complexity: Complexity) -> str:
    """Return the counts and the rule as text."""
    total = complexity.total
    rows = [(p.name, f'{p.parameters:,}', f'{p.multiply_adds / 1e9:.3f} G') for p in (*complexity.parts, total)]
    rows.append(('', f'{total.parameters / 1e6:.1f} M', f'{total.multiply_adds / 1e9:.1f} G'))
    aligned = ('left', 'right', 'right')
    lines = [
        tabulate(rows, ('', 'parameters', 'multiply-adds'), tablefmt='plain', colalign=aligned, disable_numparse=True)
    ]
    lines += [f'not in the total: {p.name}, {p.parameters:,} parameters, {OUTSIDE[p.name]}' for p in complexity.outside]
    layers, others = complexity.layer_operations, complexity.other_operations
    lines += [
        '',
        RULE,
        '',
        f'Counted by torch.utils.flop_counter: {(layers + others) / 1e9:.3f} G operations, two per multiply-add: '
        f'{(layers + others) / 2e9:.3f} G multiply-adds.',
        f'Of these {others / 2e9:.3f} G are products without weights (positions of bent taps, cosines of embeddings), '
        'which the rule leaves out.',
    ]
    return '\n'.join(lines)


def to_record(complexity: Complexity) -> dict[str, Any]:
    """Return the counts for a JSON file."""
    return dict(
        parts=[part._asdict() for part in complexity.parts],
        total=complexity.total._asdict(),
        outside=[part._asdict() for part in complexity.outside],
        rule=RULE,
        flop_counter=dict(layer_operations=complexity.layer_operations, other_operations=complexity.other_operations),
    )
