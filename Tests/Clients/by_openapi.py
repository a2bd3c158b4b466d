"""The interface as its own description tells it: generated requests, answers held against the document."""

import subprocess
import sys

from harness import Skipped, expect, scenario


@scenario
def answers_are_those_of_the_description(tram):
    if "schemathesis" in tram.prepared.missing:
        raise Skipped(tram.prepared.reason("schemathesis"))
    checks = ["status_code_conformance", "content_type_conformance", "response_schema_conformance",
              "response_headers_conformance"]
    with tram.folder() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{tram.url}/openapi.json", "--checks", ",".join(checks),
             "--max-examples", "25", "--phases", "coverage,fuzzing", "--seed", "1", "--workers", "1",
             "--request-timeout", "10", "--no-color"],
            cwd=folder, capture_output=True, text=True, timeout=80)
    if "No module named" in done.stderr:
        raise Skipped("schemathesis is not on this machine")
    expect(done.returncode == 0, f"schemathesis: {done.stdout[-3000:]} {done.stderr[-500:]}")
