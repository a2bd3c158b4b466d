#include <zlib.h>

// inflateInit2 is a macro, which Swift cannot import.
static inline int tram_inflate_init_gzip(z_streamp stream) {
    return inflateInit2(stream, 15 + 16);
}
