// load: sends prepared bodies to an HTTP server over connections that stay open, and says how long that took.
//
// usage: load [-z] CONNECTIONS URL FILE...         -z: the files are gzip
// build: cc -O2 -o load load.c -lpthread
//
// 1. All files are read and all connections are made before the clock starts.
// 2. Each connection takes the next body that nobody has taken, sends it, waits for the whole answer, and goes on. So
//    bodies start in order, and with one connection they also arrive in order.
// 3. The clock stops at the last answer. One line of JSON goes to standard output; exit status 1 when an answer was
//    missing or was not 2xx, with the first such answer on standard error.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 256, PATIENCE_S = 120 };

static char host[64], path[512];
static int port;
static bool is_gzip;
static int body_count;
static char **bodies;
static size_t *lengths;
static double *latencies_s;
static atomic_int next_body, accepted, refused;

static void stop(const char *what) {
    perror(what);
    exit(2);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double cpu_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static int dial(void) {
    int one = 1, connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) stop(host);
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) stop("connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return connection;
}

static bool send_all(int connection, struct iovec *parts, int count) {
    while (count) {
        ssize_t sent = writev(connection, parts, count);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        while (count && (size_t)sent >= parts->iov_len) {
            sent -= parts->iov_len;
            parts++;
            count--;
        }
        if (count) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= sent;
        }
    }
    return true;
}

// Reads one answer to its end. Returns its status, 0 when there was none; `goes_on` says whether the connection does.
static int answer(int connection, bool *goes_on) {
    char text[65536];
    size_t length = 0;
    char *end = 0;
    *goes_on = false;
    while (!end && length < sizeof text - 1) {
        ssize_t got = read(connection, text + length, sizeof text - 1 - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        length += got;
        text[length] = 0;
        end = strstr(text, "\r\n\r\n");
    }
    int status = 0;
    if (!end || sscanf(text, "HTTP/1.%*d %d", &status) != 1) return 0;
    if (status / 100 != 2) {
        if (!refused) fprintf(stderr, "%.*s\n", (int)(length > 500 ? 500 : length), text);
        return status;
    }
    *end = 0;
    size_t have = text + length - (end + 4), want = 0;
    const char *field = strcasestr(text, "\r\ncontent-length:");
    if (field) want = strtoul(field + strlen("\r\ncontent-length:"), 0, 10);
    *goes_on = !strcasestr(text, "\r\nconnection: close");
    while (have < want) {
        ssize_t got = read(connection, text, sizeof text);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        have += got;
    }
    return status;
}

static void *send_bodies(void *opened) {
    int connection = *(int *)opened;
    for (int i; (i = next_body++) < body_count;) {
        char head[1024];
        int head_length = snprintf(
            head, sizeof head,
            "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: text/plain\r\n%sContent-Length: %zu\r\n\r\n",
            path, host, port, is_gzip ? "Content-Encoding: gzip\r\n" : "", lengths[i]);
        struct iovec parts[2] = {{head, head_length}, {bodies[i], lengths[i]}};
        double began = seconds();
        bool goes_on = false;
        int status = send_all(connection, parts, 2) ? answer(connection, &goes_on) : 0;
        latencies_s[i] = seconds() - began;
        if (status / 100 == 2) accepted++;
        else refused++;
        if (!goes_on) {
            close(connection);
            connection = dial();
        }
    }
    close(connection);
    return 0;
}

static void read_body(int i, const char *name) {
    struct stat info;
    FILE *file = fopen(name, "rb");
    if (!file || fstat(fileno(file), &info)) stop(name);
    lengths[i] = info.st_size;
    bodies[i] = malloc(lengths[i]);
    if (!bodies[i] || fread(bodies[i], 1, lengths[i], file) != lengths[i]) stop(name);
    fclose(file);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// The smallest latency that so many percent of the requests do not exceed, in milliseconds.
static double percentile_ms(int percent) {
    int rank = (int)(((long)body_count * percent + 99) / 100);
    return latencies_s[rank - 1] * 1e3;
}

int main(int count, char **words) {
    if (count > 1 && !strcmp(words[1], "-z")) {
        is_gzip = true;
        words++;
        count--;
    }
    if (count < 4 || sscanf(words[2], "http://%63[^:/]:%d%511s", host, &port, path) != 3) {
        fprintf(stderr, "usage: load [-z] CONNECTIONS URL FILE...\n");
        return 2;
    }
    const int connections = atoi(words[1]);
    if (connections < 1 || connections > MOST_CONNECTIONS) {
        fprintf(stderr, "load: 1 to %d connections, please\n", MOST_CONNECTIONS);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    body_count = count - 3;
    bodies = calloc(body_count, sizeof *bodies);
    lengths = calloc(body_count, sizeof *lengths);
    latencies_s = calloc(body_count, sizeof *latencies_s);
    size_t bytes = 0;
    for (int i = 0; i < body_count; i++) {
        read_body(i, words[3 + i]);
        bytes += lengths[i];
    }
    int opened[MOST_CONNECTIONS];
    for (int i = 0; i < connections; i++) opened[i] = dial();

    pthread_t threads[MOST_CONNECTIONS];
    double cpu_began = cpu_seconds(), began = seconds();
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&threads[i], 0, send_bodies, &opened[i])) stop("thread");
    }
    for (int i = 0; i < connections; i++) pthread_join(threads[i], 0);
    double wall_s = seconds() - began, cpu_s = cpu_seconds() - cpu_began;

    qsort(latencies_s, body_count, sizeof *latencies_s, ascending);
    printf(
        "{\"wall_s\": %.4f, \"requests\": %d, \"accepted\": %d, \"refused\": %d, \"sent_bytes\": %zu, "
        "\"client_cpu_s\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
        wall_s, body_count, accepted, refused, bytes, cpu_s, percentile_ms(50), percentile_ms(99), percentile_ms(100));
    return refused ? 1 : 0;
}
