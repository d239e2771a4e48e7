#include "CByteLoops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// One byte at a time: the reference, used for tails, hits and machines without SIMD.
static size_t scan_bytes(const uint8_t *p, size_t from, size_t count, struct mr_scan_state *s) {
    for (size_t i = from; i < count; i++) {
        uint8_t byte = p[i];
        if (s->after_cr && byte != '\n') { s->stop = MR_SCAN_BARE_CR; return i; }
        if (!s->after_cr && byte == '\n') { s->stop = MR_SCAN_BARE_LF; return i; }
        if (byte == 0) { s->stop = MR_SCAN_NUL; return i; }
        if (byte == '.' && s->line_start && s->find_dots) { s->stop = MR_SCAN_LINE_DOT; return i; }
        if (s->line_limit && byte != '\r' && byte != '\n' && s->line_length >= s->line_limit) {
            s->stop = MR_SCAN_LONG_LINE;
            return i;
        }
        mr_scan_pass(s, byte);
    }
    s->stop = MR_SCAN_END_OF_INPUT;
    return count;
}

#if defined(__x86_64__)
struct masks { uint64_t cr, lf, nul, dot; };

// True if the 64 bytes hold nothing to stop at; then the state has moved over them.
static inline int pass_block(struct masks m, struct mr_scan_state *s) {
    uint64_t after_cr = m.cr << 1 | s->after_cr;
    uint64_t line_start = (m.lf & after_cr) << 1 | s->line_start;
    uint64_t dots = s->find_dots ? m.dot & line_start : 0;
    if ((m.lf ^ after_cr) | m.nul | dots) return 0;
    if (m.lf) {
        uint64_t first = (uint64_t)__builtin_ctzll(m.lf);
        // Lines inside the block are shorter than 64; the caller keeps line_limit >= 64 or 0.
        if (s->line_limit && s->line_length + first > s->line_limit + 1ull) return 0;
        s->line_length = (uint64_t)__builtin_clzll(m.lf);
    } else {
        if (s->line_limit && s->line_length + 64 > s->line_limit) return 0;
        s->line_length += 64;
    }
    s->after_cr = (uint8_t)(m.cr >> 63);
    s->line_start = (uint8_t)(m.lf >> 63);
    return 1;
}

__attribute__((target("avx2")))
static size_t scan_avx2(const uint8_t *p, size_t count, struct mr_scan_state *s) {
    const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
    const __m256i dot = _mm256_set1_epi8('.'), nul = _mm256_setzero_si256();
    size_t i = 0;
    while (i + 64 <= count) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(p + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(p + i + 32));
#define MASK(v) ((uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, v)) \
                 | (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, v)) << 32)
        struct masks m = { MASK(cr), MASK(lf), MASK(nul), MASK(dot) };
#undef MASK
        if (!pass_block(m, s)) {
            size_t stopped = scan_bytes(p, i, i + 64, s);
            if (stopped < i + 64) return stopped;
        }
        i += 64;
    }
    return scan_bytes(p, i, count, s);
}
#endif

size_t mr_scan_content(const uint8_t *bytes, size_t count, struct mr_scan_state *state) {
#if defined(__x86_64__)
    if (count >= 64 && (state->line_limit == 0 || state->line_limit >= 64) && __builtin_cpu_supports("avx2"))
        return scan_avx2(bytes, count, state);
#endif
    return scan_bytes(bytes, 0, count, state);
}
