"""Random programs of several files: the entry, and modules of networks, classes, data, settings and training."""

from __future__ import annotations

from random import Random

from tests.generate import networks, parts, programs, sessions, training
from tests.generate.writer import ENTRY, Module, Settings, Tensor, Train, Writer

LAYOUTS = {
    "functions": 4.0,
    "class": 4.0,
    "hierarchy": 1.0,
    "builder": 2.0,
    "at import": 2.0,
    "phases": 1.5,
}
Graph = tuple[list[Tensor], list[Train]]


def random_project(seed: int) -> dict[str, str]:
    """The texts of the files of a program that runs by itself under TensorFlow 1; its entry is ``program.py``."""
    return _Project(Writer(Random(seed))).files()


class _Project:
    """One project, and where its parts stand."""

    def __init__(self, w: Writer) -> None:
        self.w = w
        self.package = w.one_of(("", "", "", "lib/", "nets/"))
        self.model = self._module("model", "network", "nets", "inference")
        self.trainer = self.model if w.chance(0.3) else self._module("train", "trainer", "loop", "utils")
        self.layout = w.random.choices(list(LAYOUTS), list(LAYOUTS.values()))[0]
        self.has_trainer = self.layout not in ("functions", "phases") and w.chance(0.4)
        self.keeps_session = self.layout == "class" and w.chance(0.3)
        self.has_methods = self.keeps_session or (self.layout == "class" and w.chance(0.3))

    def files(self) -> dict[str, str]:
        w = self.w
        if w.chance(0.6):
            form = w.one_of(("constants", "constants", "class", "flags", "object"))
            w.settings = Settings(self._module("config", "settings", "params", package=""), form)
        self._data()
        if w.chance(0.35):
            with w.file(self._module("layers", "ops", "blocks")) if w.chance(0.7) else w.file(self.model):
                networks.define_helper(w)
                self._settle(w.helpers[0])
        {
            "functions": self._functions,
            "class": self._class,
            "hierarchy": self._hierarchy,
            "builder": self._builder,
            "at import": self._at_import,
            "phases": self._phases,
        }[self.layout]()
        if w.settings:
            parts.write_settings(w, w.settings)
        return w.all_files()

    # -------------------------------------------------------------- names
    def _module(self, *names: str, package: str | None = None) -> Module:
        name = self.w.one_of([n for n in names if not any(n == Module(p).dotted for p in self.w.files)] or names)
        module = Module(f"{self.package if package is None else package}{name}.py")
        self.w.files.setdefault(module.path, [])
        return module

    def _settle(self, *names: str) -> None:
        """These names belong to the file that is written now."""
        if self.w.path != ENTRY:
            self.w.homes |= dict.fromkeys(names, Module(self.w.path))

    # -------------------------------------------------------------- parts of every project
    def _data(self) -> None:
        """Arrays of the entry, or of a module that makes them at once or by a function."""
        w = self.w
        elsewhere = self.has_trainer or self.has_methods  # data of the entry is not seen there
        form = "names" if elsewhere else w.one_of(("entry", "names", "names", "function"))
        if form == "entry":
            programs.write_data(w)
            return
        module = self._module("data", "input_data", "reader", package="")
        names = ("x_data", "y_data", "c_data")
        if form == "names":
            with w.file(module):
                programs.write_data(w)
                self._settle(*names)
            return
        load = w.fresh("load", "read_data", "get_batches")
        with w.file(module):
            with w.block(f"def {load}():"):
                programs.write_data(w)
                w.line(f"return {', '.join(names)}")
            self._settle(load)
        w.line(f"{', '.join(names)} = {w.reach(load)}()")

    def _run(self, graph: Graph, held: str, made: str) -> None:
        """The half that runs: in the entry, or in a function or class of another file."""
        w = self.w
        w.line()
        if not self.has_trainer:
            if held:
                w.line(f"{held} = {made}")
                w.holder = f"{held}."
            sessions.Runs(w, *graph).write()
            return
        form = w.one_of(("all", "all", "session", "object" if held else "session"))
        function, parameter, session = w.fresh("train", "fit", "run_training"), w.fresh("net", "model"), "sess"
        w.taken.add(session)
        with w.file(self.trainer):
            if form == "object":
                parts.trainer_class(w, function, parameter, graph)
            else:
                given = [*(["sess"] if form == "session" else []), *([parameter] if held else [])]
                with w.block(f"def {function}({', '.join(given)}):"):
                    w.holder = f"{parameter}." if held else ""
                    runs = sessions.Runs(w, *graph)
                    if form == "session":
                        runs.write_within(session)
                    else:
                        runs.write()
            self._settle(function)
        self._call_trainer(form, function, held, made)

    def _call_trainer(self, form: str, function: str, held: str, made: str) -> None:
        w = self.w
        in_main = not w.depth and w.chance(0.3)
        if in_main:
            w.line("if __name__ == '__main__':")
            w.depth += 1
        given = made if held and w.chance(0.2) and form == "all" else held
        if held and given == held:
            w.line(f"{held} = {made}")
        if form == "all":
            w.line(f"{w.reach(function)}({given})")
        else:
            session = w.fresh("session", "sess1", "s")
            with w.block(f"with tf.Session() as {session}:"):
                w.line(f"{session}.run(tf.global_variables_initializer())")
                if form == "session":
                    w.line(f"{w.reach(function)}({session}{f', {held}' if held else ''})")
                else:
                    w.line(f"{w.reach(function)}({held}, {session}).run()")
        w.depth -= in_main

    # -------------------------------------------------------------- layouts
    def _functions(self) -> None:
        """Functions of a module make the network, the loss and the training; the entry calls them."""
        w = self.w
        if w.chance(0.4):
            with w.file(self.trainer):
                w.steppers.append(parts.define_step(w))
                self._settle(w.steppers[0])
        in_main = w.chance(0.4)
        if in_main and "x_data = " not in "\n".join(w.lines):
            with w.block("def main():"):
                self._entry_of_functions()
            with w.block("if __name__ == '__main__':"):
                w.line("main()")
        else:
            self._entry_of_functions()

    def _entry_of_functions(self) -> None:
        w = self.w
        x, y, classes, out = programs.placeholders(w)
        made = networks.call_function(w, x, at=self.model)
        w.fetchable += made[1:]
        last = programs.last_layer(w, made[0], out)
        own = w.chance(0.7)
        loss = parts.loss_function(w, self.model, last, y) if own else training.make_loss(w, last, y, classes)
        if w.chance(0.4):
            training.make_metric(w, last, y)
        train = parts.train_function(w, self.model, loss) if w.chance(0.6) else training.make_train(w, loss)
        graph = [loss], [train]
        programs.extras_of(w, *graph)
        self._run(graph, "", "")

    def _class(self) -> None:
        w = self.w
        name, held = w.fresh("Network", "Model", "Net", "Classifier"), w.fresh("net", "model", "network")
        with w.file(self.model):
            with w.block(f"class {name}{w.one_of(('', '(object)'))}:"):
                w.holder = "self."
                with w.block(f"def __init__(self{self._parameter()}):"):
                    graph = programs.write_graph(w)
                    if self.keeps_session:
                        w.line("self.sess = tf.Session()")
                        w.line("self.sess.run(tf.global_variables_initializer())")
                self._parameter_ends()
                w.line()
                session = "" if self.keeps_session else ", sess"
                methods = programs.write_methods(w, *graph, session) if self.has_methods else []
            self._settle(name)
        made = f"{w.reach(name)}({self._argument()})"
        if not methods:
            self._run(graph, held, made)
            return
        w.line(f"{held} = {made}")
        w.holder = f"{held}."
        if self.keeps_session:
            for call in methods:
                w.line(call.format(held=held, session=""))
            return
        session = w.fresh("sess", "session")
        with w.block(f"with tf.Session() as {session}:"):
            w.line(f"{session}.run(tf.global_variables_initializer())")
            for call in methods:
                w.line(call.format(held=held, session=session))

    def _hierarchy(self) -> None:
        """The base class in a file, what is made of it in another."""
        w = self.w
        base, name = w.fresh("Base", "Algorithm", "BaseModel"), w.fresh("Network", "Model", "Net")
        build, held = w.one_of(("build", "_build_net", "create")), w.fresh("net", "model", "network")
        with w.file(self._module("base", "abstract", "core")):
            programs.write_base(w, base, build)
            self._settle(base)
        with w.file(self.model):
            graph = programs.write_derived(w, w.reach(base), name, build)
            self._settle(name)
        self._run(graph, held, f"{w.reach(name)}()")

    def _builder(self) -> None:
        """A function of the module builds everything, and gives it back by name."""
        w = self.w
        name, held = w.fresh("build_graph", "build", "make_model"), w.fresh("g", "graph", "net")
        kind = w.fresh("Graph", "Ops", "Handles")
        with w.file(self.model):
            at = len(w.lines)
            with w.block(f"def {name}({self._parameter().removeprefix(', ')}):"):
                graph = programs.write_graph(w)
                shown = [*w.inputs, *(t.name for part in graph for t in part)]
                w.line(f"return {kind}({', '.join(f'{n}={n}' for n in shown)})")
            self._parameter_ends()
            listed = ", ".join(f'"{n}"' for n in shown)
            w.lines[at:at] = ["import collections", "", f'{kind} = collections.namedtuple("{kind}", [{listed}])', ""]
            self._settle(name)
        programs.forget(w)
        self._run(graph, held, f"{w.reach(name)}({self._argument()})")

    def _at_import(self) -> None:
        """The graph is there as soon as its module is imported."""
        w = self.w
        with w.file(self.model):
            graph = programs.write_graph(w)
            known = [*w.inputs, *w.variables, *w.savers, *(name for name, _ in w.averages)]
            known += [t.name for t in (*w.fetchable, *w.updates, *w.summaries, *graph[0], *graph[1])]
            self._settle(*(name.partition("[")[0] for name in known))
        self._run(graph, "", "")

    def _phases(self) -> None:
        """A class or function that is called for training, and again with the same variables for testing."""
        w = self.w
        name = w.fresh("Network", "Model", "Net")
        with w.file(self.model):
            graph = parts.phase_class(w, name)
            self._settle(name)
        parts.run_phases(w, w.reach(name), graph)

    # -------------------------------------------------------------- settings that are handed on
    def _parameter(self) -> str:
        kept = self.w.settings
        if kept is None or kept.form != "object":
            return ""
        kept.handed = self.w.fresh("config", "options", "hp")
        return f", {kept.handed}"

    def _parameter_ends(self) -> None:
        if self.w.settings:
            self.w.settings.handed = ""

    def _argument(self) -> str:
        kept = self.w.settings
        if kept is None or kept.form != "object":
            return ""
        if not kept.held:
            kept.held[self.w.fresh("spare", "seed")] = "3"
        self.w.homes["default_config"] = kept.module
        return self.w.reach("default_config")
