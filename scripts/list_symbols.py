"""List the public API of the TensorFlow that this interpreter has, as JSON on stdout; for `dump_signatures.py`.

Runs under Python 3.7 with TensorFlow 1.15 too, hence no newer syntax.
"""

from __future__ import annotations

import inspect
import json
import sys
import types
import warnings

SKIPPED_MODULES = {"v1", "v2", "python", "core", "tools", "contrib", "mlir", "_api"}
SLIM_MODULES = {
    "data",
    "dataset",
    "dataset_data_provider",
    "evaluation",
    "initializers",
    "layers",
    "learning",
    "losses",
    "model_analyzer",
    "nets",
    "queues",
    "regularizers",
    "summaries",
    "tfexample_decoder",
}
# Modules of the public API that live elsewhere than the generated tree; nothing below them is public.
PLAIN_MODULES = {
    "app",
    "flags",
    "gfile",
    "logging",
    "metric_learning",
    "nest",
    "resource_loader",
    "sysconfig",
    "user_ops",
}
CONTRIB = (
    "batching",
    "cloud",
    "crf",
    "cudnn_rnn",
    "data",
    "distribute",
    "distributions",
    "eager",
    "feature_column",
    "framework",
    "grid_rnn",
    "image",
    "input_pipeline",
    "keras",
    "layers",
    "learn",
    "legacy_seq2seq",
    "lookup",
    "losses",
    "metrics",
    "mixed_precision",
    "model_pruning",
    "nn",
    "opt",
    "rnn",
    "saved_model",
    "seq2seq",
    "signal",
    "slim",
    "solvers",
    "sparsemax",
    "stateless",
    "summary",
    "testing",
    "tpu",
    "training",
    "util",
)
PRIVATE_PACKAGES = (
    "client.",
    "data.ops.",
    "framework.",
    "layers.",
    "lib.io.",
    "ops.",
    "platform.",
    "saved_model.",
    "summary.",
    "training.",
    "util.",
)
SHOWING_MODULES = {
    "nn",
    "rnn_cell",
    "dtypes",
    "math_ops",
    "array_ops",
    "nn_ops",
    "io_ops",
    "flags",
    "gfile",
    "tf_logging",
}
STANDARD = ("typing", "abc", "collections", "functools", "contextlib")
SLIM_NETS = ("resnet_v1", "resnet_v2", "vgg", "inception", "alexnet", "overfeat")
NO_MEMBERS = ("keras", "protobuf", "estimator", "_pb2", "tensorflow.contrib", "tensorflow_core.contrib")


def text_of_default(value: object) -> str:
    """The default as source text where it is a plain value or a dtype, else an ellipsis."""
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else "..."
    if isinstance(value, (tuple, list)):
        parts = [text_of_default(item) for item in value]
        if "..." in parts:
            return "..."
        body = ", ".join(parts) + ("," if isinstance(value, tuple) and len(parts) == 1 else "")
        return f"({body})" if isinstance(value, tuple) else f"[{body}]"
    if type(value).__name__ == "DType" and isinstance(getattr(value, "name", None), str):
        return "tf." + value.name  # type: ignore[attr-defined]
    return "..."


def text_of_signature(signature: inspect.Signature) -> str:
    """The parameters as they stand between the parentheses of a `def`."""
    parts = []
    keyword_only = False
    positional_only = False
    for parameter in signature.parameters.values():
        kind = parameter.kind
        if positional_only and kind is not parameter.POSITIONAL_ONLY:
            parts.append("/")
            positional_only = False
        positional_only = positional_only or kind is parameter.POSITIONAL_ONLY
        if kind is parameter.VAR_POSITIONAL:
            parts.append("*" + parameter.name)
            keyword_only = True
        elif kind is parameter.VAR_KEYWORD:
            parts.append("**" + parameter.name)
        else:
            if kind is parameter.KEYWORD_ONLY and not keyword_only:
                parts.append("*")
                keyword_only = True
            default = "" if parameter.default is parameter.empty else "=" + text_of_default(parameter.default)
            parts.append(parameter.name + default)
    if positional_only:
        parts.append("/")
    return ", ".join(parts)


