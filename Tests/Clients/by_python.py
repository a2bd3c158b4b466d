"""The three client libraries for Python, each of the generation of servers that it was written for."""

import time

from harness import NANOSECOND, SECOND, Failed, contains, equal, expect, scenario, until


def v1(tram, **options):
    influxdb = tram.prepared.module("influxdb", "influxdb")
    return influxdb.InfluxDBClient(tram.host, tram.port, database=tram.db, timeout=20, retries=1, **options)


def v2(tram, **options):
    library = tram.prepared.module("influxdb_client", "influxdb-client")
    return library, library.InfluxDBClient(url=tram.url, token="t", org="x", timeout=20_000, **options)


def v3(tram, **options):
    library = tram.prepared.module("influxdb_client_3", "influxdb3-python")
    return library, library.InfluxDBClient3(host=tram.url, token="t", database=tram.db, **options)


def refusal(kinds, call, what):
    """What a call raises."""
    try:
        call()
    except kinds as error:
        return error
    raise Failed(f"{what} raised nothing")


@scenario
def python_v1_write(tram):
    client = v1(tram)
    expect(client.ping().startswith("1.8.10-tram-"), "ping tells the version")
    client.create_database(tram.db)
    contains(client.get_list_database(), {"name": tram.db}, "databases")
    point = {"measurement": "aqi", "tags": {"st": "A"}, "fields": {"pm25": 35.2}, "time": "2025-11-20T23:00:00Z"}
    expect(client.write_points([point], time_precision="s"), "write_points")
    equal(tram.rows(), [{"time": SECOND, "st": "A", "pm25": 35.2}], "rows")
    many = [{"measurement": "aqi", "tags": {"st": f"s {n}"}, "fields": {"pm25": n, "ok": True, "note": "a \"b\", c=d"},
             "time": SECOND + n} for n in range(2_500)]
    for point in many:
        point["fields"]["pm25"] = float(point["fields"]["pm25"])
    expect(client.write_points(many, time_precision="s", batch_size=1_000), "write_points in batches")
    equal(tram.count(), 2_501, "count")
    equal(tram.rows()[-1], {"time": SECOND + 2_499, "st": "s 2499", "pm25": 2499, "ok": True,
                            "note": "a \"b\", c=d"}, "the newest row")
    client.close()


@scenario
def python_v1_gzip(tram):
    client = v1(tram, gzip=True)
    expect(client.write_points([f"aqi,st=A pm25=36 {SECOND}"], protocol="line", time_precision="s"), "write_points")
    equal(tram.rows(), [{"time": SECOND, "st": "A", "pm25": 36}], "rows")
    client.close()


@scenario
def python_v1_type_conflict(tram):
    client = v1(tram)
    influxdb = tram.prepared.module("influxdb", "influxdb")
    client.write_points(["aqi pm25=1"], protocol="line")
    error = refusal(influxdb.exceptions.InfluxDBClientError,
                    lambda: client.write_points(['aqi pm25="x"'], protocol="line"), "a type conflict")
    equal(error.code, 400, "code")
    contains(str(error), "field type conflict", "the text")
    equal(tram.count(), 1, "count")
    client.close()


@scenario
def python_v1_by_udp(tram):
    host, port = tram.line_udp
    influxdb = tram.prepared.module("influxdb", "influxdb")
    client = influxdb.InfluxDBClient(host, tram.port, use_udp=True, udp_port=port)
    client.write_points([{"measurement": tram.mark, "fields": {"pm25": 1.5}, "time": NANOSECOND}])
    rows = until(15, lambda: tram.rows(tram.mark, db="default"), "a datagram's row")
    equal(rows, [{"time": SECOND, "pm25": 1.5}], "rows")
    client.close()


@scenario
def python_v2_checks(tram):
    library, client = v2(tram)
    expect(client.ping(), "ping")
    expect(client.version().startswith("1.8.10-tram-"), "version")
    equal(client.build(), "OSS", "build")
    health = client.health()
    equal((health.status, health.name), ("pass", "tram"), "health")
    ready = client.ready()
    expect(ready.status in (None, "ready"), f"ready: {ready}")
    client.close()


