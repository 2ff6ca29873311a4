from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from dualcenter_mmpose.coco.file_checks import (
    AnnotationError,
    find_duplicates,
    number_rows,
    read_json,
    refuse,
)
from dualcenter_mmpose.utils.files import write_json


class TestReadJson:
    """Content or a refusal."""

    def test_good_file(self, tmp_path: Path) -> None:
        """The content comes back."""
        path = tmp_path / 'a.json'
        path.write_text('{"a": [1, 2]}')
        assert read_json(path) == {'a': [1, 2]}

    @pytest.mark.parametrize(
        ('content', 'message'),
        [
            (b'', r"result file '.*a\.json' \(0 bytes\) is truncated or not JSON"),
            (b'{"a": [1, 2', r'\(11 bytes\) is truncated or not JSON'),
            (b'\xff\xd8\xff\xe0JFIF', 'truncated or not JSON'),
        ],
    )
    def test_bad_content(self, tmp_path: Path, content: bytes, message: str) -> None:
        """Empty, truncated, a picture: file and size are named."""
        path = tmp_path / 'a.json'
        path.write_bytes(content)
        with pytest.raises(AnnotationError, match=message):
            read_json(path, 'result file')

    def test_no_file(self, tmp_path: Path) -> None:
        """Missing file and folder are told apart."""
        with pytest.raises(AnnotationError, match=r"annotation file '.*none' does not exist"):
            read_json(tmp_path / 'none')
        with pytest.raises(AnnotationError, match='is a folder'):
            read_json(tmp_path)


class TestWriteJson:
    """The whole file or nothing."""

    def test_replaces_and_makes_folders(self, tmp_path: Path) -> None:
        """The last content stands, alone in its folder."""
        path = tmp_path / 'b' / 'a.json'
        for value in (1, 2):
            write_json(path, {'a': value})
        assert json.loads(path.read_text()) == {'a': 2}
        assert os.listdir(path.parent) == ['a.json']

    @pytest.mark.parametrize('content', [{'a': float('nan')}, {'a': object()}])
    def test_nothing_half_written(self, tmp_path: Path, content: dict) -> None:
        """If the content cannot be written, the old file stays and nothing else appears."""
        path = tmp_path / 'a.json'
        path.write_text('old')
        with pytest.raises((ValueError, TypeError)):
            write_json(path, content)
        assert path.read_text() == 'old'
        assert os.listdir(tmp_path) == ['a.json']


class TestRefuse:
    """The form of a refusal."""

    def test_nothing_to_refuse(self) -> None:
        """No offender, no error."""
        refuse('a.json', 'bad', [], 'Repair.')

    def test_first_few_and_total(self) -> None:
        """Five entries are quoted, the rest counted."""
        with pytest.raises(AnnotationError) as caught:
            refuse('a.json', 'bad boxes', [f'id {i}' for i in range(7)], 'Repair.')
        assert str(caught.value) == (
            'a.json: bad boxes (7 in total): id 0; id 1; id 2; id 3; id 4; and 2 more. Repair.'
        )


class TestFindDuplicates:
    """Values that occur again."""

    @pytest.mark.parametrize(('values', 'expected'), [([], []), ([1, 2], []), ([2, 1, 2, 1, 2], [2, 1])])
    def test_values(self, values: list, expected: object) -> None:
        """Each once, by second occurrence."""
        assert find_duplicates(values) == expected


class TestNumberRows:
    """Rows of numbers and other rows."""

    def test_no_row(self) -> None:
        """The number of columns is kept."""
        values, is_row = number_rows([], 4)
        assert values.shape == (0, 4)
        assert is_row.shape == (0,)

    def test_nan_counts_as_a_number(self) -> None:
        """Finite or not is another question."""
        values, is_row = number_rows([[1, float('nan')], [2.5, 3]], 2)
        np.testing.assert_array_equal(values, [[1, np.nan], [2.5, 3]])
        assert is_row.all()

    @pytest.mark.parametrize('bad', [[1], ['1', '2'], None, 5, [1, None], [1, '2'], 'ab'])
    def test_rows_of_another_form(self, bad: object) -> None:
        """They are marked, and the good ones beside them read."""
        values, is_row = number_rows([[1, 2], bad], 2)
        assert is_row.tolist() == [True, False]
        np.testing.assert_array_equal(values, [[1, 2], [np.nan, np.nan]])

    def test_texts_throughout_are_no_numbers(self) -> None:
        """An array would turn a table of texts into numbers."""
        assert not number_rows([['1', '2'], ['3', '4']], 2)[1].any()
