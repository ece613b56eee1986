"""Pretty-printers of GDB for Flux.

    (gdb) source extras/debuggers/flux_gdb.py
    (gdb) print block
    $1 = block 12, generation 3
    (gdb) print *pool
    $2 = flux::Pool with 2 chunks, 64 blocks = {chunk 1 = 1 MiB, block 1 = resident "teapot", chunk 1 +0, 4096 bytes, …}

They read memory only: nothing is called in the program, so that they work on core files and in any thread. A pool is
read as the geometry thread left it; stop that thread first.
"""

import gdb
import gdb.printing

STATES = ("free", "absent", "resident", "lost")


def enumerator(value):
    """The name of an enumerator without its scope; the number of a value that has none."""
    text = str(value)
    return text.rsplit("::", 1)[-1]


def block(handle):
    if int(handle["generation"]) == 0:
        return "no block"
    return f"block {int(handle['index'])}, generation {int(handle['generation'])}"


def part(number):
    index, generation = number & 0xFFFF, number >> 16
    return f"part {index}" + (f", generation {generation}" if generation else "")


def size(count):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def place(chunk, offset, count):
    return f"chunk {chunk} +{offset}, {size(count)}" if count else "nowhere"


def text(array):
    """A name in a std::array<char, N> that ends with a zero."""
    return array["_M_elems"].string(errors="replace")


def complete(value):
    """Whether the debugger knows what the type has in it; not, if the library was compiled without that."""
    return bool(value.type.strip_typedefs().fields())


class Line:
    """Prints as what `line` makes of the value, without children."""

    def __init__(self, value, line):
        self.value, self.line = value, line

    def to_string(self):
        return self.line(self.value)


def error(value):
    where = value["where"]["_M_impl"]
    result = f"{enumerator(value['code'])} \"{text(value['resource'])}\""
    if int(value["nativeCode"]):
        result += f", native code {int(value['nativeCode'])}"
    if int(value["handle"]["generation"]):
        result += f", {block(value['handle'])}"
    if int(where):
        call = where.dereference()
        result += f", asked for in {call['_M_file_name'].string()}:{int(call['_M_line'])}"
    return result


def lookup(value):
    found = enumerator(value["status"])
    where = value["place"]
    if int(where["bytes"]) == 0:
        return found
    return (f"{found}: {block(value['block'])}, version {int(value['version'])}, "
            f"{place(int(where['chunk']), int(where['offset']), int(where['bytes']))}")


def hot_record(value):
    packed = int(value["chunkAndState"])
    state = packed >> 8 & 0xF
    result = f"{STATES[state] if state < len(STATES) else state}, generation {int(value['generation'])}"
    units = int(value["sizeUnits"])
    return result + (f", {place(packed >> 12, int(value['offsetUnits']) * 16, units * 16)}" if units else "")


def frame(value):
    record = value["record_"]
    if int(record) == 0:
        return "no frame"
    known = complete(record.dereference())
    label = f"frame \"{record['label'].string()}\"" if known else "frame"
    return f"{label} of snapshot {int(value['view_']['number'])}"


def shared(value):
    if int(value["thing_"]) == 0:
        return "nothing shared"
    held = value["value_"]
    held = block(held) if held.type.strip_typedefs().name == "flux::BlockHandle" else f"object {int(held):#x}"
    return f"a count of {held}"


class ResultPrinter:
    """A Result, be it std::expected or tl::expected: what it has, or why it has nothing."""

    def __init__(self, value):
        fields = {field.name for base in bases(value.type) for field in base.fields()}
        names = ("_M_has_value", "_M_val", "_M_unex") if "_M_has_value" in fields else ("m_has_val", "m_val", "m_unexpect")
        self.good = bool(value[names[0]])
        self.held = None
        if not self.good:
            self.held = value[names[2]]
            if names[2] == "m_unexpect":
                self.held = self.held["m_val"]
        elif value.type.strip_typedefs().template_argument(0).code != gdb.TYPE_CODE_VOID:
            self.held = value[names[1]]

    def to_string(self):
        return "good" if self.good else "failed"

    def children(self):
        if self.held is not None:
            yield "value" if self.good else "error", self.held


def bases(kind):
    """The type, and all that it derives from, and their unnamed unions."""
    yield kind
    for field in kind.fields():
        if field.is_base_class or field.name is None:
            yield from bases(field.type)


class PoolPrinter:
    """A pool, with its chunks and its live blocks."""

    def __init__(self, value):
        _, implementation = next(iter(gdb.default_visualizer(value["impl_"]).children()))
        self.impl = implementation.dereference()
        if not complete(self.impl):
            self.impl = None

    def to_string(self):
        if self.impl is None:
            return "flux::Pool, of a library without debug information"
        chunks = sum(1 for _ in self.chunks())
        blocks = sum(1 for _ in self.live_blocks())
        return f"flux::Pool with {chunks} chunks, {blocks} blocks"

    def children(self):
        if self.impl is None:
            return
        for index, count in self.chunks():
            yield f"chunk {index}", size(count)
        for index, live in self.live_blocks():
            where = live["place"]
            state = place(int(where["chunk"]), int(where["offset"]), int(where["bytes"]))
            yield f"block {index}", f"\"{text(live['name'])}\", generation {int(live['generation'])}, {state}"

    def chunks(self):
        table = self.impl["chunks_"]
        entries = table["entries_"]["memory_"]["base_"].cast(gdb.lookup_type("flux::ChunkInfo").pointer())
        for index in range(int(table["used_"])):
            count = int(entries[index]["bytes"])
            if count:
                yield index, count

    def live_blocks(self):
        blocks = gdb.default_visualizer(self.impl["blocks_"])
        for index, (_, value) in enumerate(blocks.children()):
            if value["live"]:
                yield index, value


LINES = {
    "BlockHandle": block,
    "PartId": lambda value: part(int(value)),
    "QueueValue": lambda value: f"queue {int(value['queue'])} at {int(value['value'])}",
    "Place": lambda value: place(int(value["chunk"]), int(value["offset"]), int(value["bytes"])),
    "Error": error,
    "BlockLookup": lookup,
    "PartLookup": lookup,
    "HotRecord": hot_record,
    "Frame": frame,
}


def printers():
    result = gdb.printing.RegexpCollectionPrettyPrinter("flux")
    for name, line in LINES.items():
        result.add_printer(name, f"^flux::{name}$", lambda value, line=line: Line(value, line))
    result.add_printer("Shared", "^flux::Shared<.*>$", lambda value: Line(value, shared))
    result.add_printer("Result", "^(std|tl)::expected<.*flux::Error>$", ResultPrinter)
    result.add_printer("Pool", "^flux::Pool$", PoolPrinter)
    return result


gdb.printing.register_pretty_printer(None, printers(), replace=True)
