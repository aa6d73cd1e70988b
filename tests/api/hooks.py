"""What Schemathesis is told beyond the description: whose tokens, a known good request for each operation, and forms of
which the rules accept some; and the tally of what was answered.

SCHEMATHESIS_HOOKS names this file, KNOWN the city that is asked (`city`), TALLY where the tally is written.
"""

from __future__ import annotations

import atexit
import collections
import itertools
import json
import os
import pathlib
import zlib
from typing import Any

import schemathesis
from schemathesis import auths
from schemathesis.generation import GenerationMode

KNOWN: dict[str, Any] = json.loads(pathlib.Path(os.environ["KNOWN"]).read_text(encoding="utf-8"))
TURNS = itertools.cycle(KNOWN["tokens"])
TALLY: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
OPEN = "POST /api/v1/registers/{register}/records"
OPENING = "POST /api/v1/registers/{register}/statements"
TAKE = "POST /api/v1/records/{record}/steps/{step}"
TAKING = "POST /api/v1/records/{record}/steps/{step}/statements"
#: What leaves nothing for others to ask for is asked when the known good requests are through.
LATER = ("POST /api/v1/sessions/end",)
#: An alert that is a test, which acts nowhere.
WARNING = (
    b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>CD-9</identifier><sender>alert@cd.example</sender>'
    b"<sent>2026-11-27T09:00:00+08:00</sent><status>Test</status><msgType>Alert</msgType><scope>Public</scope></alert>"
)
#: What is told of a record beside itself.
OF_A_RECORD = ("files", "history", "linked", "paper", "signatures")


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """Tokens of one owner in turn."""

    def get(self, case: Any, context: Any) -> str:
        return next(TURNS)

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


def good(label: str) -> dict[str, Any]:
    """A request that is accepted, whatever was asked before."""
    record, step = KNOWN["faults"][0], KNOWN["step"]
    key, media = {"Idempotency-Key": f"good {label}".encode().hex()[:64]}, {"media_type": "application/json"}
    fault = {"path_parameters": {"register": "fault"}, "headers": key, "body": {"fill": KNOWN["fills"]["fault"]}, **media}
    taken = {"path_parameters": {"record": record, "step": step}, "body": KNOWN["take"], **media}
    person, section = {"person": KNOWN["people"][0]}, {"unit": KNOWN["section"]}
    newcomer = {"name": "吳小美", "title": "科員", "login": "wu.xm", "mail": "wu@house.example", "unit": KNOWN["unit"]}
    terminal = {"name": "終端機", "fingerprint": "fedcba9876543210" * 4}
    batch = {"steps": [{"record": record, "step": step, "seen": KNOWN["take"]["seen"], "outcome": "done"}]}
    words: dict[str, dict[str, Any]] = {
        "GET /api/v1/audit/entries/{entry}": {"path_parameters": {"entry": "3"}},
        "GET /api/v1/audit/entries/{entry}/proof": {"path_parameters": {"entry": "3"}},
        "GET /api/v1/audit/records/{record}/bundle": {"path_parameters": {"record": KNOWN["file"]["record"]}},
        "GET /api/v1/lines": {"query": {"address": "198.51.100.0/24"}},
        "GET /api/v1/lines/bundle": {"query": {"address": "198.51.100.0/24"}},
        "GET /api/v1/lines/query": {"query": {"statement": "SELECT count(*) FROM lines"}},
        "GET /api/v1/lines/{receiver}/{number}": {"path_parameters": {"receiver": "syslog-tcp-unknown", "number": "0"}},
        "GET /api/v1/alarms/{alarm}": {"path_parameters": {"alarm": KNOWN["alarm"]}},
        "POST /api/v1/alarms/{alarm}/acknowledge": {
            "path_parameters": {"alarm": KNOWN["alarm"]}, "body": {"note": "查看中"}, **media
        },
        "POST /api/v1/alarms/{alarm}/settle": {
            "path_parameters": {"alarm": KNOWN["alarm"]}, "body": {"reason": "誤報"}, **media
        },
        "GET /api/v1/sources": {},
        "GET /api/v1/sources/months/{month}": {"path_parameters": {"month": "2026-11"}},
        "GET /api/v1/people/{person}": {"path_parameters": person},
        "GET /api/v1/registers/{register}/export": {
            "path_parameters": {"register": "fault"}, "query": {"format": "csv"}
        },
        "GET /api/v1/units/{unit}": {"path_parameters": section},
        "POST /api/v1/batches": {"headers": key, "body": KNOWN["batch"], **media},
        "POST /api/v1/batches/statements": {"body": batch, **media},
        "POST /api/v1/drafts/forget": {"body": {"form": KNOWN["draft"]}, **media},
        "POST /api/v1/people": {"headers": key, "body": newcomer, **media},
        "POST /api/v1/people/{person}/acts": {
            "path_parameters": person, "headers": key, "body": {"clear": {"grade": "restricted"}}, **media
        },
        "POST /api/v1/people/{person}/sessions/end": {"path_parameters": {"person": KNOWN["signed_in"]}},
        "POST /api/v1/people/{person}/tokens/{token}/revoke": {
            "path_parameters": {"person": KNOWN["signed_in"], "token": KNOWN["theirs"]}
        },
        "POST /api/v1/sessions/{session}/end": {"path_parameters": {"session": KNOWN["sessions"][0]}},
        "POST /api/v1/terminals": {"headers": key, "body": terminal, **media},
        "POST /api/v1/terminals/{terminal}/remove": {"path_parameters": {"terminal": KNOWN["terminal"]}},
        "POST /api/v1/tokens/{token}/revoke": {"path_parameters": {"token": KNOWN["spare_tokens"][0]}},
        "POST /api/v1/units": {"headers": key, "body": KNOWN["names"], **media},
        "POST /api/v1/units/{unit}/acts": {
            "path_parameters": section, "headers": key, "body": {"change": {**KNOWN["names"], "code": "902"}}, **media
        },
        "GET /api/v1/clauses/{clause}": {"path_parameters": {"clause": KNOWN["clauses"][0]}},
        "POST /api/v1/files": {
            "query": {"name": "a.txt"}, "body": b"a", "media_type": "application/octet-stream"
        },
        "POST /api/v1/lines": {"body": b"<13>a line of a program", "media_type": "application/octet-stream"},
        "POST /api/v1/warnings": {"body": WARNING, "media_type": "application/cap+xml"},
        "POST /api/v1/notices/{entry}/read": {"path_parameters": {"entry": KNOWN["notices"][0]}},
        "GET /api/v1/people": {"query": {"q": "王", "role": "unit_head"}},
        "GET /api/v1/records/{record}": {"path_parameters": {"record": record}},
        "GET /api/v1/records/{record}/files/{digest}": {"path_parameters": KNOWN["file"]},
        "GET /api/v1/records/{record}/offers": {"path_parameters": {"record": record}},
        **{f"GET /api/v1/records/{{record}}/{part}": {"path_parameters": {"record": record}} for part in OF_A_RECORD},
        "GET /api/v1/registers/{register}": {"path_parameters": {"register": "fault"}},
        "GET /api/v1/registers/{register}/records": {
            "path_parameters": {"register": "fault"}, "query": {"q": "主機", "sort": "-happened", "size": "25"}
        },
        "GET /api/v1/search": {"query": {"q": "主機"}},
        OPEN: fault, OPENING: fault, TAKE: {**taken, "headers": key}, TAKING: taken,
    }  # fmt: skip
    return words.get(label, {})


