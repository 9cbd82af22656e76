"""The servers: one import for many programs, and none left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tf2migrate.verify.compare import compare_programs
from tf2migrate.verify.launch import Alone, CannotRun, Job
from tf2migrate.verify.pool import Pool
from tf2migrate.verify.values import Comparison

pytestmark = pytest.mark.slow

BEFORE = """
import sys
import tensorflow as tf
assert sys.argv[1:] == ["--lr", "0.5"] and __name__ == "__main__"
w = tf.get_variable("w", [2, 2])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    __tf2migrate_record__(1, sess.run(tf.nn.dropout(w, 0.5)))
"""
AFTER = """
import tensorflow as tf
layer = tf.keras.layers.Layer()
w = layer.add_weight(shape=[2, 2], name="w")
__tf2migrate_record__(1, tf.nn.dropout(w, 0.5).numpy())
"""


def compared(runner: Alone | Pool) -> Comparison:
    files = {"train.py": BEFORE}, {"train.py": AFTER}
    return compare_programs(*files, "train.py", argv=("--lr", "0.5"), pool=runner)


def test_alone_and_pool_agree(pool: Pool) -> None:
    assert compared(Alone()) == compared(pool)
    assert compared(pool).ok


def test_programs_do_not_meet(pool: Pool) -> None:
    """What one program does to its process is gone for the next one."""
    spoil = {"train.py": "import tensorflow as tf\ntf.nn.dropout = None\n__tf2migrate_record__(1, 1)\n"}
    compare_programs(spoil, spoil, "train.py", pool=pool)
    assert compared(pool).ok


def test_threads_share_a_pool(pool: Pool) -> None:
    found: list[Comparison] = []
    threads = [threading.Thread(target=lambda: found.append(compared(pool))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [comparison.ok for comparison in found] == [True] * 4


def test_python_without_tensorflow(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o700)
    job = Job("tf2", tmp_path, "x.py", tmp_path, tmp_path)
    with Pool() as pool, pytest.raises(CannotRun, match="No module named 'tensorflow'"):
        pool.run(str(python), job)


def test_no_such_python(tmp_path: Path) -> None:
    job = Job("tf2", tmp_path, "x.py", tmp_path, tmp_path)
    for runner in (Alone(), Pool()):
        with pytest.raises(CannotRun, match="cannot start"):
            runner.run(str(tmp_path / "none"), job)


def test_server_that_dies_is_told_and_replaced(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'out of memory' >&2\nexit 1\n")
    python.chmod(0o700)
    job = Job("tf2", tmp_path, "x.py", tmp_path, tmp_path)
    with Pool() as pool:
        for _ in range(2):
            with pytest.raises(CannotRun, match="did not start TensorFlow: out of memory"):
                pool.run(str(python), job)


def test_closing_ends_a_running_program(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(1000)\n")
    pool = Pool()
    job = Job("tf2", tmp_path, "x.py", tmp_path, tmp_path)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            pool.run(sys.executable, job)
        except CannotRun as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pool.close()
    thread.join(20)
    assert len(failures) == 1
    gone = subprocess.run(["ps", "-p", (tmp_path / "pid").read_text()], stdout=subprocess.DEVNULL)
    assert gone.returncode == 1
