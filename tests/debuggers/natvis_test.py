#!/usr/bin/env python3
"""natvis_test.py FILE FOLDER...: the file is well-formed, and all types and members that it names are in the sources."""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# What expressions have beside members of Flux: C++, the view specifiers of natvis, variables, the array of MSVC's
# std::array.
KNOWN = {"unsigned", "int", "__int64", "this", "flux", "i", "en", "s", "_Elems"}
NAMESPACE = "{http://schemas.microsoft.com/vstudio/debugger/natvis/2010}"


def expressions(element):
    """All C++ in an element."""
    for node in element.iter():
        if "Condition" in node.attrib:
            yield node.attrib["Condition"]
        if node.tag == NAMESPACE + "DisplayString":
            yield from re.findall(r"{([^}]*)}", node.text)
        elif node.tag in (NAMESPACE + "Item", NAMESPACE + "Exec"):
            yield node.text


def main():
    file, *folders = sys.argv[1:]
    sources = "\n".join(path.read_text() for folder in folders for path in sorted(pathlib.Path(folder).rglob("*.hpp")))
    words = set(re.findall(r"\w+", sources))
    types = xml.parse(file).getroot().findall(NAMESPACE + "Type")
    wrong = [] if types else ["no types"]
    for element in types:
        name = element.attrib["Name"]
        own = re.sub(r"<.*>", "", name).split("::")[-1]
        if not re.search(rf"(class|struct)( \w+::)*( | enum )?\b({own}|\w+::{own})\b|enum class {own}\b", sources):
            wrong.append(f"{name}: no such type")
        for expression in expressions(element):
            for word in re.findall(r"[A-Za-z_]\w*", expression):
                if word not in words and word not in KNOWN:
                    wrong.append(f"{name}: nothing is called {word}")
    print("\n".join(wrong) or f"{len(types)} types")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