def signature_of(value: object) -> str:
    """The parameters of a function, or of a constructor without `self`; `?` where Python does not know."""
    function = value
    bound = False
    if inspect.isclass(value):
        function = made_by(value)
        bound = True
        if function is object.__init__ or issubclass(value, tuple):
            function = value.__new__
            if function is object.__new__:
                return ""
    try:
        signature = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "?"
    if bound:
        parameters = list(signature.parameters.values())
        by_place = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
        if parameters and parameters[0].kind in by_place:
            parameters = parameters[1:]
        signature = signature.replace(parameters=parameters)
    return text_of_signature(signature)


def made_by(kind: type) -> object:
    """The constructor; that of the base where the class only hands everything on to it, as wrappers of cells do."""
    base = kind.__bases__[0]
    return (base if base.__name__ == kind.__name__ + "Base" else kind).__init__  # type: ignore[misc]


def kind_of(value: object) -> str:
    if isinstance(value, types.ModuleType) or type(value).__name__.endswith("LazyLoader"):
        return "module"
    if inspect.isclass(value):
        return "class"
    if callable(value) and type(value).__name__ not in ("DType", "_FlagValuesWrapper", "FlagValues"):
        return "function"
    return "constant"


def members_of(value: object) -> list[str]:
    """Public attributes of a class that TensorFlow defines, which people reach by a dotted name."""
    names = set()
    for base in value.__mro__:  # type: ignore[attr-defined]
        module = base.__module__
        if any(part in module for part in NO_MEMBERS):
            return []
        if module.startswith("tensorflow"):
            names.update(name for name in vars(base) if not name.startswith("_"))
    return sorted(names)


def public_names(module: object) -> list[str]:
    names = [name for name in dir(module) if not name.startswith("_")]
    return names + [name for name in ("__version__",) if hasattr(module, name)]


def walk(root: object, prefix: str, found: dict) -> None:
    """Collect every public name below a module: dotted name -> object."""
    for name in public_names(root):
        dotted = prefix + "." + name
        try:
            value = getattr(root, name)
        except Exception:  # a lazily loaded part that this build does not have
            continue
        if kind_of(value) != "module":
            if is_ours(value):
                found[dotted] = value
        elif name not in SKIPPED_MODULES and is_public(value, name):
            found[dotted] = value
            walk(value, dotted, found)


def walk_contrib(contrib: object, found: dict) -> None:
    """The part of `tf.contrib` that programs use: its packages, and the modules that slim shows."""
    found["tf.contrib"] = contrib
    for name in CONTRIB:
        package = getattr(contrib, name)
        found["tf.contrib." + name] = package
        for last in public_names(package):
            value = getattr(package, last)
            dotted = f"tf.contrib.{name}.{last}"
            if kind_of(value) != "module":
                if is_ours(value) and (name != "slim" or slim_shows(value)):
                    found[dotted] = value
            elif last in PLAIN_MODULES or (name == "slim" and last in SLIM_MODULES):
                found[dotted] = value
                found.update(below(value, dotted))
                if last in ("layers", "losses", "initializers", "regularizers"):
                    shown = {dotted + "." + n: getattr(value, n) for n in public_names(value)}
                    found.update({n: v for n, v in shown.items() if kind_of(v) != "module" and slim_shows(v)})
                for deeper in SLIM_NETS if last == "nets" else ():
                    found.update(below(getattr(value, deeper), dotted + "." + deeper))


def slim_shows(value: object) -> bool:
    """`tf.contrib.slim` holds whatever its modules import; people mean its layers and its own functions."""
    return ".contrib." in (getattr(value, "__module__", None) or "")


