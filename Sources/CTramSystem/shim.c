#define _GNU_SOURCE
#include <malloc.h>
#include "CTramSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

int tram_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t tram_crc32c(uint32_t state, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t crc = state;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = _mm_crc32_u64(crc, word);
        at += 8;
        count -= 8;
    }
    while (count > 0) {
        crc = _mm_crc32_u8((uint32_t)crc, *at);
        at += 1;
        count -= 1;
    }
    return (uint32_t)crc;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>

// HWCAP_CRC32 of asm/hwcap.h.
int tram_has_crc32c(void) { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }

__attribute__((target("crc"))) uint32_t tram_crc32c(uint32_t state, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        state = __crc32cd(state, word);
        at += 8;
        count -= 8;
    }
    while (count > 0) {
        state = __crc32cb(state, *at);
        at += 1;
        count -= 1;
    }
    return state;
}

#else

int tram_has_crc32c(void) { return 0; }

uint32_t tram_crc32c(uint32_t state, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return state;
}

#endif

int tram_preallocate(int descriptor, int64_t byte_count) {
    return fallocate(descriptor, 0, 0, byte_count) == 0 ? 0 : errno;
}

void tram_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

void tram_give_back_memory(void) { (void)malloc_trim(0); }
