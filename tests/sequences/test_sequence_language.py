"""The subset of Python: it does the same as Python, or refuses before anything runs."""

from __future__ import annotations

import contextlib
import io
import textwrap
import threading
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pandadb.sequences.language import memory
from pandadb.sequences.language.builtin_names import names_for
from pandadb.sequences.language.programs import parse_program
from pandadb.sequences.language.refusals import refuse
from pandadb.sequences.language.statements import Interpreter
from pandadb.sequences.sections import InvalidSequence, parse_sequence
from pandadb.sequences.sequence_run import SequenceRun
from pandadb.sequences.step_scripts import ScriptRunner, Stopped

pytestmark = pytest.mark.any_server

SAME = Path(__file__).with_name("python_samples.txt").read_text().split("# ---\n")


def run_here(text: str) -> str:
    """Run a sequence by the interpreter; return what it prints."""
    printed: list[str] = []
    file = parse_sequence(Path("seq.txt"), f"### Sequence\n{text}\n")
    program = parse_program(file)
    refuse(program, steps=())
    run = SequenceRun(ScriptRunner(printed.append), printed.append)
    names = names_for(run, is_python2=program.is_python2)
    Interpreter(names, run.check).run(program.tree)
    return "".join(printed)


def run_by_python(text: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(textwrap.dedent(text), {})
    return out.getvalue()


@pytest.mark.parametrize("text", SAME)
def test_the_interpreter_does_what_python_does(text: str) -> None:
    assert run_here(text) == run_by_python(text)


NUMBERS = st.integers(-5, 50) | st.booleans()
OPERATORS = ("+", "-", "*", "//", "%", "<", "==", "and", "or", "in", "is")
EXPRESSIONS = st.recursive(
    NUMBERS.map(repr) | st.sampled_from(["'a'", "''", "[]", "(1, 2)", "None"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(
            lambda three: "({} {} {})".format(*three)
        ),
        st.tuples(inner, inner, inner).map(lambda t: "({} if {} else {})".format(*t)),
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        inner.map(lambda one: f"(not {one})"),
        st.tuples(inner, inner).map(lambda two: "(lambda x: [x, {1}])({0})".format(*two)),
    ),
    max_leaves=12,
)


@settings(deadline=None)  # a busy machine is no fault
@given(EXPRESSIONS)
def test_any_expression_has_the_same_value_or_error(text: str) -> None:
    program = (
        f"try:\n    print(repr({text}))\n"
        "except Exception as e:\n    print('error', isinstance(e, TypeError))"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of `is` with a number
        assert run_here(program) == run_by_python(program)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import os", "line 2: import is refused"),
        ("from os import path", "line 2: import is refused"),
        ("from time import _x", "line 2: import is refused"),
        ("x = 1\nwith x: pass", "line 3: with is refused"),
        ("async def f(): pass", "line 2: async is refused"),
        ("def f(): yield 1", "line 2: yield is refused"),
        ("@f\ndef g(): pass", "decorators are refused"),
        ("eval('1')", "line 2: eval is refused"),
        ("''.__class__", "line 2: the attribute __class__ is refused"),
        ("__builtins__", "line 2: __builtins__ is refused"),
        ("sys.path", "line 2: sys is refused"),
    ],
)
def test_the_rest_of_python_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSequence, match=sentence):
        run_here(text)


@pytest.mark.parametrize(
    "text",
    [
        "'{0.__class__}'.format(1)",
        "'{x.__class__}'.format_map({'x': 1})",
        "getattr('', '__class__')",
        "getattr(str, 'mro')",
        "str.format",
        "getattr(print, '__globals__')",
        "(lambda: 1).x",
        "time.sleep = 1",
        "[].x = 1",
        "del time.sleep",
    ],
)
def test_attributes_are_those_of_a_list(text: str) -> None:
    with pytest.raises(AttributeError):
        run_here(text)


@pytest.mark.parametrize("text", ["2 ** 10 ** 9", "1 << 10 ** 9", "pow(9, 10 ** 9)"])
def test_large_values_of_small_ones_are_refused(text: str) -> None:
    with pytest.raises(OverflowError):
        run_here(f"n = 1\nprint({text} * n)")
    with pytest.raises(MemoryError):
        run_here("n = 10 ** 9\nprint(len('abc' * n))")


