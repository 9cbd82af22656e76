"""The half of a program that runs the graph: sessions, loops, fetches, feeds and what is printed."""

from __future__ import annotations

from collections.abc import Iterable

from tests.generate.writer import Tensor, Train, Writer


def feed_for(w: Writer, needs: Iterable[str], rows: str = "") -> str:
    """A dict of feeds for some placeholders, ``rows`` of the data of each batch."""
    parts = []
    for name in sorted(needs):
        known = w.inputs[name]
        if known.has_default and w.chance(0.5):
            continue
        parts.append(f"{w.ref(known)}: {w.reach(known.feed)}{rows if known.is_batch else ''}")
    w.random.shuffle(parts)
    return "{" + ", ".join(parts) + "}"


def _with_feed(w: Writer, needs: Iterable[str], rows: str = "") -> str:
    feed = feed_for(w, needs, rows)
    if feed == "{}":
        return ""
    return w.one_of((f", feed_dict={feed}", f", feed_dict={feed}", f", {feed}"))


class Runs:
    """Writes the runs of one program. ``session`` is the name of the session now."""

    def __init__(self, w: Writer, losses: list[Tensor], trains: list[Train]) -> None:
        self.w = w
        self.losses = losses
        self.trains = trains
        self.session = self.writer = ""
        self.loops = 0

    def write(self) -> None:
        """All of it: opening a session, initialising, training, looking at results."""
        w = self.w
        if w.chance(0.25):
            w.line(f"init = {self._initializer()}")
            w.taken.add("init")
        self._open_and_run(self._first)
        if w.chance(0.05):
            w.line()
            self._open_and_run(self._again)

    def write_within(self, session: str) -> None:
        """The same in a session that others opened and in which all is initialised."""
        self.session = session
        self._first()

    def train_then_look(self, session: str, other: str) -> None:
        """Trains, and looks at the same tensors of another holder."""
        self.session = session
        mine = self.w.holder
        for _ in range(self.w.number(1, 2)):
            self.w.holder = mine
            self._train_loop()
            self.w.holder = other
            self._look()

    def _initializer(self) -> str:
        return self.w.one_of(("tf.global_variables_initializer()", "tf.initialize_all_variables()"))

    def _open_and_run(self, body: object) -> None:
        w = self.w
        self.session = w.fresh("sess", "session", "s")
        config = w.one_of(("", "", "", "config=tf.ConfigProto(log_device_placement=False)"))
        if w.chance(0.6):
            with w.block(f"with tf.Session({config}) as {self.session}:"):
                self._initialise()
                body()  # type: ignore[operator]
        elif w.chance(0.7):
            w.line(f"{self.session} = tf.Session({config})")
            self._initialise()
            body()  # type: ignore[operator]
            if w.chance(0.4):
                w.line(f"{self.session}.close()")
        else:
            w.line(f"{self.session} = tf.InteractiveSession()")
            self._initialise()
            body()  # type: ignore[operator]
            w.line(f"{self.session}.close()")

    def _initialise(self) -> None:
        name = "init" if "init = " in "\n".join(self.w.lines) else self._initializer()
        if name != "init" and self.w.chance(0.1):
            self.w.line(f"{name}.run(session={self.session})")
        else:
            self.w.line(f"{self.session}.run({name})")

    # -------------------------------------------------------------- parts
    def _first(self) -> None:
        w = self.w
        if w.summaries:
            self.writer = w.fresh("writer", "summary_writer")
            graph = w.one_of((f"{self.session}.graph", f"graph={self.session}.graph", "tf.get_default_graph()"))
            w.line(f'{self.writer} = tf.summary.FileWriter("logs", {graph})')
        if w.chance(0.3):
            self._look()
        self._train_loop()
        if w.savers:
            self._save()
        if w.chance(0.25):
            self._updates()
        if w.chance(0.03):
            self._initialise()
        if w.chance(0.04):
            self._feed_between()
        if w.chance(0.25):
            self._train_loop()
        for _ in range(w.number(1, 2)):
            self._look()
        if w.variables and w.chance(0.6):
            chosen = w.random.sample(w.variables, min(len(w.variables), w.number(1, 3)))
            w.line(f"print({self.session}.run([{', '.join(w.ref(name) for name in chosen)}]))")
        for average, variable in w.averages:
            w.line(f"print({self.session}.run({w.ref(average)}.average({w.ref(variable)})))")
        if w.chance(0.1) and self.losses:
            self._overwrite()

    def _again(self) -> None:
        self._train_loop()
        self._look()

    def _updates(self) -> None:
        w = self.w
        for update in w.updates:
            if w.chance(0.7):
                w.line(f"print({self.session}.run({w.ref(update)}{_with_feed(w, update.needs)}))")

    def _save(self) -> None:
        """A checkpoint, and now and then going back to it."""
        w = self.w
        saver, path = w.ref(w.savers[0]), w.one_of(('"./model.ckpt"', '"checkpoints"', "os.path.join('.', 'net')"))
        if path.startswith("os"):
            w.line("import os")
        w.line(f"{saver}.save({self.session}, {path})")
        if w.chance(0.6):
            self._train(self.trains[0], "")
            w.line(f"{saver}.restore({self.session}, {path})")

    def _summarize(self, index: str, rows: str) -> None:
        """Summaries of this step, alone or beside the training."""
        w = self.w
        summary, train = w.summaries[0], self.trains[0]
        result = w.fresh("summary", "text", "logged")
        if w.chance(0.5):
            w.line(f"{result} = {self.session}.run({w.ref(summary)}{_with_feed(w, summary.needs, rows)})")
        else:
            needs = summary.needs | train.needs
            order = ("_", result), (w.ref(train), w.ref(summary))
            way = w.one_of((1, -1))
            targets, listed = (", ".join(names[::way]) for names in order)
            w.line(f"{targets} = {self.session}.run([{listed}]{_with_feed(w, needs, rows)})")
        w.line(f"{self.writer}.add_summary({result}, {index})")

    def _overwrite(self) -> None:
        """A result takes the name of its tensor."""
        w = self.w
        loss = self.losses[0]
        if w.holder or loss.name in w.homes:
            return
        w.line(f"{loss.name} = {self.session}.run({loss.name}{_with_feed(w, loss.needs)})")
        w.line(f"print({loss.name} * 2)")

    def _feed_between(self) -> None:
        """A tensor in the middle of the graph is fed."""
        w = self.w
        inner = [tensor for tensor in w.fetchable if tensor.width > 0]
        if not inner:
            return
        fed, loss = w.one_of(inner), w.one_of(self.losses)
        feed = feed_for(w, loss.needs)
        feed = feed[:-1] + (", " if len(feed) > 2 else "") + f"{w.ref(fed)}: np.full((12, {fed.width}), 0.3)}}"
        w.line(f"print({self.session}.run({w.ref(loss)}, feed_dict={feed}))")

    def _look(self) -> None:
        """A run of tensors only."""
        w = self.w
        pool = [*self.losses, *w.fetchable]
        chosen = w.random.sample(pool, min(len(pool), w.number(1, 3)))
        needs: frozenset[str] = frozenset().union(*(tensor.needs for tensor in chosen))
        names = [w.ref(tensor) for tensor in chosen]
        feed = _with_feed(w, needs)
        if w.reports and w.chance(0.3):
            w.line(f"{w.reports[0]}({self.session}.run({names[0]}{feed}){w.one_of(('', ', 2', ', scale=3'))})")
            return
        if w.evaluations and w.chance(0.4):
            w.line(f"print({w.evaluations[0]}({self.session}, {feed_for(w, self.losses[0].needs)}))")
            return
        form = w.random.choices(
            ("list", "tuple", "dict", "one", "eval", "nested", "deep"), (4, 1, 1, 3, 2, 1, 0.5)
        )[0]
        run = f"{self.session}.run"
        if form == "one" or (len(chosen) == 1 and form != "eval"):
            w.line(f"print({run}({names[0]}{feed}))")
        elif form == "eval":
            arguments = [part for part in (_with_feed(w, chosen[0].needs)[2:], f"session={self.session}") if part]
            if len(arguments) == 2 and not arguments[0].startswith("feed_dict"):
                arguments[0] = f"feed_dict={arguments[0]}"
            w.line(f"print({names[0]}.eval({', '.join(arguments)}))")
        elif form == "dict":
            keys = ", ".join(f'"k{i}": {name}' for i, name in enumerate(names))
            w.line(f"for key, value in sorted({run}({{{keys}}}{feed}).items()): print(key, value)")
        elif form == "deep":
            nested = f'{{"first": [{names[0]}], "rest": ({", ".join(names[1:])},)}}'
            w.line(f"everything = {run}({nested}{feed})")
            w.line('print(everything["first"][0], everything["rest"])')
        elif form == "nested":
            w.line(f"print({run}([{names[0]}, ({', '.join(names[1:])},)]{feed}))")
        else:
            left, right = ("[", "]") if form == "list" else ("(", ")")
            results = [w.fresh(f"{tensor.name}_value", "res", "r") for tensor in chosen]
            w.line(f"{', '.join(results)} = {run}({left}{', '.join(names)}{right}{feed})")
            w.line(f"print({', '.join(results)})")

    # -------------------------------------------------------------- training
    def _train_loop(self) -> None:
        w = self.w
        self.loops += 1
        index = w.fresh("i", "epoch", "step", "it")
        count = w.number(2, 4)
        rows = ""
        with w.block(f"for {index} in range({w.setting(count, 'epochs', 'steps', 'iterations')}):"):
            if w.chance(0.5):
                rows = f"[{index} * 2:{index} * 2 + 4]"
            if w.chance(0.2):
                inner = w.fresh("j", "batch", "b_i")
                with w.block(f"for {inner} in range(2):"):
                    self._train(w.one_of(self.trains), f"[{inner} * 4:({inner} + 1) * 4]")
            if w.chance(0.1):
                self._held_feed(rows)
            for train in self.trains:
                if w.chance(0.9) or train is self.trains[0]:
                    self._train(train, rows)
            if w.summaries and w.chance(0.7):
                self._summarize(index, rows)
            if w.updates and w.chance(0.3):
                update = w.one_of(w.updates)
                w.line(f"{self.session}.run({w.ref(update)}{_with_feed(w, update.needs, rows)})")
            if w.chance(0.3):
                with w.block(f"if {index} % 2 == {w.number(0, 1)}:"):
                    self._look()

    def _held_feed(self, rows: str) -> None:
        """A dict of feeds with a name, used twice."""
        w = self.w
        train, loss = self.trains[0], self.losses[0]
        feed = w.fresh("feed", "feed_dict", "fd")
        w.line(f"{feed} = {feed_for(w, train.needs | loss.needs, rows)}")
        w.line(f"{self.session}.run({w.ref(train)}, feed_dict={feed})")
        w.line(f"print({self.session}.run({w.ref(loss)}, {feed}))")

    def _train(self, train: Train, rows: str) -> None:
        w = self.w
        number = self.trains.index(train)
        loss = self.losses[min(number, len(self.losses) - 1)]
        form = w.random.choices(("op", "loss", "list", "run", "more"), (3, 5, 1, 1, 1))[0]
        at = w.ref(train)
        needs = train.needs | loss.needs
        run = f"{self.session}.run"
        if w.steppers and w.chance(0.4):
            feed = feed_for(w, needs, rows)
            w.line(f"print({w.reach(w.steppers[0])}({self.session}, {at}, {w.ref(loss)}, {feed}))")
        elif form == "op":
            w.line(f"{run}({at}{_with_feed(w, needs, rows)})")
        elif form == "run":
            w.line(f"{at}.run(feed_dict={feed_for(w, needs, rows)}, session={self.session})")
        elif form == "list":
            w.line(f"print({run}([{at}, {w.ref(loss)}]{_with_feed(w, needs, rows)})[1])")
        elif form == "loss":
            value = w.fresh("l", "loss_value", "c", "cur_loss")
            targets = w.one_of((f"_, {value}", f"{value}, _"))
            order = (at, w.ref(loss)) if targets.startswith("_") else (w.ref(loss), at)
            w.line(f"{targets} = {run}([{', '.join(order)}]{_with_feed(w, needs, rows)})")
            w.line(w.one_of((f"print({value})", f'print("%.4f" % {value})', f'print("loss:", {value})')))
        else:
            others = [t for t in w.fetchable if t.width and t not in self.losses]
            other = w.one_of(others) if others else loss
            needs = needs | other.needs
            fetches = f"[{at}, {w.ref(loss)}, {w.ref(other)}]"
            w.line(f"_, got, also = {run}({fetches}{_with_feed(w, needs, rows)})")
            w.line("print(got, also)")
