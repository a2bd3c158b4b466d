// generate: the telemetry of a city as bodies of line protocol, the same bytes for the same words.
//
// usage: generate SENSORS TICKS SEED FOLDER        writes FOLDER/lp, FOLDER/gz and FOLDER/manifest.json
// build: cc -O2 -ffp-contract=off -o generate generate.c -lm -lz     (no fused operations: they would round otherwise)
//
// 1. Five measurements share the sensors. Values follow rush hours, tides and slow drift, rounded as sensors round.
// 2. Every sensor reports each ten seconds at its own moment of the interval; three in ten are up to 25 ms off. One
//    reading in 300 is lost, and now and then a sensor is dark for minutes. No reading comes twice.
// 3. Readings are put in the order of their arrival: up to 200 ms after their time, one in a hundred two minutes late.
// 4. A body is 5,000 lines in that order, measurements mixed, once as text and once as gzip of level 6.
//
// The manifest counts what was written. Only its numbers are what a server is held to.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

enum { TRAFFIC, AIR, WATER_LEVEL, POWER, CAMERA, MEASUREMENTS };
enum { LINES_PER_BODY = 5000, TICKS_PER_SORT = 100, INTERVAL_MS = 10000, LONGEST_LINE = 400 };

static const struct {
    const char *name, *local_tag;
    double share;
    int fields, numeric_fields;  // numbers and booleans are numeric, strings are not
} measurements[MEASUREMENTS] = {
    {"traffic", "road", .60, 4, 3},
    {"air", "site", .15, 4, 4},
    {"water_level", "river", .10, 3, 3},
    {"power", "feeder", .10, 4, 4},
    {"camera", "vendor", .05, 5, 4},
};
static const char *provinces[] = {"da-nang", "can-tho", "quang-ninh"};
static const int64_t start_ms = 1772431200000;  // 2026-03-02 06:00, a Monday; the curves take this clock as local time

typedef struct {
    int measurement;
    char key[200];           // measurement and tags
    int64_t phase_ms;        // its moment of the interval
    bool jitters;
    double character;        // 0...1, what makes it differ from its neighbours
    double slow, fast;       // two noises that remember their last value
    int64_t counter;
    bool off;
    double dark_s;           // above zero: still dark for so long
} sensor;

typedef struct {
    int64_t arrival_ms;
    int64_t number;          // rows of one arrival stay in the order they were made
    char *line;
} row;

static struct {
    int64_t rows, fields, numeric_fields, bytes, gzip_bytes, bodies, late, by_measurement[MEASUREMENTS];
    uLong crc;
} made;

static void stop(const char *what) {
    perror(what);
    exit(1);
}

// Random numbers: splitmix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).

static uint64_t state;

static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static double uniform(void) { return (double)(next() >> 11) * 0x1p-53; }

static int64_t below(int64_t limit) { return (int64_t)(uniform() * (double)limit); }

static double exponential(double mean) { return -mean * log1p(-uniform()); }

static double normal(double deviation) {
    return deviation * sqrt(exponential(2)) * cos(2 * M_PI * uniform());
}

static int64_t poisson(double mean) {
    int64_t count = 0;
    for (double left = uniform(), end = exp(-mean); left > end; left *= uniform()) count++;
    return count;
}

static double clip(double value, double low, double high) { return fmin(fmax(value, low), high); }

// A number with at most `decimals` decimals, at least one: 26.0, 41.7.
static char *put(char *end, const char *name, double value, int decimals) {
    end += sprintf(end, "%s=%.*f", name, decimals, value);
    while (end[-1] == '0' && end[-2] != '.') end--;
    *end = 0;
    return end;
}

static void make_sensor(sensor *it, int measurement, int number, int of_measurement) {
    const char *name = measurements[measurement].name, *tag = measurements[measurement].local_tag;
    const char *province = provinces[below(3)];
    int district = (int)below(8), commune = (int)below(12), local = (int)below(fmax(4, of_measurement / 10));
    *it = (sensor){.measurement = measurement};
    snprintf(
        it->key, sizeof it->key,
        "%s,province=%s,district=%s-d%02d,commune=%s-d%02d-c%02d,%s=%c%03d,sensor=%.2s%07d ",
        name, province, province, district, province, district, commune, tag, tag[0], local, name, number);
    it->phase_ms = below(9000);
    it->jitters = uniform() < .3;
    it->character = uniform();
    it->counter = below(5000000);
}

