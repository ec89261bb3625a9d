"""A loop that ends when a time is over is found; what merely measures or prints a time is left alone."""

import ast

import pytest

from pushtune_runtime.keras_hooks.clock_loops import line_of_clock_loop


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import time\nwhile time.time() < 5:\n    pass", 2),
        ("import time as t\nend = t.monotonic() + 5\nwhile t.monotonic() < end:\n    pass", 3),
        ("from time import perf_counter as now\nbegan = now()\nwhile 1:\n    if now() - began > 9:\n        break", 4),
        ("import time\nstart = time.time()\nspent = 0\nwhile spent < 9:\n    spent = time.time() - start", 4),
        ("from datetime import datetime\ndef f():\n    if datetime.now().hour > 5:\n        return 1", 3),
        ("import datetime\nwhile datetime.datetime.now() < limit:\n    pass", 2),
        ("import time\nstart = time.time()\nfit()\nprint(time.time() - start)", None),
        ("import time, os\nname = time.strftime('%d')\nif not os.path.exists(name):\n    os.mkdir(name)", None),
        ("import time\nwhile accuracy < 0.9:\n    accuracy = fit()\n    time.sleep(1)", None),
        (
            "from datetime import datetime\nfolder = 'logs/' + datetime.now().strftime('%d')\n"
            "history = model.fit(callbacks=[TensorBoard(folder)])\n"
            "if history.history['loss'][-1] < 1:\n    raise SystemExit",
            None,
        ),
        ("import time\ndef f():\n    t = time.time()\ndef g(items):\n    for t in items:\n        if t > 3:\n"
         "            return t", None),
        ("import time\nend = time.time() + 9\ndef f():\n    while not time.time() > end:\n        pass", 4),
        ("import time\nbegan = time.time()\nwhile (spent := int(time.time() - began)) < 9 and True:\n    pass", 3),
        ("time = 3\nwhile time < 5:\n    time += 1", None),
    ],
)  # fmt: skip
def test_the_first_condition_is_found(text: str, line: "int | None") -> None:
    assert line_of_clock_loop(ast.parse(text)) == line
