// What Swift cannot import from the C library: calls that its module hides, and the processor's own CRC-32C.

#ifndef CTRAMSYSTEM_H
#define CTRAMSYSTEM_H

#include <stddef.h>
#include <stdint.h>

/// Whether this processor has an instruction for CRC-32C.
int tram_has_crc32c(void);

/// Goes on with the CRC-32C register `state` over `count` bytes. Only where `tram_has_crc32c` says so.
uint32_t tram_crc32c(uint32_t state, const void *bytes, size_t count);

/// fallocate(2) from byte 0: 0, or the errno.
int tram_preallocate(int descriptor, int64_t byte_count);

/// Names the calling thread, for `top -H` and debuggers; 15 bytes at most.
void tram_name_thread(const char *name);

/// Gives memory that was freed back to the system.
void tram_give_back_memory(void);

#endif
