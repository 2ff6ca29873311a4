"""What a model costs, as text and for a JSON file, with the rule of counting and the check."""

from __future__ import annotations

from typing import Any

from dualcenter_mmpose.experiments.profiling.counting import OUTSIDE, Complexity

RULE = """\
Rule (that of DEKR): multiply-adds, counted once, of convolutions and linear layers alone; biases, normalisation,
activations, resizing and the reading of maps at points (grid_sample) are left out. The adaptive convolution is
the 3x3 convolution that it bends. Parameters: all of them."""


def format_report(complexity: Complexity) -> str:
    """Return the counts, the rule and the check as text."""
    total = complexity.total
    rows = [(p.name, f'{p.parameters:,}', f'{p.multiply_adds / 1e9:.3f} G') for p in (*complexity.parts, total)]
    lines = [f'{name:<22}{count:>14}{cost:>14}' for name, count, cost in (('', 'parameters', 'multiply-adds'), *rows)]
    lines.append(f'{"":<22}{total.parameters / 1e6:>12.1f} M{total.multiply_adds / 1e9:>12.1f} G')
    lines += [f'not in the total: {p.name}, {p.parameters:,} parameters, {OUTSIDE[p.name]}' for p in complexity.outside]
    layers, others = complexity.layer_operations, complexity.other_operations
    lines += [
        '',
        RULE,
        '',
        f'Check: torch.utils.flop_counter finds {(layers + others) / 1e9:.3f} G operations, two per multiply-add: '
        f'{(layers + others) / 2e9:.3f} G multiply-adds,',
        f'{(layers + others - 2 * total.multiply_adds) / 2e9:.3f} G more than the rule. {others / 2e9:.3f} G are '
        'products without weights (positions of bent taps, cosines',
        'of embeddings), which the rule leaves out. In the layers '
        + ('both agree exactly.' if complexity.agrees else f'THE TWO DISAGREE: {layers / 2e9:.6f} G by the counter.'),
    ]
    return '\n'.join(lines)


def to_record(complexity: Complexity) -> dict[str, Any]:
    """Return the counts for a JSON file."""
    return dict(
        parts=[part._asdict() for part in complexity.parts],
        total=complexity.total._asdict(),
        outside=[part._asdict() for part in complexity.outside],
        rule=RULE,
        flop_counter=dict(
            layer_operations=complexity.layer_operations,
            other_operations=complexity.other_operations,
            agrees=complexity.agrees,
        ),
    )