@pytest.mark.parametrize(
    "text",
    [
        "sum(range(10 ** 12))",
        "list(iter(range(10 ** 12)))",
        "max(0, *[1], *(2,)) in [].count(range(10 ** 12)) or sorted(range(10 ** 12))",
        "'%1000000000d' % 1",
        "'%.1000000000f' % 1.5",
        "'%*d' % (10 ** 9, 1)",
        "f'{1:{10 ** 9}}'",
        "'{:1000000000}'.format(1)",
        "'{:{}}'.format(1, 10 ** 9)",
        "format(1, '1000000000')",
        "'a'.rjust(10 ** 9)",
        "','.join(['a' * 10 ** 6] * 100)",
        "('a' * 10 ** 5).replace('a', 'b' * 10 ** 4)",
        "('\\t' * 10 ** 5).expandtabs(10 ** 4)",
        "bytes(10 ** 9)",
        "list(map(None, xrange(10 ** 12)))",
    ],
)
def test_lengths_have_a_limit(text: str) -> None:
    with pytest.raises(MemoryError, match="too long for a sequence"):
        run_here(f"print(len(str({text})))")


@pytest.mark.parametrize(
    "text",
    [
        "s = 'a' * 10 ** 7\nwhile True: s += s",
        "s = 'a' * 10 ** 7\nwhile True: s = s + s",
        "l = [1] * 10 ** 7\nwhile True: l.extend(l)",
    ],
)
def test_a_value_that_doubles_again_and_again_ends_with_an_error(text: str) -> None:
    with pytest.raises(MemoryError, match="too long for a sequence"):
        run_here(text)


