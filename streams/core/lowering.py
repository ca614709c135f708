"""The generated source of a journey -> a tree for the native engine, which runs the very same program.

The plain engine executes `Program.source`; the native one walks the tree that is made of it here. So there is one
description of what a journey does, and nothing to be kept equal but two readings of a small language: whole numbers,
`and` that gives an operand, slots of the state by position. Names are resolved here; whatever the generators do not
write is refused, which the test of every random journey notices.

    number      Const Now Mask Local Slot Date Add Sub Div BitAnd BitOr Shl Neg Not And Or Less Same If Let Min Max Abs
                Kth Pick Len Newest Held HeldAt Holds Call Passes Equal Missing
    any         Slot Kept New Old Const           what a property or an attribute is worth
    statement   SetLocal SetSlot SetValue Remember Count Push DropOldest Clear CopyList Forget Put DropFirst Empty
                CopyHeld Row Do Give If Once Break Return Answer
A node is {its name: its arguments}, one without arguments its name alone. Does not know: what runs it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from streams.engine.expressions import INF
from streams.engine.plan import Attribute, Tests
from streams.engine.program import Program
from streams.engine.values import new_value

Node = Any  # a value of JSON
BITS = 63  # of a whole number, without its sign
KINDS: dict[Any, str] = {int: "Int", bool: "Bool", list[int]: "List", dict[Any, int]: "Held", Any: "Any"}
SIMPLE: dict[type[ast.AST], str] = {
    ast.Add: "Add",
    ast.Sub: "Sub",
    ast.FloorDiv: "Div",
    ast.BitAnd: "BitAnd",
    ast.BitOr: "BitOr",
    ast.LShift: "Shl",
    ast.USub: "Neg",
    ast.Not: "Not",
    ast.And: "And",
    ast.Or: "Or",
}
ORDERS: dict[type[ast.cmpop], Callable[[Node, Node], Node]] = {
    ast.Lt: lambda a, b: {"Less": [a, b]},
    ast.Gt: lambda a, b: {"Less": [b, a]},
    ast.LtE: lambda a, b: {"Not": {"Less": [b, a]}},
    ast.GtE: lambda a, b: {"Not": {"Less": [a, b]}},
    ast.Eq: lambda a, b: {"Same": [a, b]},
    ast.NotEq: lambda a, b: {"Not": {"Same": [a, b]}},
}


class Unsupported(ValueError):
    """The native engine cannot run this journey; the plain one can."""


class Slots:
    """Where the fields of a State stand: each kind by itself, numbers and booleans together."""

    def __init__(self, program: Program) -> None:
        self.fields: list[Node] = []  # in the order of the State: {kind: default}
        self.places: dict[str, tuple[str, int]] = {}
        found: dict[str, int] = {}
        for field in msgspec.structs.fields(program.state):
            kind = KINDS[field.type]
            self.fields.append({kind: field.default} if kind in ("Int", "Bool", "Any") else kind)
            together = "Int" if kind == "Bool" else kind
            self.places[field.name] = together, found.get(together, 0)
            found[together] = found.get(together, 0) + 1

    def of(self, node: ast.expr, *kinds: str) -> int | None:
        """The place of `s.<name>` among its kind; None if it is none of these."""
        if isinstance(node, ast.Attribute) and self.places[node.attr][0] in kinds:
            return self.places[node.attr][1]
        return None


class Lowering:
    """Of one function. functions: the place of each by name. tests: the place of each constant of `satisfies`."""

    def __init__(self, slots: Slots, functions: dict[str, int], tests: dict[str, int]) -> None:
        self.slots, self.functions, self.tests = slots, functions, tests
        self.locals: dict[str, int] = {}

    def lower(self, function: ast.FunctionDef) -> Node:
        """The function as a tree."""
        body = self.body(function.body)
        return {"locals": len(self.locals), "body": body}

    def local(self, name: str) -> int:
        """The place of a local variable."""
        return self.locals.setdefault(name, len(self.locals))

    # -- numbers
    def number(self, node: ast.expr) -> Node:  # noqa: PLR0911, PLR0912, C901  # one case per form
        """An expression that gives a whole number; true is 1, false is 0."""
        match node:
            case ast.Constant(value=bool() | int() as value):
                return {"Const": self.bounded(int(value))}
            case ast.Name(id="t"):
                return "Now"
            case ast.Name(id="INF"):
                return {"Const": INF}
            case ast.Name(id="x") | ast.Subscript(value=ast.Name(id="x"), slice=ast.Constant(value=0)):
                return "Mask"
            case ast.Name(id=name):
                return {"Local": self.local(name)}
            case ast.Attribute():
                place = self.slots.of(node, "Int")
                return {"Slot": place} if place is not None else {"Date": self.slots.of(node, "Any")}
            case ast.BinOp(left=left, op=op, right=right):
                if isinstance(op, ast.LShift) and isinstance(right, ast.Constant):
                    self.bounded(1 << int(str(right.value)))
                return {SIMPLE[type(op)]: [self.number(left), self.number(right)]}
            case ast.UnaryOp(op=unary, operand=operand):
                return {SIMPLE[type(unary)]: self.number(operand)}
            case ast.BoolOp(op=joint, values=values):
                return {SIMPLE[type(joint)]: self.numbers(values)}
            case ast.Compare():
                return self.compare(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return {"If": self.numbers([test, body, orelse])}
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                return {"Let": [self.local(name), self.number(value)]}
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
            case ast.Subscript(value=value, slice=place):
                return self.item(value, place)
        raise Unsupported(ast.unparse(node))

    def numbers(self, nodes: Sequence[ast.expr]) -> list[Node]:
        """Each of them."""
        return [self.number(node) for node in nodes]

    def bounded(self, value: int) -> int:
        """The same. Raises Unsupported if it does not fit."""
        if value.bit_length() > BITS:
            raise Unsupported(f"{value} has more than {BITS} bits: a rule, a group or a path is too long")
        return value

    def compare(self, node: ast.Compare) -> Node:
        """Two or three operands; the one in the middle has no effect and may be asked twice."""
        parts = [node.left, *node.comparators]
        pairs = [self.pair(op, a, b) for op, a, b in zip(node.ops, parts, parts[1:], strict=False)]
        return pairs[0] if len(pairs) == 1 else {"And": pairs}

    def pair(self, op: ast.cmpop, a: ast.expr, b: ast.expr) -> Node:
        """One comparison. Equality of what a property or an attribute is worth is that of Python's values."""
        match op, b:
            case (ast.Is(), ast.Constant(value=None)):
                return {"Missing": self.value(a)}
            case (ast.IsNot(), ast.Constant(value=None)):
                return {"Not": {"Missing": self.value(a)}}
            case (ast.Is(), ast.Constant(value=bool())):
                return {"Equal": [self.value(a), self.value(b)]}
            case (ast.NotIn(), _):
                return {"Not": {"Holds": [self.held(b), self.value(a)]}}
        if isinstance(op, ast.Eq | ast.NotEq) and self.is_any(a):
            equal = {"Equal": [self.value(a), self.value(b)]}
            return equal if isinstance(op, ast.Eq) else {"Not": equal}
        return ORDERS[type(op)](self.number(a), self.number(b))

    def call(self, name: str, args: Sequence[ast.expr]) -> Node:
        """A function of the program, or one of Python's that the generators use."""
        match name:
            case "len":
                place = self.slots.of(args[0], "List")
                return {"Len": place} if place is not None else {"Held": self.held(args[0])}
            case "min" | "max":
                return {name.capitalize(): self.numbers(args)}
            case "abs":
                return {"Abs": self.number(args[0])}
            case "bool":
                return {"Not": {"Not": self.number(args[0])}}
            case "satisfies":
                assert isinstance(args[1], ast.Name)
                return {"Passes": [self.value(args[0]), self.tests[args[1].id]]}
        return {"Call": self.functions[name]}

    def item(self, value: ast.expr, place: ast.expr) -> Node:
        """The n-th of a list, of the instants of held values, of sorted numbers, of constants."""
        match value:
            case ast.Attribute():
                return {"Newest": [self.slots.of(value, "List"), -ast.literal_eval(place)]}
            case ast.Call(func=ast.Name(id="list"), args=[ast.Call(func=ast.Attribute(value=held))]):
                return {"HeldAt": [self.held(held), ast.literal_eval(place)]}
            case ast.Call(func=ast.Name(id="sorted"), args=[ast.Tuple(elts=parts)]):
                return {"Kth": [self.numbers(parts), -ast.literal_eval(place)]}
            case ast.Tuple():
                return {"Pick": [ast.literal_eval(value), self.number(place)]}
        raise Unsupported(ast.unparse(value))

    def held(self, node: ast.expr) -> int:
        """The place of a slot with values and their instants."""
        place = self.slots.of(node, "Held")
        assert place is not None, ast.unparse(node)
        return place

    # -- what a property or an attribute is worth
    def is_any(self, node: ast.expr) -> bool:
        """Whether it is not just a number."""
        match node:
            case ast.Name(id="v" | "old") | ast.Subscript(value=ast.Name(id="x")):
                return True
        return self.slots.of(node, "Any") is not None

    def value(self, node: ast.expr) -> Node:
        """The same as a node."""
        match node:
            case ast.Name(id="v"):
                return "New"
            case ast.Name(id="old"):
                return "Old"
            case ast.Subscript(value=ast.Name(id="x"), slice=ast.Constant(value=int() as place)):
                return {"Kept": place - 1}
            case ast.Attribute():
                return {"Slot": self.slots.of(node, "Any")}
        return {"Const": ast.literal_eval(node)}

    # -- statements
    def body(self, statements: Sequence[ast.stmt]) -> list[Node]:
        """Statements, one after the other."""
        return [node for statement in statements for node in self.statement(statement)]

    def statement(self, s: ast.stmt) -> Iterator[Node]:  # noqa: C901, PLR0912  # one case per form
        """One statement; an assignment of several values is several."""
        match s:
            case ast.Pass():
                return
            case ast.Break():
                yield "Break"
            case ast.If(test=test, body=body, orelse=orelse):
                yield {"If": [self.number(test), self.body(body), self.body(orelse)]}
            case ast.While(test=test, body=body):  # it ends with a break
                yield {"Once": [self.number(test), self.body(body)]}
            case ast.Return(value=ast.Tuple(elts=parts) | ast.List(elts=parts)):
                yield {"Answer": self.numbers(parts)}
            case ast.Return(value=ast.Call(func=ast.Name(id="Standing"), args=parts)):
                yield {"Answer": self.numbers(parts)}
            case ast.Return(value=ast.expr() as value):
                yield {"Return": self.number(value)}
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                for target, value in zip(targets, values, strict=True):  # none of these reads what another has set
                    yield self.assign(target, value)
            case ast.Assign(targets=[target], value=value):
                yield self.assign(target, value)
            case ast.AugAssign(target=ast.Subscript(value=ast.Name(id="n"), slice=place)):
                yield {"Count": ast.literal_eval(place)}
            case ast.AugAssign(target=target, op=op, value=value):
                yield self.put(target, {SIMPLE[type(op)]: [self.number(target), self.number(value)]})
            case ast.Delete(targets=[ast.Subscript(value=value)]):
                oldest = self.slots.of(value, "List")
                yield {"DropFirst": self.held(value)} if oldest is None else {"DropOldest": oldest}
            case ast.Expr(value=ast.Call() as call):
                yield self.effect(call)
            case _:
                raise Unsupported(ast.unparse(s))

    def assign(self, target: ast.expr, value: ast.expr) -> Node:
        """To a local, a slot, or one of a slot's values."""
        if isinstance(target, ast.Name) and target.id == "old":
            return {"Remember": self.slots.of(value, "Any")}
        if isinstance(target, ast.Subscript):
            return {"Put": [self.held(target.value), self.value(target.slice)]}
        if (place := self.slots.of(target, "Any")) is not None:
            return {"SetValue": [place, self.value(value)]}
        if (place := self.slots.of(target, "List")) is not None:
            copied = isinstance(value, ast.Subscript) and self.slots.of(value.value, "List")
            return {"Clear": place} if copied is False else {"CopyList": [place, copied]}
        if (place := self.slots.of(target, "Held")) is not None:
            return {"CopyHeld": [place, self.held(value.args[0])]} if isinstance(value, ast.Call) else {"Empty": place}
        return self.put(target, self.number(value))

    def put(self, target: ast.expr, number: Node) -> Node:
        """A number, to a local or a slot."""
        if isinstance(target, ast.Name):
            return {"SetLocal": [self.local(target.id), number]}
        return {"SetSlot": [self.slots.of(target, "Int"), number]}

    def effect(self, call: ast.Call) -> Node:
        """A call whose answer nobody wants."""
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="out")), args=[ast.Tuple(elts=parts)]):
                return {"Row": self.numbers(parts)}
            case ast.Call(func=ast.Attribute(value=slot, attr="append")):
                return {"Push": self.slots.of(slot, "List")}
            case ast.Call(func=ast.Attribute(value=slot, attr="pop"), args=[value, _]):
                return {"Forget": [self.held(slot), self.value(value)]}
            case ast.Call(func=ast.Name(id=name), args=[_, _, value]) if name.startswith("set_"):
                return {"Give": [self.functions[name], self.value(value)]}
        return {"Do": self.number(call)}


