#!/usr/bin/env python3
"""Turns a gold file of marked-up notes (see README.md) into JSON lines.

    to_jsonl.py NOTES.txt [OUT.jsonl]     without OUT: standard output
    to_jsonl.py --counts NOTES.txt        marks per class instead

Offsets count Unicode code points of the text without its markup; `end` is
exclusive. Anything malformed is an error, reported as file:line.
"""
import datetime
import json
import re
import sys

CLASSES = frozenset("""
PATIENT_NAME RELATIVE_NAME CLINICIAN_NAME EMPLOYER STREET CITY COUNTY ZIP DATE
AGE PHONE FAX EMAIL SSN MRN HEALTH_PLAN_ID ACCOUNT LICENSE VEHICLE DEVICE URL
IP_ADDRESS BIOMETRIC OTHER_ID HOSPITAL WARD PROFESSION
""".split())

HEADER = re.compile(r"=== (\S+) \| known:(.*) \| birth:(.*)")
TOKEN = re.compile(r"\[\[|\]\]")


class GoldError(Exception):
    pass


def parse_header(line, where):
    match = HEADER.fullmatch(line)
    if not match:
        raise GoldError(f"{where}: header isn't '=== id | known: ... | birth: ...'")
    ident, known_text, birth = match.group(1), match.group(2).strip(), match.group(3).strip()
    values = []
    for item in known_text.split(";") if known_text else []:
        label, equals, value = item.strip().partition("=")
        if not equals or not value:
            raise GoldError(f"{where}: known entry {item.strip()!r} isn't CLASS=value")
        if label not in CLASSES:
            raise GoldError(f"{where}: unknown class {label!r}")
        values.append({"class": label, "value": value})
    if birth:
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", birth):
                raise ValueError
            datetime.date.fromisoformat(birth)
        except ValueError:
            raise GoldError(f"{where}: birth date {birth!r} isn't YYYY-MM-DD") from None
    return {"id": ident, "known": {"values": values, "birth_date": birth or None}}


def parse_body(body, name, first_line):
    """The text without its markup, and its spans."""
    def where(offset):
        return f"{name}:{first_line + body.count(chr(10), 0, offset)}"

    pieces, spans, length, at, opened = [], [], 0, 0, None
    for token in TOKEN.finditer(body):
        piece = body[at:token.start()]
        if token.group() == "[[":
            if opened is not None:
                raise GoldError(f"{where(token.start())}: '[[' inside a mark")
            opened = token.start()
        else:
            if opened is None:
                raise GoldError(f"{where(token.start())}: ']]' without '[['")
            label, bar, piece = piece.partition("|")
            if not bar:
                raise GoldError(f"{where(opened)}: mark without '|'")
            if label not in CLASSES:
                raise GoldError(f"{where(opened)}: unknown class {label!r}")
            if not piece or piece != piece.strip():
                raise GoldError(f"{where(opened)}: mark is empty or has white space at an end")
            spans.append({"start": length, "end": length + len(piece), "label": label})
            opened = None
        pieces.append(piece)
        length += len(piece)
        at = token.end()
    if opened is not None:
        raise GoldError(f"{where(opened)}: '[[' without ']]'")
    pieces.append(body[at:])
    return "".join(pieces), spans


def read_notes(name):
    with open(name, encoding="utf-8", newline="") as file:
        content = file.read()
    if "\r" in content:
        raise GoldError(f"{name}:{content.count(chr(10), 0, content.index(chr(13))) + 1}: carriage return")
    notes, seen, current, body, start = [], set(), None, [], 0

    def close():
        if current is None:
            return
        text, spans = parse_body("\n".join(body).rstrip("\n") + "\n", name, start + 1)
        if not text.strip():
            raise GoldError(f"{name}:{start}: note {current['id']} has no text")
        notes.append({"id": current["id"], "text": text, "spans": spans, "known": current["known"]})

    for number, line in enumerate(content.split("\n"), 1):
        if line.startswith("==="):
            close()
            current, body, start = parse_header(line, f"{name}:{number}"), [], number
            if current["id"] in seen:
                raise GoldError(f"{name}:{number}: second note with id {current['id']}")
            seen.add(current["id"])
        elif current is not None:
            body.append(line)
        elif line.strip():
            raise GoldError(f"{name}:{number}: text before the first header")
    close()
    return notes


def main(arguments):
    counts = arguments[:1] == ["--counts"]
    if counts:
        arguments = arguments[1:]
    if len(arguments) not in ((1,) if counts else (1, 2)):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        notes = read_notes(arguments[0])
    except (GoldError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    if counts:
        per_class = dict.fromkeys(sorted(CLASSES), 0)
        for note in notes:
            for span in note["spans"]:
                per_class[span["label"]] += 1
        for label, count in per_class.items():
            print(f"{label:16}{count:6}")
        print(f"{'notes':16}{len(notes):6}")
        return 0
    lines = "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in notes)
    if len(arguments) == 2:
        with open(arguments[1], "w", encoding="utf-8", newline="") as out:
            out.write(lines)
    else:
        sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