// Moves the sensor on by one interval and writes the fields it reports.
static char *step(sensor *it, int64_t now_ms, char *end) {
    const double k = it->character, interval_s = INTERVAL_MS / 1000.0;
    const double hour = fmod(now_ms / 3600000.0 + k * .5, 24);
    it->slow += -.02 * it->slow + normal(.2);
    it->fast += -.1 * it->fast + normal(.5);
    const double rush = exp(-pow((hour - 7.5) / 1.3, 2)) + exp(-pow((hour - 17.5) / 1.6, 2));
    const double day = sin((hour - 9) / 24 * 2 * M_PI);
    switch (it->measurement) {
    case TRAFFIC: {
        double occupancy = clip(.08 + .75 * rush * (.4 + .6 * k) + .04 * it->slow + .01 * it->fast, 0, .98);
        double speed = clip((30 + 30 * k) * (1 - .9 * occupancy) + 2 * it->fast, 0, 120);
        int64_t count = poisson(fmax(occupancy * 40, .2));
        const char *status = speed < 10 ? "jam" : speed < 20 ? "slow" : "ok";
        if (uniform() < .0005) status = "fault";
        end = put(end, "speed", speed, 1);
        end = put(end + sprintf(end, ",count=%ldi,", (long)count), "occupancy", occupancy, 2);
        return end + sprintf(end, ",status=\"%s\"", status);
    }
    case AIR: {
        double pm25 = clip(22 + 14 * rush + 30 * k + 6 * it->slow + it->fast, 1, 500);
        end = put(end, "pm25", pm25, 1);
        end = put(end, ",pm10", fmax(pm25 * (1.5 + .2 * k) + it->fast, 1), 1);
        end = put(end, ",temp", 26 + 4.5 * day + it->slow * .3, 1);
        return put(end, ",humidity", clip(75 - 14 * day + it->slow, 20, 100), 1);
    }
    case WATER_LEVEL: {
        double tide = .6 * sin(now_ms / 3600000.0 / 12.42 * 2 * M_PI + k);
        double level = 2.1 + tide + 1.5 * k + .02 * it->slow;
        it->counter += uniform() < .01;
        end = put(end, "level", level, 3);
        return end + sprintf(end, ",rain_total=%ldi,alarm=%s", (long)it->counter, level > 3.9 ? "true" : "false");
    }
    case POWER: {
        double current = fmax(20 + 60 * k + 25 * rush + 3 * it->slow + it->fast, .1);
        double voltage = 228 + 3 * day + .8 * it->fast;
        double watts = voltage * current * .95;
        it->counter += (int64_t)(watts * interval_s / 3600);
        end = put(end, "voltage", voltage, 1);
        end = put(end, ",current", current, 2);
        end = put(end, ",power_w", watts, 1);
        return end + sprintf(end, ",energy_wh=%ldi", (long)it->counter);
    }
    default: {
        if (uniform() < .0008) it->off = !it->off;
        it->counter = it->off ? 0 : it->counter + (int64_t)interval_s;
        int64_t kbps = it->off ? 0 : (int64_t)(3000 + 1500 * k + 400 * rush + 60 * it->fast);
        end += sprintf(end, "online=%s,", it->off ? "false" : "true");
        end = put(end, "fps", it->off ? 0 : 25 + .3 * round(it->fast), 1);
        return end + sprintf(
            end, ",bitrate_kbps=%ldi,uptime_s=%ldi,status=\"%s\"", (long)kbps, (long)it->counter,
            it->off ? "fault" : "ok");
    }
    }
}

static bool is_heard(sensor *it) {
    it->dark_s -= INTERVAL_MS / 1000.0;
    if (uniform() < 3e-5) it->dark_s = exponential(600);
    return it->dark_s <= 0 && uniform() > .003;
}

static bool report(sensor *it, int64_t now_ms, row *into) {
    char line[LONGEST_LINE];
    size_t length = strlen(it->key);
    memcpy(line, it->key, length);
    char *end = step(it, now_ms, line + length);
    if (!is_heard(it)) return false;
    int64_t time_ms = now_ms + it->phase_ms + (it->jitters ? below(51) - 25 : 0);
    bool late = uniform() < .01;
    sprintf(end, " %ld000000\n", (long)time_ms);
    into->arrival_ms = time_ms + below(200) + (late ? (int64_t)exponential(120000) : 0);
    into->number = made.rows++;
    into->line = strdup(line);
    if (!into->line) stop("memory");
    made.fields += measurements[it->measurement].fields;
    made.numeric_fields += measurements[it->measurement].numeric_fields;
    made.by_measurement[it->measurement]++;
    made.late += late;
    return true;
}

