"""What stands around the people of a random scene: crowds, furniture, trees, cars and other distractors.

Legend: places are world points in metres (see `camera`).
"""

from __future__ import annotations

import numpy as np

from .appearance import sample_color
from .camera import Camera
from .scene import Crowd, Person, Thing
from .skeleton import POINT, Array


def sample_crowd(rng: np.random.Generator, camera: Camera, width: int, persons: tuple[Person, ...]) -> Crowd:
    """Return a region of many small people behind everybody else."""
    far = max([person.distance for person in persons], default=8.0) * 1.2
    tall = float(np.clip(camera.focal * 1.7 / far, 12, 44))
    distance = camera.focal * 1.7 / tall
    base = camera.horizon + camera.height * camera.focal / distance
    columns = np.sort(rng.uniform(0, width, 2))
    columns[1] = max(columns[1], columns[0] + 5 * tall)
    depth = tall * rng.uniform(0.5, 1.6)
    return Crowd(np.array([columns[0], base - depth, columns[1], base]), tall, distance)


OUTDOOR_THINGS = ('box', 'bench', 'car', 'post', 'tree', 'bush', 'bin', 'cone', 'dog', 'horse', 'fence', 'ball', 'sign')
INDOOR_THINGS = ('box', 'table', 'bench', 'cupboard', 'bin', 'ball', 'plant', 'lamp', 'board', 'dog')
_TALL_THINGS = ('tree', 'sign', 'board', 'cupboard', 'car', 'horse')  # would hide everybody behind them
# Width, height and depth in metres; each thing varies by a quarter around them.
_THING_SIZES = {
    'box': (0.6, 0.5, 0.6), 'bench': (1.6, 0.45, 0.5), 'car': (4.2, 1.45, 1.8), 'post': (0.16, 3.2, 0.16),
    'tree': (2.4, 4.5, 2.4), 'bush': (1.2, 0.8, 0.9), 'bin': (0.5, 0.95, 0.5), 'cone': (0.35, 0.6, 0.35),
    'dog': (0.9, 0.6, 0.28), 'horse': (2.2, 1.6, 0.6), 'fence': (4.5, 1.0, 0.06), 'ball': (0.3, 0.3, 0.3),
    'sign': (0.7, 2.2, 0.06), 'table': (1.4, 0.75, 0.8), 'cupboard': (1.0, 1.9, 0.5), 'plant': (0.7, 1.3, 0.7),
    'lamp': (0.4, 1.7, 0.4), 'board': (1.1, 1.5, 0.06), 'seat': (0.55, 0.45, 0.48),
}  # fmt: skip


def make_thing(rng: np.random.Generator, camera: Camera, kind: str, position: Array, yaw: float) -> Thing:
    """Return a thing of a kind at a place, with random size and colour."""
    size = np.array(_THING_SIZES[kind]) * rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, 3)
    distance = float(camera.to_camera(position + np.array([0, size[1] / 2, 0]))[2])
    color = sample_color(rng, 0.45)
    if kind in ('tree', 'bush', 'plant'):
        color = np.array([40.0, 95.0, 60.0]) * rng.uniform(0.5, 1.3, 3)
    elif kind in ('dog', 'horse'):
        color = np.array([30.0, 42.0, 62.0]) * rng.uniform(0.6, 3.2)
    return Thing(kind, position, yaw, size, distance, color)


def sample_things(
    rng: np.random.Generator, camera: Camera, width: int, persons: tuple[Person, ...]
) -> tuple[Thing, ...]:
    """Return seats under the seated, things that stand about, and some that hide a person in part."""
    kinds = OUTDOOR_THINGS if rng.random() < 0.6 else INDOOR_THINGS
    things = [_seat_of(rng, camera, person) for person in persons if person.support == 'seat']
    near = min([person.distance for person in persons], default=4.0)
    far = max([person.distance for person in persons], default=12.0)
    for _ in range(int(rng.integers(2, 7))):
        distance = float(np.exp(rng.uniform(np.log(0.75 * near + 0.5), np.log(far * 2.0))))
        position = camera.ground_position(rng.uniform(0, width), distance)
        fitting = [kind for kind in kinds if distance > near or kind not in _TALL_THINGS]
        things.append(make_thing(rng, camera, str(rng.choice(fitting)), position, rng.uniform(-180, 180)))
    for person in persons:
        if rng.random() < 0.10:
            things.append(_occluder_of(rng, camera, person, kinds))
    return tuple(thing for thing in things if thing.distance > 0.6)


def _seat_of(rng: np.random.Generator, camera: Camera, person: Person) -> Thing:
    """Return a seat below a person's pelvis, drawn before them, or after them where their back faces the camera."""
    assert person.world is not None
    pelvis = person.world[POINT['pelvis']]
    facing = person.world[POINT['pelvis_front']] - pelvis
    yaw = float(np.degrees(np.arctan2(facing[0], facing[2])))
    size = np.array(_THING_SIZES['seat']) * (rng.choice([1.0, 3.0]), 1.0, 1.0)
    size[1] = max(0.1, pelvis[1] - 0.075 * person.physique.stature)
    position = np.array([pelvis[0], 0.0, pelvis[2]]) - 0.06 * facing / np.linalg.norm(facing)
    shift = -0.02 if facing[2] < -0.35 * np.linalg.norm(facing) else 0.02
    return Thing('seat', position, yaw, size, person.distance + shift, sample_color(rng, 0.3))


def _occluder_of(rng: np.random.Generator, camera: Camera, person: Person, kinds: tuple[str, ...]) -> Thing:
    """Return something low or narrow between the camera and a person."""
    assert person.world is not None
    choices = [kind for kind in kinds if kind not in (*_TALL_THINGS, 'ball', 'cone')]
    kind = str(rng.choice(choices))
    base = person.world[POINT['pelvis']] * (1.0, 0.0, 1.0)
    place = base * rng.uniform(0.72, 0.9) + np.array([rng.normal(0, 0.35), 0.0, 0.0])
    thing = make_thing(rng, camera, kind, place, rng.choice([0.0, 180.0]) + rng.normal(0, 25))
    return thing._replace(distance=min(thing.distance, person.distance - 0.05))
