#include "CByteLoops.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// A byte from which on a line may not be as it goes into the hash: see mr_canonical_run.
static int is_special(const uint8_t *b, int relaxed) {
    uint8_t next = b[1];
    switch (b[0]) {
    case '\t': return relaxed;
    case ' ': return relaxed && (next == ' ' || next == '\t' || next == '\r');
    case '\r': return next != '\n' || b[2] == '\r' || b[2] == '.' || b[2] == ' ' || b[2] == '\t';
    default: return 0;
    }
}

size_t mr_canonical_run(const uint8_t *bytes, size_t count, int relaxed) {
    size_t i = 0;
    if (count < 3) return 0;
    size_t end = count - 2;
#if defined(__SSE2__)
    const __m128i tab = _mm_set1_epi8('\t'), space = _mm_set1_epi8(' '), cr = _mm_set1_epi8('\r');
    while (i + 16 <= end) {
        __m128i here = _mm_loadu_si128((const __m128i *)(bytes + i));
        // Spaces and tabs are frequent, special ones are not: look closer only where one is followed by another.
        __m128i next = _mm_loadu_si128((const __m128i *)(bytes + i + 1));
        __m128i suspects = _mm_cmpeq_epi8(here, cr);
        if (relaxed) {
            __m128i blank = _mm_cmpeq_epi8(here, space);
            __m128i follows = _mm_or_si128(
                _mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, tab)), _mm_cmpeq_epi8(next, cr));
            suspects = _mm_or_si128(suspects, _mm_or_si128(_mm_cmpeq_epi8(here, tab), _mm_and_si128(blank, follows)));
        }
        unsigned mask = (unsigned)_mm_movemask_epi8(suspects);
        while (mask) {
            unsigned bit = (unsigned)__builtin_ctz(mask);
            if (is_special(bytes + i + bit, relaxed)) return i + bit;
            mask &= mask - 1;
        }
        i += 16;
    }
#endif
    while (i < end && !is_special(bytes + i, relaxed)) i++;
    return i;
}
