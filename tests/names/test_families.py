"""Which classes inherit from which, by their names."""

from __future__ import annotations

import libcst as cst

from tf2migrate.names.families import Families

FAMILIES = Families(
    [
        cst.parse_module("class Base(object): pass\nclass Left(Base): pass\nclass Right(lib.Base): pass\n"),
        cst.parse_module("class Both(Left, Right): pass\nclass Alone: pass\nclass Above(Missing): pass\n"),
    ]
)


def test_bases_of_other_files_count() -> None:
    assert FAMILIES.inherits("Both", "Base")
    assert FAMILIES.inherits("Right", "Base")
    assert FAMILIES.inherits("Above", "Missing")


def test_a_class_is_not_its_own_heir() -> None:
    assert not FAMILIES.inherits("Base", "Base")
    assert not FAMILIES.inherits("Base", "Left")


def test_objects_of_two_classes() -> None:
    assert FAMILIES.meet("Left", "Right")
    assert FAMILIES.meet("Both", "Base")
    assert not FAMILIES.meet("Left", "Alone")
