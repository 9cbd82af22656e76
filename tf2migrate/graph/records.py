"""The abstract interpreter: named tuples, data classes and ordered dicts, which hold graph values by name."""

from __future__ import annotations

from typing import cast

import libcst as cst

from tf2migrate.graph.arguments import Arguments
from tf2migrate.graph.calls import Calls
from tf2migrate.graph.frames import Frame
from tf2migrate.graph.values import (
    Bound,
    Class,
    Const,
    Foreign,
    Function,
    Instance,
    Mapping,
    Record,
    Sequence,
    Unknown,
    Value,
    nodes_in,
    unknown_in,
)
from tf2migrate.names.project import dotted_name

FACTORY = "collections.namedtuple"
ORDERED = "collections.OrderedDict"
BASE = "typing.NamedTuple"
DECORATOR = "dataclasses.dataclass"


class Records(Calls):
    """Classes whose objects are their fields: ``collections.namedtuple``, ``typing.NamedTuple``, data classes."""

    def foreign(self, name: str, args: Arguments, node: cst.Call) -> Value:
        if name == FACTORY:
            return _declared(args) or super().foreign(name, args, node)
        if name == ORDERED and all(unknown_in(value) is None for value in args.all()):
            return self.ordered(args, node)
        return super().foreign(name, args, node)

    def ordered(self, args: Arguments, node: cst.Call) -> Value:
        """A dict of the library, which has the form of its own where a run gives one."""
        made = self.make_dict(args)
        if isinstance(made, Mapping):
            made.kind = ORDERED
            made.displays = made.displays or [node] if not args.all() else made.displays
        return made

    def apply(self, callee: Value, args: Arguments, node: cst.Call, frame: Frame) -> Value:
        if isinstance(callee, Record):
            return self.filled(callee, args) or self.foreign(callee.name, args, node)
        return super().apply(callee, args, node, frame)

    def construct(self, cls: Class, args: Arguments, node: cst.Call) -> Value:
        if any(cls.lookup(name) is not None for name in ("__init__", "__new__", "__post_init__")):
            return super().construct(cls, args, node)
        record = record_of(cls)
        if record is not None:
            made = self.filled(record, args)
            if made is not None:
                made.record = cls
                return made
            if any(True for value in args.all() for _ in nodes_in(value)):
                return Unknown(f"how `{record.name}` is filled here is not followed", self.place())
        fields = self.data_fields(cls)
        if fields is not None:
            made = self.filled(fields, args)
            if made is not None:
                instance = Instance(cls, dict(zip(made.fields, made.items, strict=True)))
                self.instances.append(instance)
                return instance
        return super().construct(cls, args, node)

    def filled(self, record: Record, args: Arguments) -> Sequence | None:
        """One named tuple; None where an argument is hidden, missing or too many."""
        given = dict(zip(record.fields, args.positional, strict=False))
        twice = given.keys() & args.keywords.keys()
        values = {**record.defaults, **given, **args.keywords}
        if not args.exact or twice or len(args.positional) > len(record.fields) or values.keys() != set(record.fields):
            return None
        return Sequence([values[name] for name in record.fields], "tuple", True, record.fields, record)

    def data_fields(self, cls: Class) -> Record | None:
        """The fields of a data class that is made of nothing but them."""
        decorators = [d.decorator for d in cls.definition.decorators]
        named = [d.func if isinstance(d, cst.Call) else d for d in decorators]
        if len(named) != 1 or cls.bases or not dotted_name(named[0]):
            return None
        made = self.evaluate(named[0], cls.frame)
        return _annotated(cls) if isinstance(made, Foreign) and made.name == DECORATOR else None

    def attribute(self, base: Value, name: str, node: cst.Attribute) -> Value:
        if isinstance(base, Sequence) and name in base.fields:
            return base.items[base.fields.index(name)]
        if isinstance(base, Sequence) and isinstance(base.record, Class):
            member = base.record.lookup(name)
            if isinstance(member, Function):
                return Bound(base, member, name)
            if member is not None:
                return Unknown(f"`{name}` of a named tuple is not followed", self.place())
        return super().attribute(base, name, node)

    def list_method(self, target: Sequence, name: str, args: Arguments, node: cst.Call) -> Value:
        if target.record is None:
            return super().list_method(target, name, args, node)
        match name:
            case "_replace" if not args.positional and args.exact and args.keywords.keys() <= set(target.fields):
                pairs = zip(target.fields, target.items, strict=True)
                items = [args.keywords.get(field, item) for field, item in pairs]
                return Sequence(items, "tuple", True, target.fields, target.record)
            case "_asdict":
                return Mapping(cast(dict[object, Value], dict(zip(target.fields, target.items, strict=True))))
        if name.startswith("_") and any(True for _ in nodes_in(target)):
            return Unknown(f"`{name}` of a named tuple is not followed", self.place())
        return super().list_method(target, name, args, node)


def record_of(cls: Class) -> Record | None:
    """The named tuple that a class is, or is derived from."""
    for base in cls.bases:
        if isinstance(base, Record):
            return base
        if isinstance(base, Foreign) and base.name == BASE:
            return _annotated(cls)
        if isinstance(base, Class) and (found := record_of(base)) is not None:
            return found
    return None


def _annotated(cls: Class) -> Record | None:
    """The fields that the body of a class annotates, in their order; only plain values as defaults."""
    fields: list[str] = []
    defaults: dict[str, Value] = {}
    for statement in cls.definition.body.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            match small:
                case cst.AnnAssign(target=cst.Name(value=name), value=given):
                    fields.append(name)
                    known = cls.members.get(name)
                    if given is not None and not isinstance(known, Const):
                        return None
                    if known is not None:
                        defaults[name] = known
    return Record(cls.definition.name.value, tuple(fields), defaults)


def _declared(args: Arguments) -> Record | None:
    """What ``collections.namedtuple(title, fields, defaults=...)`` declares; None where it is not known."""
    title, given = args.get(0, "typename"), args.get(1, "field_names")
    names: list[object] | None = None
    match given:
        case Const(value=str() as text):
            names = list(text.replace(",", " ").split())
        case Sequence(items=items, exact=True) if all(isinstance(item, Const) for item in items):
            names = [cast(Const, item).value for item in items]
    if names is None or not isinstance(title, Const) or not args.exact or len(args.positional) > 2:
        return None
    fields = tuple(str(name) for name in names)
    told = args.keywords.get("defaults")
    defaults = told.items if isinstance(told, Sequence) and told.exact else []
    known = {"typename", "field_names", *(("defaults",) if isinstance(told, Sequence) and told.exact else ())}
    if not args.keywords.keys() <= known or len(defaults) > len(fields):
        return None
    return Record(str(title.value), fields, dict(zip(fields[len(fields) - len(defaults) :], defaults, strict=True)))