@schemathesis.hook
def before_add_examples(context: Any, examples: list[Any]) -> None:
    """Each operation is asked once for what it surely gives. A case that is made here gets its token here."""
    operation = context.operation
    if operation.label in LATER:
        return
    case = operation.Case(**good(operation.label))
    auths.set_on_case(case, auths.AuthContext(operation=operation, app=None), None)
    examples.append(case)


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Half of the forms that are filed have all that the rules ask, with whatever was drawn as their texts. Drawn at
    random, none would."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or not isinstance(case.body, dict):
        return case
    drawn = zlib.crc32(json.dumps(case.body, sort_keys=True, default=str).encode())
    if drawn % 2 == 0:
        return case
    words = list(texts(case.body)) or ["機房"]
    if context.operation.label in (OPEN, OPENING):
        register = sorted(KNOWN["fills"])[drawn // 2 % len(KNOWN["fills"])]
        case.path_parameters["register"] = register
        drawn_texts = dict(zip(KNOWN["texts"][register], words, strict=False))
        case.body = {"fill": KNOWN["fills"][register] | drawn_texts}
    if context.operation.label in (TAKE, TAKING):
        case.path_parameters.update(record=KNOWN["faults"][drawn // 2 % len(KNOWN["faults"])], step=KNOWN["step"])
        case.body = KNOWN["take"] | {"fill": KNOWN["take"]["fill"] | {"diagnosis": words[0]}}
    return case


def texts(json_value: Any) -> Any:
    """Every text in a value, names of members among them."""
    if isinstance(json_value, str):
        yield json_value
    elif isinstance(json_value, dict):
        for name, inner in json_value.items():
            yield name
            yield from texts(inner)
    elif isinstance(json_value, list):
        for inner in json_value:
            yield from texts(inner)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """What the run itself stands on is not done away with: its tokens, and who answers for them."""
    for name, kept, spare in (("token", "kept_tokens", "spare_tokens"), ("person", "kept_people", "people")):
        if case.method == "POST" and (case.path_parameters or {}).get(name) in KNOWN[kept]:
            case.path_parameters[name] = KNOWN[spare][-1]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts what was answered."""
    TALLY[case.operation.label][str(response.status_code)] += 1


@atexit.register
def told() -> None:
    """Writes the tally."""
    pathlib.Path(os.environ["TALLY"]).write_text(json.dumps(TALLY, indent=1, sort_keys=True), encoding="utf-8")