def below(module: object, prefix: str) -> dict:
    """What a module defines itself, not what it imports."""
    home = module.__name__  # type: ignore[attr-defined]
    members = {prefix + "." + n: getattr(module, n) for n in public_names(module)}
    return {n: v for n, v in members.items() if getattr(v, "__module__", None) == home}


def is_public(module: object, name: str) -> bool:
    home = getattr(module, "__name__", "") or ""
    generated = "._api." in home or ".api._v" in home or home.startswith("keras.")
    return generated or name in PLAIN_MODULES


def is_ours(value: object) -> bool:
    """Not a `__future__` feature and not something that a module merely imports from the standard library."""
    module = getattr(value, "__module__", None) or ""
    return type(value).__name__ != "_Feature" and module.split(".")[0] not in STANDARD


def listing() -> dict:
    """The API of the TensorFlow that this interpreter has."""
    warnings.simplefilter("ignore")
    import tensorflow as tf

    found: dict = {}
    first = tf.__version__.startswith("1.")
    if first:
        tf.logging.set_verbosity(tf.logging.ERROR)
    walk(tf, "tf", found)
    if first:
        found = {name: value for name, value in found.items() if not name.startswith("tf.raw_ops.")}
        import tensorflow.contrib

        walk_contrib(tensorflow.contrib, found)
    else:
        found["tf.keras"] = tf.keras
        walk(tf.keras, "tf.keras", found)
    result: dict = {"version": tf.__version__, "symbols": {}, "ids": {}, "v1": {}, "private": {}}
    for name, value in sorted(found.items()):
        kind = kind_of(value)
        row = {
            "kind": kind,
            "signature": signature_of(value) if kind in ("function", "class") else "",
            "members": [],
        }
        if kind == "class":
            row["members"] = members_of(value)
        elif kind == "constant":
            row["signature"] = text_of_default(value)
        result["symbols"][name] = row
        if kind != "constant" or type(value).__name__ == "DType":
            result["ids"][name] = id(value)
    ids = {id(value) for name, value in found.items() if name in result["ids"]}
    if first:
        result["private"], result["private_v2"] = private_aliases(ids)
    else:
        found_v1: dict = {}
        walk(tf.compat.v1, "tf", found_v1)
        result["v1"] = {name: id(value) for name, value in found_v1.items() if id(value) in ids}
        result["compat"] = {name: shown(value) for name, value in found_v1.items() if not name.startswith("tf.keras")}
    return result


def shown(value: object) -> str:
    """How one of `tf.compat.v1` is called, or what it is."""
    kind = kind_of(value)
    return signature_of(value) if kind in ("function", "class") else kind


def private_aliases(ids: set) -> tuple:
    """Names under `tensorflow.python`: of public objects (-> id), and of TF2's functions (-> TF2 name)."""
    public, second = {}, {}
    for module_name, module in sorted(sys.modules.items()):
        parts = module_name.split(".python.", 1)
        if len(parts) != 2 or parts[0] not in ("tensorflow", "tensorflow_core") or module is None:
            continue
        if not parts[1].startswith(PRIVATE_PACKAGES) or ".gen_" in parts[1]:
            continue
        for name, value in sorted(vars(module).items()):
            if name.startswith("_") or kind_of(value) == "module" or not belongs_to(value, module_name):
                continue
            dotted = f"tf.python.{parts[1]}.{name}"
            exported = (
                getattr(inspect.unwrap(value), "_tf_api_names", ()) if inspect.isfunction(value) else ()
            )
            if id(value) in ids:
                public[dotted] = id(value)
            elif exported and not exported[0].startswith("raw_ops."):
                second[dotted] = "tf." + min(exported, key=lambda n: (n.count("."), len(n), n))
    return public, second


def belongs_to(value: object, module_name: str) -> bool:
    """Whether people look for the object in that module: it is defined there or in its generated half."""
    home = getattr(value, "__module__", "") or ""
    last = module_name.rsplit(".", 1)[1]
    return home == module_name or home.rsplit(".", 1)[-1] == "gen_" + last or last in SHOWING_MODULES


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(listing()))
