"""`tf.app` and `tf.flags`: wrappers around absl, which every TensorFlow 2 brings along.

TensorFlow 1.15 differs from absl in four places: flags are parsed at the first access, `run` does not mind
flags that nobody defined, `run` finds `main` by itself, and five functions take the parameter names of old.
"""

from __future__ import annotations

from collections.abc import Mapping

from tf2migrate.api.symbols import tf1_exists

# The modules of TensorFlow 1 that hold them, and the module of absl that each one is.
MODULES: Mapping[str, str] = {
    "tf.app": "app",
    "tf.app.flags": "flags",
    "tf.flags": "flags",
    "tf.python.platform.app": "app",
    "tf.python.platform.app.flags": "flags",
    "tf.python.platform.flags": "flags",
}
# Attributes of `FLAGS` that are no flags: reading them parses nothing.
METHODS = frozenset(
    {
        "append_flag_values",
        "append_flags_into_file",
        "find_module_defining_flag",
        "find_module_id_defining_flag",
        "flag_values_dict",
        "flags_by_module_dict",
        "flags_by_module_id_dict",
        "flags_into_string",
        "get_flag_value",
        "get_flags_for_module",
        "get_help",
        "get_key_flags_for_module",
        "is_gnu_getopt",
        "is_parsed",
        "key_flags_by_module_dict",
        "main_module_help",
        "mark_as_parsed",
        "module_help",
        "read_flags_from_files",
        "register_flag_by_module",
        "register_flag_by_module_id",
        "register_key_flag_for_module",
        "remove_flag_values",
        "set_default",
        "set_gnu_getopt",
        "unparse_flags",
        "validate_all_flags",
        "write_help_in_xml_format",
    }
)
RENAMED: Mapping[str, str] = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_WRAPPED = frozenset(
    f"absl.flags.DEFINE_{kind}" for kind in ("string", "boolean", "bool", "float", "integer")
)


def absl_name(name: str) -> str | None:
    """What absl calls a symbol of TensorFlow 1 (`absl.flags.FLAGS.rate`), or None where it has nothing like it."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        module = MODULES.get(".".join(parts[:length]))
        if module is None:
            continue
        rest = parts[length:]
        known = not rest or (tf1_exists(f"tf.app.flags.{rest[0]}") if module == "flags" else rest == ["run"])
        return ".".join(["absl", module, *rest]) if known else None
    return None


def is_flags(name: str) -> bool:
    """Whether a symbol of TensorFlow 1 belongs to one of these modules, whatever absl has for it."""
    return any(name == module or name.startswith(f"{module}.") for module in MODULES)


def renamed(function: str, keyword: str) -> str:
    """The name that absl has for a keyword of one of its functions."""
    return RENAMED.get(keyword, keyword) if function in _WRAPPED else keyword
