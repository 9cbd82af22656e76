"""Write `tf2migrate/api/data/*.tsv`: what the public API of TensorFlow 1.15 and of TensorFlow 2 looks like.

    python scripts/dump_signatures.py --tf1 PYTHON_WITH_TF1 --tf2 PYTHON_WITH_TF2

asks each interpreter for its listing (`list_symbols.py`), then joins the two. The output is sorted and free of
addresses and paths, so that a second run changes nothing. Without `--tf1`, the tables stand for TensorFlow 1.15, and
only what depends on TensorFlow 2 is made anew. With `--check` nothing is written, and what differs is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "tf2migrate" / "api" / "data"
LETTERS = {"function": "f", "class": "c", "constant": "k", "module": "m"}
KINDS = {letter: kind for kind, letter in LETTERS.items()}
# The fates of a TF1 symbol, each perhaps with the name that TensorFlow 2 has for it.
SAME, ALIKE, CHANGED, GONE = "=", "~", "!", "-"

Tables = dict[str, str]


@dataclass(frozen=True)
class Api:
    """One TensorFlow: what is at each canonical name, and the canonical name of every name."""

    symbols: Mapping[str, dict[str, Any]]
    canonical: Mapping[str, str]

    def names(self) -> dict[str, list[str]]:
        """All names of each object, its canonical name first."""
        found: dict[str, list[str]] = {name: [name] for name in self.symbols}
        for name, target in self.canonical.items():
            if name != target:
                found[target].append(name)
        return found


def preference(name: str) -> tuple[object, ...]:
    """Sort key among the names of one object: the first is the canonical one."""
    return (
        "contrib" in name,
        name.startswith("tf.contrib.slim"),
        name.startswith("tf.keras"),
        name.count("."),
        len(name),
        name,
    )


def group(rows: dict[str, Any]) -> Api:
    """The API of a listing, with its objects told apart by their identities."""
    by_id: dict[int, list[str]] = {}
    for name, identity in rows["ids"].items():
        by_id.setdefault(identity, []).append(name)
    canonical = {name: name for name in rows["symbols"]}
    for names in by_id.values():
        best = min(names, key=preference)
        own = rows["symbols"][best]["signature"]
        if own.startswith("tf."):  # a dtype knows its own name: `tf.float64`, not `tf.double`
            best = own
        canonical.update(dict.fromkeys(names, best))
    return Api({name: row for name, row in rows["symbols"].items() if canonical[name] == name}, canonical)


def table(header: str, lines: list[str]) -> str:
    return f"# {header}\n" + "".join(f"{line}\n" for line in sorted(set(lines)))


def alias_lines(canonical: Mapping[str, str]) -> list[str]:
    """One line per module and target: `tf.math<TAB>log=tf.log ...` keeps the file a third of the size."""
    by_module: dict[str, list[str]] = {}
    for name, target in canonical.items():
        if name != target:
            module, last = name.rsplit(".", 1)
            by_module.setdefault(module, []).append(f"{last}={target}")
    return [module + "\t" + " ".join(sorted(parts)) for module, parts in by_module.items()]


def row_line(name: str, row: dict[str, Any], *before: str) -> str:
    """The line of a symbol; modules have no more than a kind."""
    more = [] if row["kind"] == "module" else [row["signature"], " ".join(row["members"])]
    return "\t".join([name, LETTERS[row["kind"]], *before, *more]).rstrip("\t")


def fates(first: Api, second: Api, same: Mapping[str, str]) -> dict[str, str]:
    """What became of each TF1 symbol; `same` are those that TensorFlow 2 itself has as one object, and where."""
    found: dict[str, str] = {}
    for name, names in first.names().items():
        target = same.get(name)
        sign = SAME
        if target is None:
            target = next((other for other in sorted(names, key=preference) if other in second.canonical), None)
            sign = GONE
        if target is not None and sign is GONE:
            row = second.symbols[second.canonical[target]]
            alike = (row["kind"], row["signature"]) == (first.symbols[name]["kind"], first.symbols[name]["signature"])
            sign = ALIKE if alike else CHANGED
        found[name] = sign if target in (None, name) else f"{sign}{target}"
    return found


def same_objects(first: Api, second: Api, listing: dict[str, Any]) -> dict[str, str]:
    """The TF1 symbols that TensorFlow 2 offers as `tf.compat.v1.<name>` and that are one object with one of its own."""
    targets = {identity: second.canonical[name] for name, identity in listing["ids"].items()}
    found: dict[str, str] = {}
    for name, identity in listing["v1"].items():
        if name.startswith("tf.keras.") or targets[identity].startswith(("tf.keras.", "tf.initializers.")):
            continue  # tf.compat.v1 shows Keras 3 there, which is not what TF 1.15 had
        known = first.canonical.get(name)
        if known is not None and first.symbols[known]["kind"] != "module":
            found[known] = targets[identity]
    return found


def joined(first: Api, listing: dict[str, Any]) -> Tables:
    """The tables that depend on TensorFlow 2, by file."""
    second = group(listing)
    fate = fates(first, second, same_objects(first, second, listing))
    kinds = "kind (f function, c class, k constant, m module)"
    return {
        "tf1_symbols.tsv": table(
            f"symbol of TensorFlow 1.15, {kinds}, fate in TensorFlow {listing['version']} (= same object, ~ another "
            "with the same parameters, ! with others, - none; and its name there), parameters or value, members",
            [row_line(name, row, fate[name]) for name, row in first.symbols.items()],
        ),
        "tf2_symbols.tsv": table(
            f"symbol of TensorFlow {listing['version']}, {kinds}, parameters or value, members",
            [row_line(name, row) for name, row in second.symbols.items()],
        ),
        "tf2_aliases.tsv": table("module, then last name=canonical symbol", alias_lines(second.canonical)),
        "compat_v1.tsv": table(
            f"symbol of TensorFlow 1.15 that tf.compat.v1 of TensorFlow {listing['version']} has under this name with "
            "Keras 3, parameters where they are others",
            compat_lines(first, listing["compat"]),
        ),
    }


def compat_lines(first: Api, shown: Mapping[str, str]) -> list[str]:
    """The symbols that `tf.compat.v1` gives out; those that need Keras 2 raise when they are asked for."""
    lines = []
    for name, text in shown.items():
        known = first.canonical.get(name)
        if known is not None and text != "module":
            row = first.symbols[known]
            same = row["kind"] == "constant" or row["signature"] == text
            lines.append(name if same else f"{name}\t({text})")
    return lines


def private(listing: dict[str, Any], first: Api, second: Api) -> Tables:
    """The tables of other names for what TensorFlow 1.15 has, by file."""
    names = {identity: first.canonical[name] for name, identity in listing["ids"].items()}
    inner = {name: names[identity] for name, identity in listing["private"].items()}
    later = {name: target for name, target in listing["private_v2"].items() if target in second.canonical}
    return {
        "tf1_aliases.tsv": table("module, then last name=canonical symbol", alias_lines({**inner, **first.canonical})),
        "tf1_private.tsv": table(
            "module below tf.python, then last name=TF2 symbol: TF 1.15 already had TF2's function there",
            alias_lines(later),
        ),
    }


def from_tables() -> Api:
    """TensorFlow 1.15 as the tables have it."""
    symbols: dict[str, dict[str, Any]] = {}
    for line in (DATA / "tf1_symbols.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, letter, _fate, signature, members, *_ = [*line.split("\t"), "", ""]
        symbols[name] = {"kind": KINDS[letter], "signature": signature, "members": members.split()}
    canonical = {name: name for name in symbols}
    for line in (DATA / "tf1_aliases.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        module, _, parts = line.partition("\t")
        if ".python" not in module:
            pairs = (part.split("=") for part in parts.split())
            canonical.update({f"{module}.{last}": target for last, target in pairs})
    return Api(symbols, canonical)


def listing_of(python: str) -> dict[str, Any]:
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    script = str(Path(__file__).with_name("list_symbols.py"))
    done = subprocess.run(
        [python, "-W", "ignore", script], check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    listing: dict[str, Any] = json.loads(done.stdout.decode().rpartition("\n")[2])
    return listing


def tables(tf1: str | None, tf2: str) -> Tables:
    """The texts of all tables that can be made with these interpreters, by file."""
    second = listing_of(tf2)
    if tf1 is None:
        return joined(from_tables(), second)
    first = listing_of(tf1)
    return joined(group(first), second) | private(first, group(first), group(second))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tf1", help="a Python with TensorFlow 1.15")
    parser.add_argument("--tf2", default=sys.executable, help="a Python with TensorFlow 2 (default: this one)")
    parser.add_argument("--check", action="store_true", help="write nothing; say which lines would change")
    options = parser.parse_args()
    differing = 0
    for name, text in tables(options.tf1, options.tf2).items():
        path = DATA / name
        if options.check:
            changed = set(path.read_text(encoding="utf-8").splitlines()) ^ set(text.splitlines())
            differing += len(changed)
            for line in sorted(changed):
                print(f"{name}: {line[:200]}")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