@scenario
def python_v2_write(tram):
    library, client = v2(tram, enable_gzip=True)
    writer = client.write_api(write_options=library.client.write_api.SYNCHRONOUS)
    writer.write(tram.db, record=library.Point("aqi").tag("st", "A").field("pm25", 35.2).time(SECOND, "s"))
    writer.write(tram.db, record={"measurement": "aqi", "tags": {"st": "B"}, "fields": {"pm25": 1.5}, "time": SECOND},
                 write_precision="s")
    writer.write(tram.db, record=[f"aqi,st=C pm25=2 {SECOND}000", f"aqi,st=D pm25=3 {SECOND}000"], write_precision="ms")
    equal([(row["time"], row["st"], row["pm25"]) for row in sorted(tram.rows(), key=lambda row: row["st"])],
          [(SECOND, "A", 35.2), (SECOND, "B", 1.5), (SECOND, "C", 2), (SECOND, "D", 3)], "rows")
    client.close()


@scenario
def python_v2_type_conflict(tram):
    library, client = v2(tram, enable_gzip=True)
    writer = client.write_api(write_options=library.client.write_api.SYNCHRONOUS)
    writer.write(tram.db, record="aqi,st=A pm25=35.2 1")
    error = refusal(library.rest.ApiException,
                    lambda: writer.write(tram.db, record=["aqi,st=B pm25=1i 1", "aqi,st=C pm25=2i 2"]), "a conflict")
    expect(error.status in (400, 422), f"status {error.status}")
    contains(error.message, "type conflict", "the message")
    error = refusal(library.rest.ApiException, lambda: writer.write(tram.db, record="aqi,st=B pm25="), "a bad line")
    equal(error.status, 400, "status of a bad line")
    contains(error.message, "unable to parse", "the message")
    equal(tram.count(), 1, "count")
    client.close()


@scenario
def python_v2_batching(tram):
    library, client = v2(tram, enable_gzip=True)
    told = []
    writer = client.write_api(write_options=library.WriteOptions(batch_size=500, flush_interval=100),
                              error_callback=lambda batch, data, error: told.append(str(error)))
    for n in range(10_000):
        writer.write(tram.db, record=f"aqi,st={n % 7} pm25={n} {SECOND + n}", write_precision="s")
    writer.close()
    equal(told, [], "errors")
    equal(tram.count(), 10_000, "count")
    client.close()


@scenario
def python_v2_flux(tram):
    library, client = v2(tram)
    error = refusal(library.rest.ApiException, lambda: client.query_api().query('from(bucket:"city")'), "Flux")
    equal(error.status, 501, "status")
    contains(error.message, "Flux is not supported; use /query (InfluxQL) or /api/tram/query", "the message")
    client.close()


@scenario
def python_v3_write(tram):
    library, client = v3(tram)
    expect(client.get_server_version().startswith("1.8.10-tram-"), "get_server_version")
    client.write(library.Point("aqi").tag("st", "A").field("pm25", 35.2))
    client.write("aqi,st=B pm25=1.0")
    client.write([f"aqi,st=C pm25=2 {SECOND}"], write_precision="s")
    equal(sorted((row["st"], row["pm25"]) for row in tram.rows()), [("A", 35.2), ("B", 1), ("C", 2)], "rows")
    client.close()


@scenario
def python_v3_write_by_its_own_door(tram):
    library, client = v3(tram, write_use_v2_api=False, write_no_sync=True)
    client.write(f"aqi,st=A pm25=1 {NANOSECOND}")
    error = refusal(library.InfluxDBError, lambda: client.write("aqi,st=B pm25=2\naqi,st=C pm25="), "a bad line")
    equal(error.response.status, 400, "status")
    equal([(line.line_number, line.original_line) for line in error.line_errors], [(2, "aqi,st=C pm25=")], "bad lines")
    equal(tram.count(), 2, "count")
    client.close()


@scenario
def python_v3_bad_line(tram):
    library, client = v3(tram)
    error = refusal(library.InfluxDBError, lambda: client.write("aqi pm25="), "a bad line")
    equal(error.response.status, 400, "status")
    contains(error.message, "unable to parse", "the message")
    client.close()


@scenario
def python_v3_query(tram):
    # It asks by Arrow Flight, which no one answers: the connection has to be closed, not left hanging.
    library, client = v3(tram)
    began = time.monotonic()
    error = refusal(Exception, lambda: client.query("SELECT 1"), "a query")
    taken = time.monotonic() - began
    expect(taken < 10, f"{taken:.1f} s until {type(error).__name__}")
    equal(type(error).__name__, "InfluxDB3ClientQueryError", "the error")
    client.close()
