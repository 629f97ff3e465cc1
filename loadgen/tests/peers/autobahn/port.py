"""Takes Autobahn|Testsuite 25.10.1 from Python 2 to 3, after lib2to3 has translated what can be translated by rule.

usage: port.py SUITE AUTOBAHN, the folders of the packages autobahntestsuite (translated) and autobahn.

What is left is bytes and text, which are one type in Python 2. Cases keep payloads in text of which each character is a
byte (Latin-1); they are encoded where they go to the wire, and decoded where they come from it. No case is changed in
what it sends or asks for. A change that finds no place is an error: it is another version then.
"""

import sys
from pathlib import Path

HEX = """\
def _hx(d):
   import binascii
   return binascii.hexlify(d.encode('latin-1') if isinstance(d,str) else bytes(d)).decode()
"""

# Between the cases and the library's methods that write.
ENCODING = """\
@staticmethod
   def _b(x):
      return x.encode('latin-1') if isinstance(x, str) else x

   def sendFrame(self, opcode, payload=b'', *a, **k):
      return self._base.sendFrame(self, opcode, self._b(payload), *a, **k)

   def sendMessage(self, payload, *a, **k):
      return self._base.sendMessage(self, self._b(payload), *a, **k)

   def sendMessageFrameData(self, payload, *a, **k):
      return self._base.sendMessageFrameData(self, self._b(payload), *a, **k)

   def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
      return self._base.sendCloseFrame(self, code, self._b(reasonUtf8), isReply)

   def executeContinueLater(self, fun, tag):"""

# File, what is there, what takes its place.
SUITE = [
    # Equal objects need not have equal pickles any more.
    ("case/case.py", "pickle.dumps(obj1) == pickle.dumps(obj2)", "obj1 == obj2"),
    ("case/case6_x_x.py", "v.validate(vss[:i])", "v.validate(vss[:i].encode('latin-1'))"),
    # Interfaces are declared in another way in Python 3, and nothing asks for this one.
    ("case/case9_9_1.py", "from zope.interface import implements", ""),
    ("case/case9_9_1.py", "implements(interfaces.IPushProducer)", "pass"),
    (
        "case/case10_1_1.py",
        "len(self.payload) / self.p.autoFragmentSize",
        "len(self.payload) // self.p.autoFragmentSize",
    ),
    # For a mode that is not used, and it does not load.
    ("wstest.py", "from . import serializer", "serializer=None"),
    (
        "fuzzing.py",
        "return dd.decode('utf8', errors = 'replace' if replace else 'strict')",
        "return (dd.encode('latin-1') if isinstance(dd,str) else dd)"
        ".decode('utf8', errors = 'replace' if replace else 'strict')",
    ),
    ("fuzzing.py", "p = ''.join(payload)", "p = b''.join(payload)"),
    ("fuzzing.py", "def executeContinueLater(self, fun, tag):", ENCODING),
    ("fuzzing.py", "self.runCase.onPong(payload)", "self.runCase.onPong(payload.decode('latin-1'))"),
    (
        "fuzzing.py",
        "self.runCase.onMessage(msg, binary)",
        "self.runCase.onMessage(msg if self.runCase.__class__.__name__.startswith(('Case12','Case13')) "
        "else msg.decode('latin-1'), binary)",
    ),
    *(
        (
            "fuzzing.py",
            f"class Fuzzing{side}Protocol(FuzzingProtocol, WebSocket{side}Protocol):\n",
            f"class Fuzzing{side}Protocol(FuzzingProtocol, WebSocket{side}Protocol):\n\n"
            f"   _base = WebSocket{side}Protocol\n",
        )
        for side in ("Server", "Client")
    ),
    # The HTML reports are not translated; the JSON ones tell the same.
    ("fuzzing.py", "if produceHtml:", "if False:"),
    ("fuzzing.py", "json.dumps(res, sort_keys", "json.dumps(res, default=repr, sort_keys"),
    ("fuzzing.py", "json.dumps(case, sort_keys", "json.dumps(case, default=repr, sort_keys"),
]
AUTOBAHN = [
    ("websocket/protocol.py", "range(payload_len / len(payload))", "range(payload_len // len(payload))"),
]


def edit(path, change):
    before = path.read_text(encoding="utf8")
    after = change(before)
    if after != before:
        path.write_text(after, encoding="utf8")


def replace(folder, changes):
    for name, old, new in changes:
        def change(text):
            if old not in text:
                sys.exit(f"{folder / name} has no {old!r}")
            return text.replace(old, new)

        edit(folder / name, change)


def hexlify(source):
    """Takes text as well as bytes into hexlify."""
    source = source.replace("binascii.b2a_hex(", "_hx(").replace("(object, Case, )", "(Case, )")
    return HEX + source if "_hx(" in source else source


def as_latin_1(source):
    """Literals beyond ASCII stand for their bytes in UTF-8."""

    def line(text):
        if text.isascii() or text.lstrip().startswith("#"):
            return text
        return "".join(c if c.isascii() else "".join(f"\\x{b:02x}" for b in c.encode()) for c in text)

    return "\n".join(map(line, source.split("\n")))


def main(suite, autobahn):
    cases = sorted((suite / "case").glob("*.py"))
    for path in cases:
        edit(path, as_latin_1)
    for path in [*cases, *(suite / name for name in ("fuzzing.py", "caseset.py", "util.py"))]:
        edit(path, hexlify)
    replace(suite, SUITE)
    replace(autobahn, AUTOBAHN)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
