"""curl as people use it by hand and in scripts."""

import gzip

from harness import HOUR, SECOND, Answer, Failed, contains, equal, expect, scenario


def curl(tram, arguments, input=b""):
    """Runs curl with -i -v: the last answer's head and body, and what curl said of the connection."""
    done = tram.run("curl", ["-q", "-sS", "-i", "-v", "--max-time", 25, "--noproxy", "*", *arguments], input)
    if done.returncode:
        said = [line for line in done.talk.splitlines() if line.startswith("curl:")] or [done.talk[-300:]]
        raise Failed(f"curl ended with {done.returncode}: {said[-1]}")
    rest = done.output
    answer = Answer(0, [], "")
    # Answers stand one after another where there was a 100 before.
    while rest.startswith("HTTP/"):
        head, _, rest = rest.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        fields = [line.split(":", 1) for line in lines]
        answer = Answer(int(first.split()[1]), [(name, value.strip()) for name, value in fields], rest)
    answer.talk = done.talk.replace("\r", "")
    return answer


def write(tram, lines, *arguments, query="&precision=s"):
    return curl(tram, ["-XPOST", f"{tram.url}/write?db={tram.db}{query}", "--data-binary", lines, *arguments])


@scenario
def curl_write(tram):
    answer = write(tram, f"aqi,st=A pm25=35.2 {SECOND}").expect(204)
    equal(answer.body, "", "the body of a 204")
    for name in ("x-request-id", "request-id", "date"):
        expect(name in answer.headers, f"no {name} in {sorted(answer.headers)}")
    equal(tram.rows(), [{"time": SECOND, "st": "A", "pm25": 35.2}], "rows")
    equal(tram.count(), 1, "count")
    # Sent again it overwrites itself.
    write(tram, f"aqi,st=A pm25=35.2 {SECOND}").expect(204)
    equal(tram.count(), 1, "count after a repeat")


@scenario
def curl_gzip(tram):
    body = gzip.compress(f"aqi,st=A pm25=36 {SECOND + 60}\n".encode())
    arguments = ["-H", "Content-Encoding: gzip", "-XPOST", f"{tram.url}/write?db={tram.db}&precision=s"]
    curl(tram, [*arguments, "--data-binary", "@-"], body).expect(204)
    # Two members after each other are one body.
    members = (f"aqi,st=B pm25=1 {SECOND}\naqi,st=", f"C pm25=2 {SECOND}\n")
    body_of_two = b"".join(gzip.compress(member.encode()) for member in members)
    curl(tram, [*arguments, "--data-binary", "@-"], body_of_two).expect(204)
    equal([row["pm25"] for row in tram.rows()], [1, 2, 36], "pm25")
    answer = curl(tram, [*arguments, "--data-binary", "@-"], body[:-9])
    answer.expect(400, "a body that was cut off")
    equal(tram.count(), 3, "count")


@scenario
def curl_bad_line(tram):
    answer = write(tram, f"aqi pm25=1 {SECOND}\nbad").expect(400)
    text = answer.json()["error"]
    contains(text, "partial write", "the error")
    contains(text, "unable to parse 'bad'", "the error")
    expect("x-influxdb-error" in answer.headers, f"no x-influxdb-error in {sorted(answer.headers)}")
    lines = answer.json()["lines"]
    equal([(line["line"], line["class"]) for line in lines], [(2, "missing-fields")], "bad lines")
    equal(tram.count(), 1, "count")
    answer = write(tram, "bad\n\nm v= 2\n").expect(400)
    expect("partial write" not in answer.json()["error"], f"nothing was kept: {answer.json()['error']}")
    equal([line["line"] for line in answer.json()["lines"]], [1, 3], "bad lines")
    equal(tram.count(), 1, "count")


@scenario
def curl_type_conflict(tram):
    write(tram, f"aqi pm25=1 {SECOND}").expect(204)
    answer = write(tram, f'aqi pm25="x" {SECOND + 1}\naqi pm25=2 {SECOND + 2}').expect(400)
    contains(answer.json()["error"], "partial write: field type conflict: input field", "the error")
    equal([row["pm25"] for row in tram.rows()], [1, 2], "pm25")


@scenario
def curl_nothing_to_write(tram):
    write(tram, "\n# a comment\n\n").expect(204, "only comments")
    write(tram, "").expect(204, "an empty body")


@scenario
def curl_ping_head(tram):
    done = tram.run("curl", ["-q", "-sSI", "--max-time", 10, "--noproxy", "*", f"{tram.url}/ping"])
    lines = done.output.split("\r\n")
    contains(lines[0], " 204", "the first line")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    contains(headers.get("x-influxdb-version", ""), "1.8.10-tram-", "x-influxdb-version")
    equal(headers.get("x-influxdb-build"), "oss", "x-influxdb-build")


@scenario
def curl_ping_as_arduino_boards_do(tram):
    answer = curl(tram, [f"{tram.url}/ping?verbose=true&u=board&p=secret"]).expect(200)
    expect(answer.json()["version"].startswith("1.8.10-tram-"), answer.body)
    answer = curl(tram, [f"{tram.url}/health"]).expect(200)
    equal(answer.json()["status"], "pass", "status")


