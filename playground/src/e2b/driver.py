"""The interpreter of an emulated sandbox. Reads one JSON object per line: {"code": ...} runs code, {"interrupt": true}
ends what runs. Writes the lines that the real service streams; {"type": "end_of_execution"} ends each execution.

Variables stay between executions, the value of a last expression is a result, and `display` shows an object in the
forms that it offers (`_repr_png_` and the like), as in a notebook. Figures of matplotlib, if that is installed, are shown
at the end of an execution.
"""
import ast
import base64
import builtins
import datetime
import json
import linecache
import os
import queue
import resource
import signal
import site
import sys
import threading
import traceback

LIMITS = json.loads(sys.argv[1])
NOBODY = 65534
FORMS = ["html", "markdown", "svg", "png", "jpeg", "pdf", "latex"]

wire = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
writing = threading.Lock()
nowhere = os.open(os.devnull, os.O_RDWR)
os.dup2(nowhere, 1)
os.dup2(nowhere, 2)


def restrict():
    """Gives up the rights of root and limits what the process may use."""
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        except OSError:
            pass  # Root of a user namespace has no other identity to take.
    os.umask(0)
    for name, limit in [
        ("RLIMIT_CPU", LIMITS["cpu_s"]),
        ("RLIMIT_AS", LIMITS["memory"]),
        ("RLIMIT_FSIZE", LIMITS["file_size"]),
        ("RLIMIT_NPROC", LIMITS["processes"]),
        ("RLIMIT_NOFILE", LIMITS["open_files"]),
        ("RLIMIT_CORE", 0),
    ]:
        try:
            resource.setrlimit(getattr(resource, name), (limit, limit))
        except (OSError, ValueError):
            pass  # A limit of the machine is lower.


def tell(kind, **fields):
    with writing:
        wire.write(json.dumps({"type": kind, **fields}) + "\n")
        wire.flush()


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Stream:
    encoding = "utf-8"
    errors = "replace"

    def __init__(self, kind):
        self.kind = kind
        self.waiting = ""

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str")
        self.waiting += text
        if "\n" in text or len(self.waiting) > 8192:
            self.flush()
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        waiting, self.waiting = self.waiting, ""
        # The real interpreter sends long outputs in pieces as well.
        for at in range(0, len(waiting), 65536):
            tell(self.kind, text=waiting[at:at + 65536], timestamp=now())

    def isatty(self):
        return False

    def writable(self):
        return True


def flush():
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Stream):
            stream.flush()


def show(value, main=False):
    flush()
    fields = {"text": repr(value)}
    for form in FORMS:
        method = getattr(value, f"_repr_{form}_", None)
        if method is None or isinstance(value, type):
            continue
        shown = method()
        if shown is None:
            continue
        fields[form] = base64.b64encode(shown).decode() if isinstance(shown, bytes) else shown
    tell("result", is_main_result=main, extra={}, **fields)


def show_figures():
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is None:
        return
    import io

    for number in plots.get_fignums():
        picture = io.BytesIO()
        figure = plots.figure(number)
        figure.savefig(picture, format="png")
        text = f"<Figure size {int(figure.bbox.width)}x{int(figure.bbox.height)}>"
        tell("result", text=text, png=base64.b64encode(picture.getvalue()).decode(), is_main_result=False, extra={})
    plots.close("all")


def run(code, number, names):
    name = f"<cell {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        tree = ast.parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
            if value is not None:
                show(value, main=True)
        show_figures()
    except BaseException as error:
        frames = traceback.TracebackException.from_exception(error)
        frames.stack = traceback.StackSummary.from_list(
            [frame for frame in frames.stack if not frame.filename.startswith("<string>")])
        flush()
        tell("error", name=type(error).__name__, value=str(error), traceback="".join(frames.format()))


def listen(work):
    main = threading.main_thread().ident
    for line in sys.__stdin__:
        request = json.loads(line)
        if "code" in request:
            work.put(request["code"])
        else:
            signal.pthread_kill(main, signal.SIGINT)
    os._exit(0)


def serve():
    os.makedirs(site.getusersitepackages(), exist_ok=True)
    sys.path.append(site.getusersitepackages())
    sys.path.insert(0, "")
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    builtins.display = lambda *values: [show(value) for value in values] and None
    # An interrupt counts only while code runs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    names = {"__name__": "__main__", "__builtins__": builtins}
    work = queue.Queue()
    threading.Thread(target=listen, args=(work,), daemon=True).start()
    number = 0
    while True:
        code = work.get()
        number += 1
        tell("number_of_executions", execution_count=number)
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            run(code, number, names)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        flush()
        tell("end_of_execution")


restrict()
serve()
