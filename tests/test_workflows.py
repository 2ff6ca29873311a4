"""What the workflows of GitHub call exists, and the forms are such as GitHub reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / '.github' / 'workflows').glob('*.yml'))
FORMS = sorted((ROOT / '.github' / 'ISSUE_TEMPLATE').glob('*_*.yml'))


def load(path):
    return yaml.safe_load(path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.stem)
def test_calls_what_exists(path):
    """Targets of the Makefile, folders of our own actions, files that a step names."""
    steps = [step for job in load(path)['jobs'].values() for step in job['steps']]
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.MULTILINE))
    scripts = '\n'.join(step.get('run', '') for step in steps)
    called = set(re.findall(r'\bmake ([a-z-]+)', scripts))
    assert called
    assert called <= targets
    own = [step['uses'] for step in steps if step.get('uses', '').startswith('./')]
    assert own
    assert all((ROOT / name / 'action.yml').is_file() for name in own)
    assert all((ROOT / name).is_file() for name in re.findall(r'\btests/\S+\.py', scripts))


@pytest.mark.parametrize('path', FORMS, ids=lambda path: path.stem)
def test_form(path):
    """A name, a description, and fields of distinct names, at least one of which must be filled."""
    form = load(path)
    assert form['name']
    assert form['description']
    fields = [field for field in form['body'] if field['type'] != 'markdown']
    assert len({field['id'] for field in fields}) == len(fields)
    assert any(field.get('validations', {}).get('required') for field in fields)


def test_bug_report_asks_for_the_environment():
    """By a command that can be copied."""
    form = load(ROOT / '.github' / 'ISSUE_TEMPLATE' / 'bug_report.yml')
    (field,) = [field for field in form['body'] if field['id'] == 'environment']
    assert 'collect_env' in field['attributes']['description']
    assert field['validations']['required']