@scenario
def curl_asks_before_a_large_body(tram):
    lines = "".join(f"aqi,st={n % 100} pm25={n}.25 {SECOND + n}\n" for n in range(60_000))
    expect(len(lines) > 1_700_000, "curl asks over a MiB")
    arguments = ["-XPOST", f"{tram.url}/write?db={tram.db}&precision=s", "--data-binary", "@-"]
    answer = curl(tram, arguments, lines.encode()).expect(204)
    contains(answer.talk, "\n> Expect: 100-continue\n", "what curl sent")
    contains(answer.talk, "\n< HTTP/1.1 100 Continue\n", "what curl received")
    equal(tram.count(), 60_000, "count")


@scenario
def curl_too_large_a_body(tram):
    # Over the limit of InfluxDB 1.x too. The answer has to come instead of the 100, or be readable after the body.
    line = f"aqi,st=A pm25=35.2 {SECOND}\n".encode()
    arguments = ["-XPOST", f"{tram.url}/write?db={tram.db}&precision=s", "--data-binary", "@-"]
    answer = curl(tram, arguments, line * (26_000_000 // len(line))).expect(413)
    expect(answer.json()["error"], "the error says nothing")
    equal(curl(tram, [f"{tram.url}/health"]).status, 200, "the next request")


@scenario
def curl_chunked_upload(tram):
    lines = "".join(f"aqi,st=A pm25={n} {SECOND + n}\n" for n in range(5_000)).encode()
    arguments = ["-XPOST", f"{tram.url}/write?db={tram.db}&precision=s", "-H", "Transfer-Encoding: chunked", "-T", "-"]
    answer = curl(tram, arguments, lines).expect(204)
    contains(answer.talk, "\n> Transfer-Encoding: chunked\n", "what curl sent")
    equal(tram.count(), 5_000, "count")
    compressed = gzip.compress(lines.replace(b"st=A", b"st=B"))
    curl(tram, [*arguments, "-H", "Content-Encoding: gzip"], compressed).expect(204)
    equal(tram.count(), 10_000, "count")


@scenario
def curl_content_types(tram):
    # What stands in a body is never read as a form, whatever its type says.
    line = "aqi,st=a%41+b&c note=\"q=1&db=x\" "
    kinds = (None, "Content-Type: text/plain; charset=utf-8", "Content-Type: application/octet-stream",
             "Content-Type: application/json", "Content-Type:", "Content-Type;")
    for n, kind in enumerate(kinds):
        # The last two are curl's ways to send no such field, and one without a value.
        arguments = [] if kind is None else ["-H", kind]
        answer = write(tram, f"{line}{SECOND + n}", *arguments).expect(204, kind or "curl's own type")
        if kind is None:
            contains(answer.talk, "\n> Content-Type: application/x-www-form-urlencoded\n", "what curl sent")
    equal({row["st"] for row in tram.rows()}, {"a%41+b&c"}, "st")
    equal({row["note"] for row in tram.rows()}, {"q=1&db=x"}, "note")
    equal(tram.count(), len(kinds), "count")


@scenario
def curl_precision(tram):
    scales = {"n": 10**9, "ns": 10**9, "u": 10**6, "us": 10**6, "ms": 1000, "s": 1}
    times = {unit: SECOND * scale for unit, scale in scales.items()} | {"m": HOUR * 60, "h": HOUR}
    for unit, time in times.items():
        write(tram, f"aqi,unit={unit} pm25=1 {time}", query=f"&precision={unit}").expect(204, f"precision {unit}")
    write(tram, f"aqi,unit=none pm25=1 {times['ns']}", query="").expect(204, "no precision")
    equal({row["unit"]: row["time"] for row in tram.rows()}, {unit: SECOND for unit in (*times, "none")}, "times")
    answer = write(tram, "aqi pm25=1 1", query="&precision=xx").expect(400, "precision xx")
    contains(answer.json()["error"], 'invalid precision "xx"', "the error")


@scenario
def curl_no_time(tram):
    write(tram, "aqi pm25=1\naqi,st=B pm25=2", query="&precision=m").expect(204)
    times = {row["time"] for row in tram.rows()}
    equal(len(times), 1, "clock readings in one request")
    equal([time % 60 for time in times], [0], "seconds of a time cut to minutes")


@scenario
def curl_v2_door(tram):
    url = f"{tram.url}/api/v2/write?org=x&bucket={tram.db}"
    token = ["-H", "Authorization: Token secret"]
    curl(tram, [f"{url}&precision=s", *token, "--data-binary", f"aqi,st=A pm25=35.2 {SECOND}"]).expect(204)
    policy = f"{tram.url}/api/v2/write?org=x&bucket={tram.db}/autogen&precision=ms"
    curl(tram, [policy, *token, "--data-binary", f"aqi,st=B pm25=1 {SECOND}000"]).expect(204)
    equal([row["st"] for row in tram.rows()], ["A", "B"], "st")
    answer = curl(tram, [f"{url}&precision=s", *token, "--data-binary", f"aqi pm25= {SECOND}"]).expect(400)
    equal(answer.json()["code"], "invalid", "code")
    contains(answer.json()["message"], "unable to parse", "message")
    equal(answer.headers.get("x-platform-error-code"), "invalid", "x-platform-error-code")
    answer = curl(tram, [f"{url}&precision=s", *token, "--data-binary", f"aqi pm25=1i {SECOND}"]).expect(422)
    equal(answer.json()["code"], "unprocessable entity", "code")
    answer = curl(tram, [f"{tram.url}/api/v2/write?org=x", *token, "--data-binary", "aqi pm25=1"]).expect(404)
    equal(answer.json()["code"], "not found", "code")
    curl(tram, [f"{url}&precision=m", *token, "--data-binary", "aqi pm25=1 1"]).expect(400, "minutes, which v2 lacks")
    equal(tram.count(), 2, "count")


@scenario
def curl_v3_door(tram):
    url = f"{tram.url}/api/v3/write_lp?db={tram.db}"
    token = ["-H", "Authorization: Bearer secret"]
    curl(tram, [f"{url}&precision=second", *token, "--data-binary", f"aqi,st=A pm25=1 {SECOND}"]).expect(204)
    # Without a precision the size of the number tells.
    curl(tram, [f"{url}&no_sync=true", *token, "--data-binary", f"aqi,st=B pm25=1 {SECOND}000"]).expect(204)
    equal([row["time"] for row in tram.rows()], [SECOND, SECOND], "times")
    body = f"aqi,st=C pm25=2 {SECOND}\naqi,st=D pm25=\n"
    answer = curl(tram, [f"{url}&accept_partial=false", *token, "--data-binary", body]).expect(400)
    equal(answer.json()["data"]["line_number"], 2, "line_number")
    equal(tram.count(), 2, "count after accept_partial=false")
    answer = curl(tram, [url, *token, "--data-binary", body]).expect(400)
    equal(answer.json()["error"], "partial write of line protocol occurred", "error")
    equal([item["line_number"] for item in answer.json()["data"]], [2], "line_number")
    expect("aqi,st=D pm25=".startswith(answer.json()["data"][0]["original_line"]), answer.body)
    equal(tram.count(), 3, "count")


@scenario
def curl_credentials_that_nobody_asked_for(tram):
    for n, arguments in enumerate((["-u", "root:root"], ["-H", "Authorization: Token root:root"])):
        write(tram, f"aqi pm25=1 {SECOND + n}", *arguments).expect(204, " ".join(arguments))
    write(tram, f"aqi pm25=1 {SECOND + 2}", query="&precision=s&u=root&p=root").expect(204, "u and p")
    equal(tram.count(), 3, "count")


@scenario
def curl_databases(tram):
    url = f"{tram.url}/query"
    answer = curl(tram, [url, "--data-urlencode", f'q=CREATE DATABASE "{tram.db}"']).expect(200)
    equal(answer.json()["results"], [{"statement_id": 0}], "results")
    answer = curl(tram, ["-G", url, "--data-urlencode", "q=SHOW DATABASES"]).expect(200)
    contains(answer.json()["results"][0]["series"][0]["values"], [tram.db], "databases")
    # What makes something is refused where links and browsers can send it.
    answer = curl(tram, ["-G", url, "--data-urlencode", f'q=CREATE DATABASE "{tram.db}_by_get"'])
    expect(answer.status >= 400 or "error" in answer.body, f"CREATE DATABASE by GET: {answer.body}")
    expect(f"{tram.db}_by_get" not in curl(tram, ["-G", url, "--data-urlencode", "q=SHOW DATABASES"]).body, "by GET")


@scenario
def curl_wrong_method_path_and_database(tram):
    answer = curl(tram, [f"{tram.url}/write?db={tram.db}"]).expect(405, "GET /write")
    contains(answer.headers.get("allow", ""), "POST", "allow")
    curl(tram, [f"{tram.url}/no/such/door"]).expect(404)
    answer = curl(tram, [f"{tram.url}/write", "--data-binary", "aqi pm25=1"]).expect(400, "no db")
    equal(answer.json()["error"], "database is required", "error")


@scenario
def curl_keeps_the_connection(tram):
    url = f"{tram.url}/write?db={tram.db}&precision=s"
    one, two = ([url, "--data-binary", f"aqi,st={station} pm25=1 {SECOND}"] for station in "AB")
    bad = [url, "--data-binary", "bad"]
    answer = curl(tram, [*one, "--next", "-q", "-sS", "-i", "-v", *bad, "--next", "-q", "-sS", "-i", "-v", *two])
    equal(answer.talk.count("* Connected to "), 1, "connections for three requests")
    equal(tram.count(), 2, "count")


@scenario
def curl_at_the_line_port(tram):
    host, port = tram.line_tcp
    done = tram.run("curl", ["-q", "-sS", "-i", "--max-time", 10, "--noproxy", "*", f"http://{host}:{port}/write?db=x",
                             "--data-binary", "aqi pm25=1"])
    contains(done.output.split("\r\n")[0], " 400", "the first line")
    contains(done.output.lower(), "http", "the hint")
