"""What keeps a file from running under a Python and packages of today, whatever becomes of TensorFlow's symbols."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tf2migrate.compat.naming import Naming, bound_by, times_bound
from tf2migrate.names.project import Module, dotted_name
from tf2migrate.names.tensorflow import canonical_import
from tf2migrate.names.tree import children, labels, walk
from tf2migrate.plan.refusal import Refusal

# Modules that no Python has which TensorFlow 2.21 runs under, and functions that SciPy took out.
_GONE = frozenset(
    {
        "cPickle", "cStringIO", "StringIO", "urllib2", "urlparse", "ConfigParser", "Queue", "HTMLParser",
        "Tkinter", "__builtin__", "commands", "httplib", "cookielib", "itertools.izip", "scipy.misc.imread",
        "scipy.misc.imresize", "scipy.misc.imsave", "scipy.misc.toimage", "scipy.misc.imrotate",
        "scipy.misc.face", "scipy.misc.ascent", "scipy.misc.logsumexp", "sklearn.cross_validation",
        "sklearn.externals", "sklearn.grid_search",
    }
)
# Packages that are written for TensorFlow 1, or for Keras beside a session of it.
_BUILT_ON_IT = frozenset(
    {
        "keras", "keras_contrib", "tf_keras", "tflearn", "tensorlayer", "sonnet", "edward", "prettytensor",
        "tensorpack", "tensorflow_probability", "tensorflow_hub", "tensorflow_addons", "tensor2tensor",
        "gpflow", "baselines", "stable_baselines", "horovod", "trfl", "dopamine",
    }
)
_PYTHON2 = frozenset({"xrange", "unicode", "raw_input", "basestring", "long", "unichr", "reduce", "execfile", "cmp"})
# What tells which Python runs a program.
_PYTHONS = frozenset({"sys.version_info", "sys.version", "six.PY2", "six.PY3"})
# Exceptions by which a program finds out that something is not there.
_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "NameError", "Exception"})
_PYTHON2_METHODS = frozenset({"iteritems", "itervalues", "iterkeys", "has_key"})


def obstacles(module: Module, names: Naming) -> Iterator[Refusal]:
    """Every reason in a file why its program would fail, or not be known to run."""

    def told(node: cst.CSTNode, reason: str, advice: str = "") -> Refusal:
        return Refusal("TFM101", module.key, node, reason, advice)

    for name in sorted(names.unclear):
        yield told(module.tree, f"`{name}` stands for a part of TensorFlow and for something else", "Use two names")
    modules = _modules(module.tree)
    own = times_bound(module.tree)
    excused = {id(inner) for node in walk(module.tree) if _has_another_way(node, modules) for inner in walk(node)}
    words = {id(label) for node in walk(module.tree) for label in children(node) if id(label) in labels(node)}
    for node in walk(module.tree):
        match node:
            case cst.ImportFrom(module=source, names=cst.ImportStar(), relative=[]) if source is not None:
                if canonical_import(dotted_name(source)) is not None:
                    yield told(node, "everything is imported from a part of TensorFlow", "Import what is used")
            case cst.AssignTarget(target=cst.Attribute() as target) | cst.Del(target=cst.Attribute() as target):
                if names.aliases.canonical(target) is not None:
                    yield told(node, "something is put under a name of TensorFlow")
            case cst.Attribute(attr=cst.Name(value=name)) if name in _PYTHON2_METHODS:
                yield told(node, f"`{name}` is a method of Python 2")
            case cst.Attribute() if (full := _through_a_module(node, modules)) in _GONE:
                yield told(node, f"`{full}` does not exist any more")
            case cst.Name(value=name) if name in _PYTHON2 and name not in own and id(node) not in words | excused:
                yield told(node, f"`{name}` is a name of Python 2")
            case cst.Import() | cst.ImportFrom() if id(node) not in excused:
                for dotted in _imported(node):
                    package = dotted.partition(".")[0]
                    if dotted in _GONE or package in _GONE:
                        yield told(node, f"`{dotted}` does not exist any more")
                    elif package in _BUILT_ON_IT:
                        yield told(node, f"`{package}` is a package that works with TensorFlow 1, or beside it")


def _has_another_way(node: cst.CSTNode, modules: dict[str, str]) -> bool:
    """Whether a block is one of several ways that a program may go, for instance where an import fails."""
    match node:
        case cst.Try(handlers=handlers):
            kinds = [_words(handler.type) for handler in handlers]
            return any(not kind or kind & _MISSING for kind in kinds)
        case cst.If(test=test):
            parts = (each for each in walk(test) if isinstance(each, cst.Attribute | cst.Name))
            return any(_through_a_module(part, modules) in _PYTHONS for part in parts)
    return False


def _words(node: cst.BaseExpression | None) -> set[str]:
    return {each.value for each in walk(node) if isinstance(each, cst.Name)} if node is not None else set()


def _imported(node: cst.Import | cst.ImportFrom) -> Iterator[str]:
    """The dotted names that an import names, each once."""
    match node:
        case cst.Import(names=names):
            yield from (dotted_name(alias.name) for alias in names)
        case cst.ImportFrom(module=source, names=cst.ImportStar(), relative=[]) if source is not None:
            yield dotted_name(source)
        case cst.ImportFrom(module=source, names=names, relative=[]) if source is not None:
            assert not isinstance(names, cst.ImportStar)
            yield from (f"{dotted_name(source)}.{dotted_name(alias.name)}" for alias in names)


def _modules(tree: cst.Module) -> dict[str, str]:
    """What the names that imports bind stand for."""
    found: dict[str, str] = {}
    for node in walk(tree):
        if isinstance(node, cst.Import):
            for alias in node.names:
                name = bound_by(alias)
                found[name] = dotted_name(alias.name) if alias.asname is not None else name
        elif isinstance(node, cst.ImportFrom) and node.module is not None and not node.relative:
            for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
                found[bound_by(alias)] = f"{dotted_name(node.module)}.{dotted_name(alias.name)}"
    return found


def _through_a_module(node: cst.Attribute | cst.Name, modules: dict[str, str]) -> str:
    root, _, rest = dotted_name(node).partition(".")
    return f"{modules.get(root, '')}.{rest}".strip(".") if root in modules else ""
