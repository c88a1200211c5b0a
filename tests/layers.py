"""What the source of a module may import, open and measure: the rules of test_layers.py."""

import ast

ROOMS = (
    *("tables", "clinical", "cohort", "stats", "quality", "present"),
    *("provenance", "synthetic", "examples"),
)
GROUND = ("codebook", "settings", "errors", "")
MAY_IMPORT = {
    "": (),
    "errors": (),
    "codebook": ("errors",),
    "settings": ("codebook", "errors"),
    **{room: GROUND for room in ROOMS},
    "steps": (*ROOMS, *GROUND),
    "cli": ("steps", *ROOMS, *GROUND),
    "__main__": ("cli",),
}
EXCEPTIONS = {("quality", "stats.intervals")}

# `examples` reads the real cohort that ships inside lifelines.
TOUCH_THE_DISK = ("tables.files", "provenance", "steps", "cli", "examples")
PACKAGE_DATA = {"read_text", "read_bytes"}
FILE_CALLS = PACKAGE_DATA | {
    *("open", "write_text", "write_bytes", "mkdir", "makedirs", "unlink", "touch", "rmdir"),
    *("to_parquet", "to_excel", "write_table"),
}
BUFFERS = {"BytesIO", "StringIO"}

LINES, BODY, POSITIONAL, KEYWORD_ONLY = 300, 25, 5, 8


def problems(module, source):
    """Every breach of the rules in the source of `module`, named from below the package."""
    tree = ast.parse(source)
    return [
        *_length(source),
        *_directions(module, tree),
        *_disk(module, tree),
        *_drawing(module, tree),
        *(problem for node in ast.walk(tree) for problem in _function(node)),
    ]


def _length(source):
    count = len(source.splitlines())
    return [f"{count} lines, more than {LINES}"] if count > LINES else []


def _imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "." * node.level
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _directions(module, tree):
    room = module.partition(".")[0]
    if room not in MAY_IMPORT:
        yield f"'{room}' is no room of the design"
        return
    for line, name in _imports(tree):
        if name.startswith("."):
            yield f"line {line}: imports of the package are written in full"
        elif name.partition(".")[0] == "mescc_analytics" and not _allowed(room, name):
            yield f"line {line}: {room} must not import {name}"


def _allowed(room, name):
    below = name.partition(".")[2]
    target = below.partition(".")[0]
    if target not in MAY_IMPORT:  # an attribute of the package itself, such as __version__
        target = ""
    excepted = any(
        room == who and (below == what or below.startswith(f"{what}.")) for who, what in EXCEPTIONS
    )
    return target == room or target in MAY_IMPORT[room] or excepted


def _within(module, names):
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _disk(module, tree):
    if _within(module, TOUCH_THE_DISK):
        return
    reads_package_data = any(name.startswith("importlib.resources") for _, name in _imports(tree))
    allowed = PACKAGE_DATA if reads_package_data else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not _in_memory(node):
            name = _called(node)
            if name in FILE_CALLS - allowed or name.startswith("pd.read_"):
                yield f"line {node.lineno}: {name}() touches the disk"


def _called(call):
    if isinstance(call.func, ast.Name):
        return call.func.id if call.func.id == "open" else ""
    if not isinstance(call.func, ast.Attribute):
        return ""
    owner = call.func.value
    is_pandas = isinstance(owner, ast.Name) and owner.id in ("pd", "pandas")
    return f"pd.{call.func.attr}" if is_pandas else call.func.attr


def _in_memory(call):
    return any(
        isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") in BUFFERS
        for argument in call.args[:1]
    )


def _drawing(module, tree):
    if module.startswith("present.figures"):
        return
    for line, name in _imports(tree):
        if name.partition(".")[0] == "matplotlib":
            yield f"line {line}: only present.figures imports matplotlib"


def _function(node):
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    where = f"line {node.lineno}: {node.name}"
    lines = _body_lines(node)
    if lines > BODY:
        yield f"{where} has {lines} lines, more than {BODY}"
    positional = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    positional = [name for name in positional if name not in ("self", "cls")]
    if len(positional) > POSITIONAL:
        yield f"{where} has {len(positional)} arguments, more than {POSITIONAL}"
    if len(node.args.kwonlyargs) > KEYWORD_ONLY:
        yield f"{where} has {len(node.args.kwonlyargs)} keyword arguments, more than {KEYWORD_ONLY}"


def _body_lines(node):
    """Lines from the first statement after the docstring to the last."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