static int in_order(const void *left, const void *right) {
    const row *a = left, *b = right;
    if (a->arrival_ms != b->arrival_ms) return a->arrival_ms < b->arrival_ms ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static char body[LINES_PER_BODY * LONGEST_LINE];
static size_t body_length, body_lines;

static void write_body(const char *folder) {
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/lp/%06ld.lp", folder, (long)made.bodies);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(body, 1, body_length, file) != body_length || fclose(file)) stop(path);
    snprintf(path, sizeof path, "%s/gz/%06ld.lp.gz", folder, (long)made.bodies);
    gzFile packed = gzopen(path, "wb6");
    if (!packed || gzwrite(packed, body, (unsigned)body_length) != (int)body_length || gzclose(packed) != Z_OK) {
        stop(path);
    }
    if (stat(path, &info)) stop(path);
    made.crc = crc32(made.crc, (const Bytef *)body, (uInt)body_length);
    made.bytes += (int64_t)body_length;
    made.gzip_bytes += info.st_size;
    made.bodies++;
    body_length = body_lines = 0;
}

static void write_line(const char *line, const char *folder) {
    size_t length = strlen(line);
    memcpy(body + body_length, line, length);
    body_length += length;
    if (++body_lines == LINES_PER_BODY) write_body(folder);
}

static void write_manifest(const char *folder, int sensors, int ticks, uint64_t seed) {
    char path[4096];
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    FILE *file = fopen(path, "w");
    if (!file) stop(path);
    fprintf(
        file,
        "{\n \"sensors\": %d,\n \"ticks\": %d,\n \"seed\": %lu,\n \"start_ms\": %ld,\n \"end_ms\": %ld,\n"
        " \"rows\": %ld,\n \"fields\": %ld,\n \"numeric_fields\": %ld,\n \"late\": %ld,\n \"bodies\": %ld,\n"
        " \"bytes\": %ld,\n \"gzip_bytes\": %ld,\n \"crc32\": \"%08lx\",\n \"by_measurement\": {",
        sensors, ticks, (unsigned long)seed, (long)start_ms, (long)(start_ms + (int64_t)ticks * INTERVAL_MS),
        (long)made.rows, (long)made.fields, (long)made.numeric_fields, (long)made.late, (long)made.bodies,
        (long)made.bytes, (long)made.gzip_bytes, made.crc);
    for (int m = 0; m < MEASUREMENTS; m++) {
        fprintf(file, "%s\"%s\": %ld", m ? ", " : "", measurements[m].name, (long)made.by_measurement[m]);
    }
    fprintf(file, "}\n}\n");
    if (fclose(file)) stop(path);
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "usage: generate SENSORS TICKS SEED FOLDER\n");
        return 2;
    }
    const int sensors = atoi(words[1]), ticks = atoi(words[2]);
    const char *folder = words[4];
    state = strtoull(words[3], 0, 10);
    const uint64_t seed = state;
    char path[4096];
    snprintf(path, sizeof path, "%s/lp", folder);
    if (mkdir(path, 0777)) stop(path);
    snprintf(path, sizeof path, "%s/gz", folder);
    if (mkdir(path, 0777)) stop(path);

    sensor *fleet = calloc((size_t)sensors + MEASUREMENTS, sizeof *fleet);
    if (!fleet) stop("memory");
    int fleet_size = 0;
    for (int m = 0; m < MEASUREMENTS; m++) {
        int share = (int)fmax(1, round(sensors * measurements[m].share));
        for (int i = 0; i < share; i++, fleet_size++) make_sensor(&fleet[fleet_size], m, fleet_size, share);
    }

    // Rows wait here until everything that arrives before them has been made.
    row *waiting = 0;
    size_t waiting_count = 0, room = 0;
    time_t told = time(0);
    for (int tick = 0; tick < ticks; tick++) {
        if (room < waiting_count + (size_t)fleet_size) {
            room = 2 * waiting_count + (size_t)fleet_size;
            waiting = realloc(waiting, room * sizeof *waiting);
            if (!waiting) stop("memory");
        }
        for (int i = 0; i < fleet_size; i++) {
            waiting_count += report(&fleet[i], start_ms + (int64_t)tick * INTERVAL_MS, &waiting[waiting_count]);
        }
        const bool last = tick + 1 == ticks;
        if ((tick + 1) % TICKS_PER_SORT && !last) continue;
        const int64_t complete_until = start_ms + (int64_t)(tick + 1) * INTERVAL_MS - 25;
        qsort(waiting, waiting_count, sizeof *waiting, in_order);
        size_t done = 0;
        for (; done < waiting_count && (last || waiting[done].arrival_ms < complete_until); done++) {
            write_line(waiting[done].line, folder);
            free(waiting[done].line);
        }
        waiting_count -= done;
        memmove(waiting, waiting + done, waiting_count * sizeof *waiting);
        if (time(0) >= told + 10) {
            told = time(0);
            fprintf(stderr, "  %d %% of the data written\n", (int)(100.0 * (tick + 1) / ticks));
        }
    }
    if (body_lines) write_body(folder);
    write_manifest(folder, sensors, ticks, seed);
    return 0;
}
