"""Lets the official E2B SDK use the emulated sandbox service.

Usage: python e2b_sdk.py http://127.0.0.1:PORT KEY
Needs e2b-code-interpreter==2.11.5. Prints one line per case; ends with 1 if one of them fails.
"""
import os
import sys
import traceback

url, key = sys.argv[1:]
os.environ.update(E2B_API_URL=url, E2B_SANDBOX_URL=url, E2B_API_KEY=key)

from e2b import NotFoundException, SandboxNotFoundException, TimeoutException  # noqa: E402
from e2b.sandbox.sandbox_api import SandboxQuery  # noqa: E402
from e2b_code_interpreter import Sandbox  # noqa: E402

PICTURE = "class Plot:\n    def _repr_png_(self): return b'\\x89PNG'\ndisplay(Plot())"
cases = []


def case(function):
    cases.append(function)
    return function


@case
def output_and_value(sandbox):
    seen = []
    run = sandbox.run_code("print('start')\n6 * 7", on_stdout=lambda message: seen.append(message.line))
    assert (run.text, run.logs.stdout, run.error) == ("42", ["start\n"], None), run
    assert seen == ["start\n"] and run.execution_count == 1, (seen, run.execution_count)


@case
def variables_stay(sandbox):
    sandbox.run_code("kept = [1, 2]")
    assert sandbox.run_code("sum(kept)").text == "3"


@case
def error(sandbox):
    run = sandbox.run_code("import sys\nprint('careful', file=sys.stderr)\n1 / 0")
    assert (run.error.name, run.error.value) == ("ZeroDivisionError", "division by zero"), run.error
    assert "line 3" in run.error.traceback and run.logs.stderr == ["careful\n"], run


@case
def picture(sandbox):
    results = sandbox.run_code(PICTURE).results
    assert len(results) == 1 and results[0].png == "iVBORw==", results


@case
def contexts(sandbox):
    sandbox.run_code("mine = 1")
    context = sandbox.create_code_context(cwd="/home/user", language="python")
    run = sandbox.run_code("mine", context=context)
    assert run.error and run.error.name == "NameError", run
    assert context.id in [known.id for known in sandbox.list_code_contexts()]
    sandbox.remove_code_context(context)
    try:
        sandbox.run_code("1", context=context)
        raise AssertionError("the context is still there")
    except NotFoundException:
        pass


@case
def files(sandbox):
    written = sandbox.files.write("/home/user/inputs/отчёт за год.txt", "содержание")
    assert written.path == "/home/user/inputs/отчёт за год.txt", written
    assert sandbox.files.read("/home/user/inputs/отчёт за год.txt") == "содержание"
    assert sandbox.run_code("open('inputs/отчёт за год.txt').read()").text == "'содержание'"
    sandbox.run_code("import os\nos.makedirs('deep/er', exist_ok=True)\nopen('deep/er/a.csv', 'w').write('1')")
    found = {entry.path: entry for entry in sandbox.files.list("/home/user", depth=4)}
    assert found["/home/user/deep/er/a.csv"].size == 1, found
    assert found["/home/user/deep"].type.value == "dir", found
    try:
        sandbox.files.read("/home/user/nothing")
        raise AssertionError("there is a file")
    except NotFoundException:
        pass


@case
def time_limit_interrupts(sandbox):
    try:
        sandbox.run_code("import time\ntime.sleep(60)", timeout=1)
        raise AssertionError("it ended")
    except TimeoutException:
        pass
    assert sandbox.run_code("1 + 1").text == "2", "the interpreter works on"


@case
def life(sandbox):
    before = sandbox.get_info().end_at
    sandbox.set_timeout(900)
    assert (sandbox.get_info().end_at - before).total_seconds() > 300


@case
def found_by_metadata(sandbox):
    def ids(**metadata):
        return [found.sandbox_id for found in Sandbox.list(query=SandboxQuery(metadata=metadata)).next_items()]

    assert ids(chat="a b=ю") == [sandbox.sandbox_id]
    assert ids(chat="other") == []


@case
def pause_and_connect(sandbox):
    sandbox.run_code("kept = 5")
    sandbox.pause()
    assert sandbox.get_info().state.value == "paused"
    again = Sandbox.connect(sandbox.sandbox_id, timeout=300)
    assert again.run_code("kept").text == "5"


@case
def killed(sandbox):
    assert sandbox.kill() is True and sandbox.kill() is False
    assert sandbox.is_running() is False
    for call in (lambda: Sandbox.connect(sandbox.sandbox_id), lambda: sandbox.set_timeout(60)):
        try:
            call()
            raise AssertionError("the sandbox is still there")
        except SandboxNotFoundException:
            pass
    try:
        sandbox.run_code("1")
        raise AssertionError("code runs")
    except TimeoutException:
        pass


sandbox = Sandbox.create(timeout=300, metadata={"chat": "a b=ю"}, allow_internet_access=False, idempotency_key="one")
assert Sandbox.create(metadata={"chat": "b"}, idempotency_key="one").sandbox_id == sandbox.sandbox_id
failed = False
for function in cases:
    try:
        function(sandbox)
        print("ok     ", function.__name__, flush=True)
    except BaseException:
        failed = True
        print("FAILED ", function.__name__, traceback.format_exc(), flush=True)
sys.exit(failed)