def bits(node: ast.expr) -> list[ast.expr]:
    """The tests of `test << 0 | test << 1 ...`: a census may have more of them than a number has bits."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*bits(node.left), *bits(node.right)]
    assert isinstance(node, ast.BinOp)
    return [node.left]


def tests_of(tests: Tests) -> list[Node]:
    """Each with its constant; those of a text are a list."""
    names = {"starts_with": "StartsWith", "ends_with": "EndsWith", "at_least": "AtLeast", "less_than": "LessThan"}
    texts = ("starts_with", "ends_with")
    return [
        {names.get(op, op.capitalize()): [constant] if op in texts and isinstance(constant, str) else constant}
        for op, constant in tests
    ]


def source_of(attribute: Attribute, how: str, what: Any) -> Node:
    """Where the new value of an attribute comes from; that of a constant is known."""
    if how == "const":
        return {"Const": new_value(attribute, what)}
    kept = {"default": attribute.default, "values": attribute.values, "otherwise": attribute.otherwise}
    return {"Property": {"name": what, "kind": attribute.type, **kept}}


def reader_of(wheres: Sequence[Any], values: Sequence[Any], sources: Sequence[Any]) -> Node:
    """What `streams.engine.reader.Reader.spec` says."""
    return {
        "wheres": [
            [{"name": n, "kind": kind, "tests": tests_of(tests)} for n, kind, tests in where] for where in wheres
        ],
        "values": values,
        "sources": [source_of(*source) for source in sources],
    }


def lower(program: Program) -> Node:
    """Slots, functions and tests of one journey. Raises Unsupported."""
    functions = [f for f in ast.parse(program.source).body if isinstance(f, ast.FunctionDef)]
    places = {f.name: i for i, f in enumerate(functions)}
    (tests, readers), slots = program.specs, Slots(program)
    for f in functions:
        if f.name == "census":
            (returned,) = f.body
            assert isinstance(returned, ast.Return)
            assert returned.value is not None
            returned.value = ast.List(bits(returned.value), ast.Load())
    numbered = {name: i for i, name in enumerate(tests)}
    return {
        "fields": slots.fields,
        "functions": [Lowering(slots, places, numbered).lower(f) for f in functions],
        "tests": [tests_of(some) for some in tests.values()],
        "entries": {name: places[name] for name in ("every", "due", "next_due", "describe", "census", "places")},
        "instances": len(program.instances),
        "history": program.plan.history_ms is not None,
        "handlers": [
            {
                "touch": places[f"touch_{name}"],
                "apply": places[f"on_{name}"],
                "sets": [(bit, at - 1, places[put.__name__]) for bit, at, put in handler.sets],
                "read": None if handler.read is None else reader_of(*readers[name]),
            }
            for name, handler in program.handlers.items()
        ],
    }
