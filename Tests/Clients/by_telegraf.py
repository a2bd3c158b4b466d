"""Telegraf's requests byte for byte as its outputs send them; Telegraf itself comes with no package of Debian's."""

import gzip
import http.client
import json
import socket
import urllib.parse

from harness import NANOSECOND, contains, equal, expect, scenario, until

AGENT = "Telegraf/1.36.3 Go/1.25.1"


class Connection:
    """One connection kept open for request after request, as Go's client does."""

    def __init__(self, tram):
        self.name = f"{tram.host}:{tram.port}"
        self.socket = socket.create_connection((tram.host, tram.port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def post(self, path, fields, body, chunk=None):
        """Sends a request: in one piece, or with `chunk` in pieces of so many bytes, each by a call of its own."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self.name}", f"User-Agent: {AGENT}"]
        lines.append("Transfer-Encoding: chunked" if chunk else f"Content-Length: {len(body)}")
        # Go writes what the program set in the order of the alphabet.
        lines += [f"{name}: {value}" for name, value in sorted(fields.items())] + ["Accept-Encoding: gzip", "", ""]
        head = "\r\n".join(lines).encode()
        if chunk:
            self.socket.sendall(head)
            for start in range(0, len(body), chunk):
                piece = body[start:start + chunk]
                self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.socket.sendall(b"0\r\n\r\n")
        else:
            self.socket.sendall(head + body)
        answer = http.client.HTTPResponse(self.socket, method="POST")
        answer.begin()
        text = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            text = gzip.decompress(text)
        expect(not answer.will_close, f"{path}: the connection is closed after {answer.status}")
        return answer.status, text.decode()


PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
GZIP = PLAIN | {"Content-Encoding": "gzip"}


def lines(first, count):
    return "".join(f"cpu,cpu=cpu{n % 4},host=ioc usage_idle={n}.5,usage_user={n}i {NANOSECOND + n}\n"
                   for n in range(first, first + count)).encode()


@scenario
def telegraf_v1_output(tram):
    with Connection(tram) as connection:
        form = urllib.parse.urlencode({"q": f'CREATE DATABASE "{tram.db}"'}).encode()
        status, text = connection.post("/query", {"Content-Type": "application/x-www-form-urlencoded"}, form)
        equal(status, 200, f"CREATE DATABASE: {text}")
        equal("error" in json.loads(text)["results"][0], False, f"an error in {text}")
        path = f"/write?db={tram.db}"
        equal(connection.post(path, GZIP, gzip.compress(lines(0, 1_000)), chunk=4_096), (204, ""), "gzip in chunks")
        equal(connection.post(path, PLAIN, lines(1_000, 1_000), chunk=8_192), (204, ""), "plain in chunks")
        equal(connection.post(path + "&rp=autogen", PLAIN, lines(2_000, 10), chunk=7), (204, ""), "small chunks")
    equal(tram.count(), 2_010, "count")


@scenario
def telegraf_v1_output_in_one_piece(tram):
    # Head and body of tens of KiB may come by one read, which says nothing of how long the head is.
    with Connection(tram) as connection:
        for n, count in enumerate((10, 500, 700, 3_000, 10)):
            answer = connection.post(f"/write?db={tram.db}", PLAIN, lines(n * 10_000, count))
            equal(answer, (204, ""), f"{count} lines")
    equal(tram.count(), 4_220, "count")


@scenario
def telegraf_v1_output_without_creating(tram):
    # Made by the first write, or refused in the words after which Telegraf creates it and sends again.
    with Connection(tram) as connection:
        status, text = connection.post(f"/write?db={tram.db}", GZIP, gzip.compress(lines(0, 10)), chunk=4_096)
        if status != 204:
            equal((status, json.loads(text)["error"]), (404, f'database not found: "{tram.db}"'), "refusal")
            form = urllib.parse.urlencode({"q": f'CREATE DATABASE "{tram.db}"'}).encode()
            connection.post("/query", {"Content-Type": "application/x-www-form-urlencoded"}, form)
            status, text = connection.post(f"/write?db={tram.db}", GZIP, gzip.compress(lines(0, 10)), chunk=4_096)
        equal(status, 204, f"write: {text}")
    equal(tram.count(), 10, "count")


@scenario
def telegraf_v1_output_with_bad_lines(tram):
    # A status of 5xx, or an error without these words, would make it send the batch again for ever.
    with Connection(tram) as connection:
        path = f"/write?db={tram.db}"
        status, text = connection.post(path, PLAIN, lines(0, 2) + b"cpu usage_idle=\n", chunk=4_096)
        equal(status, 400, f"a bad line: {text}")
        contains(json.loads(text)["error"], "partial write", "the error")
        status, text = connection.post(path, PLAIN, b"cpu,host=ioc usage_idle=1i\n", chunk=4_096)
        equal(status, 400, f"a type conflict: {text}")
        contains(json.loads(text)["error"], "partial write", "the error")
        status, text = connection.post(path, PLAIN, b"cpu\n", chunk=4_096)
        contains(json.loads(text)["error"], "unable to parse", "the error")
        equal(connection.post(path, PLAIN, lines(2, 1), chunk=4_096), (204, ""), "the next batch")
    equal(tram.count(), 3, "count")


@scenario
def telegraf_v2_output(tram):
    path = f"/api/v2/write?bucket={tram.db}&org=city"
    fields = GZIP | {"Authorization": "Token secret"}
    with Connection(tram) as connection:
        equal(connection.post(path, fields, gzip.compress(lines(0, 5_000)), chunk=4_096), (204, ""), "gzip in chunks")
        equal(connection.post(path, fields, gzip.compress(lines(5_000, 10)), chunk=1), (204, ""), "bytes one by one")
        status, text = connection.post(path, fields, gzip.compress(b"cpu usage_idle=\n"), chunk=4_096)
        equal((status, json.loads(text)["code"]), (400, "invalid"), text)
        status, text = connection.post(path, fields, gzip.compress(b"cpu usage_idle=1i\n"), chunk=4_096)
        equal((status, json.loads(text)["code"]), (422, "unprocessable entity"), text)
        equal(connection.post(path, fields, gzip.compress(lines(6_000, 1)), chunk=4_096), (204, ""), "the next batch")
    equal(tram.count(), 5_011, "count")


@scenario
def telegraf_v3_output(tram):
    path = f"/api/v3/write_lp?db={tram.db}&no_sync=true"
    fields = GZIP | {"Authorization": "Bearer secret"}
    with Connection(tram) as connection:
        equal(connection.post(path, fields, gzip.compress(lines(0, 1_000)), chunk=4_096), (204, ""), "gzip in chunks")
        status, text = connection.post(path, fields, gzip.compress(lines(1_000, 1) + b"bad\n"), chunk=4_096)
        equal(status, 400, text)
        error = json.loads(text)
        equal(error["error"], "partial write of line protocol occurred", "error")
        equal(sorted(error["data"][0]), ["error_message", "line_number", "original_line"], "data")
    equal(tram.count(), 1_001, "count")


@scenario
def telegraf_udp_output(tram):
    # Whole lines, cut into datagrams of at most 512 bytes.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagram = b""
        for n in range(200):
            line = f"{tram.mark},host=ioc usage_idle={n}.5 {NANOSECOND + n}\n".encode()
            if len(datagram) + len(line) > 512:
                sender.sendto(datagram, tram.line_udp)
                datagram = b""
            datagram += line
        sender.sendto(datagram, tram.line_udp)
    until(15, lambda: len(tram.rows(tram.mark, db="default")) == 200, "200 rows")


@scenario
def telegraf_socket_writer(tram):
    # A connection kept open between batches, whose lines are visible without its end.
    with socket.create_connection(tram.line_tcp, timeout=20) as sender:
        for batch in range(3):
            text = "".join(f"{tram.mark},host=ioc usage_idle={n}.5 {NANOSECOND + batch * 1_000 + n}\n"
                           for n in range(1_000))
            # Cut inside a line: what follows completes it.
            sender.sendall(text[:30_001].encode())
            sender.sendall(text[30_001:].encode())
            until(15, lambda: len(tram.rows(tram.mark, db="default")) == 1_000 * (batch + 1), f"rows of batch {batch}")