@pytest.mark.parametrize(
    "text",
    [
        "l = []\nwhile True: l.append(0)",
        "[n for n in range(10 ** 12)]",
        "{n: n for n in range(10 ** 12)}",
        "list(n for n in range(10 ** 12))",
        "list(iter(lambda: 1, 2))",
    ],
)
def test_a_sequence_that_fills_the_memory_ends_with_an_error(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LARGEST", 1 << 20)  # which this process has already
    with pytest.raises(MemoryError, match="has filled the memory"):
        run_here(text)


@pytest.mark.parametrize(
    "text",
    ["[n for n in range(10 ** 12)]", "list(iter(int, 1))", "sum(n for n in range(10 ** 12))"],
)
def test_a_list_without_end_ends_with_its_sequence(text: str) -> None:
    run = SequenceRun(ScriptRunner(str), str)
    calls = iter(range(100))

    def check() -> None:
        if next(calls, None) is None:
            run.stopped.set()
        run.check()

    program = parse_program(parse_sequence(Path("seq.txt"), f"### Sequence\n{text}\n"))
    interpreter = Interpreter(names_for(run), check)
    timer = threading.Timer(0.2, run.stopped.set)
    timer.start()
    with pytest.raises(Stopped):
        interpreter.run(program.tree)
    timer.cancel()


def test_long_ranges_are_gone_through_by_loops() -> None:
    text = "for n in range(10 ** 12):\n    if n > 2: break\nprint(n, len(range(10 ** 12)))"
    assert run_here(text) == "3 1000000000000\n"
    assert run_here("print('run 12345678901: %5.2f%%' % 7)") == "run 12345678901:  7.00%\n"


def test_a_name_that_the_sequence_binds_is_its_own() -> None:
    text = "open = 5\ndef f(file): return file\nprint(open, f(6), [os for os in [7]])"
    assert run_here(text) == "5 6 [7]\n"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("print 'a', 1,\nprint 'b'", "a 1 b\n"),
        ("if 1:\n\tprint 1\n        print 2", "1\n2\n"),
        ("print 7 / 2, -7 / 2, 7.0 / 2, 0777, 10L", "3 -4 3.5 511 10\n"),
        ("n = 7\nn /= 2\nprint n, u'x', `n`", "3 x 3\n"),
        ("d = {'a': 1}\nk = d.keys()\nk.sort()\nprint k, d.has_key('a')", "['a'] True\n"),
        ("try:\n    raise KeyError, 'x'\nexcept KeyError, e:\n    print e.args[0]", "x\n"),
        ("print map(str, xrange(2)), unicode(5) <> '5'", "['0', '1'] False\n"),
        ("print 'a',\nprint\nprint 'b\\n',\nprint 'c'", "a\nb\nc\n"),
        (
            "a = [9]\na[0] /= 2\nprint a, 1 / 3.0, `0.1`, '%s' % 1e11",
            "[4] 0.333333333333 0.1 1e+11\n",
        ),
        (
            "print None < 1, 'a' > 1, sorted([2, None, 'a']), min('a', 1)",
            "True True [None, 2, 'a'] 1\n",
        ),
        ("print [2, 1].sort(lambda x, y: x - y), cmp([1, 'a'], [1, 2])", "None 1\n"),
        (
            "print [x for x in 'ab'], x, [[y for y in 'c'] for z in 'd'], y, z",
            "['a', 'b'] b [['c']] c d\n",
        ),
        ("def f(l): return [sum([x for x in l]) for l in l]\nprint f([[1, 2]])", "[3]\n"),
        ("print list(sum([x for x in l]) for l in [[1, 2]])", "[3]\n"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError, e: pass\nprint e.message",
            "integer division or modulo by zero\n",
        ),
        ("print 'a'.encode('utf-8'), 'a'.encode('hex'), '61'.decode('hex')", "a 61 a\n"),
        (
            "print round(2.5), oct(8), filter(None, (0, 1)), map(None, [1], [2, 3])",
            "3.0 010 (1,) [(1, 2), (None, 3)]\n",
        ),
        ("print iter([7]).next(), {'a': 1}.iteritems().next()", "7 ('a', 1)\n"),
        (
            "print {1: 2} < {1: 3}, {} < {1: 1}, [] < (), coerce(1, 2.0), set([1])",
            "True True True (1.0, 2.0) set([1])\n",
        ),
        (
            "try: print 'a', nothing\nexcept NameError: print 'b'\nprint 1 < 'a' == 'a', 1 < 2 < 1",
            "a b\nTrue False\n",
        ),
        (
            "e = ValueError('x')\nprint [e], `'\xe4'`, 2 ** 64, `2 ** 64`, '%s%r' % (set(), e)",
            "[ValueError('x',)] '\\xc3\\xa4' 18446744073709551616 18446744073709551616L "
            "set([])ValueError('x',)\n",
        ),
        (
            "a = []\na.append(a)\nprint a, frozenset([1]), b'x', '{0}{0:.1f}'.format(1 / 3.0)",
            "[[...]] frozenset([1]) x 0.3333333333330.3\n",
        ),
        (
            "try: raise OSError, 'x', None\nexcept OSError, e: print e, issubclass(int, bool)",
            "x False\n",
        ),
        ("print 'abc'.translate(None, 'b'), round(15, -1), pow(2, 3, 5)", "ac 20.0 3\n"),
    ],
)
def test_python_2_is_converted_where_python_3_refuses_it(text: str, printed: str) -> None:
    assert run_here(text) == printed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("for i in xrange(1): print(7 / 2)", "3\n"),
        ("print({'a': 1}.has_key('a'), 2)", "(True, 2)\n"),
        ("print(7 / 2, xrange(1), end='')", "3.5 range(0, 1)"),
        ("xrange = 1\nprint(7 / 2)", "3.5\n"),
        ("print('a'), 7 / 2", "a 3\n"),
        ("print\nprint(7 / 2)", "\n3\n"),
        ("import sys\nprint >>sys.stdout, 7 / 2", "3\n"),
    ],
)
def test_names_of_python_2_make_a_section_one_of_python_2(text: str, printed: str) -> None:
    """Unless Python 2 refuses it, or the names are its own."""
    assert run_here(text) == printed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("try: exit(3)\nexcept SystemExit as e: print(e.code)", "3\n"),
        ("try: raise KeyboardInterrupt\nexcept: print('any')", "any\n"),
        ("import sys\nsys.stdout.write('a')\nprint('b', file=sys.stdout)", "ab\n"),
        (
            "import time as t\nfrom sys import exit as end\ntry: end(t.sleep(0))\n"
            "except SystemExit: print('b')",
            "b\n",
        ),
    ],
)
def test_an_exit_can_be_caught_and_standard_output_be_written(text: str, printed: str) -> None:
    assert run_here(text) == printed


def test_python_3_stays_as_it_is() -> None:
    assert run_here("print(7 / 2)") == "3.5\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = = 1", "line 2: SyntaxError"),
        ("x = 1\n\n# remark\nif x\n    pass", "line 5: SyntaxError"),
        ("break", "line 2: SyntaxError: 'break' outside loop"),
        ("print 'a", "line 2: SyntaxError"),
        ("(" * 300 + ")" * 300, "SyntaxError|too deeply"),
    ],
)
def test_an_error_of_syntax_has_the_line_of_the_file(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSequence, match=sentence):
        run_here(text)
