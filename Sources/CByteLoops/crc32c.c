#include "CByteLoops.h"
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82F63B78u // Castagnoli, bits reversed

// a(x)·b(x) mod P in the reversed representation, where bit 31 is x^0.
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

uint32_t mr_crc32c_shift(uint64_t count) {
    uint32_t result = 1u << 31;  // x^0
    uint32_t power = 1u << 23;   // x^8: one byte
    for (; count; count >>= 1) {
        if (count & 1) result = multiply(power, result);
        power = multiply(power, power);
    }
    return result;
}

uint32_t mr_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint32_t shift) {
    return multiply(shift, crc_a) ^ crc_b;
}

static uint32_t update_bytewise(uint32_t crc, const uint8_t *p, size_t count) {
    while (count--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    }
    return crc;
}

#if defined(__x86_64__)
static inline uint64_t word(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, 8);
    return value;
}

#define LANE 8192

__attribute__((target("sse4.2")))
static uint32_t update_sse42(uint32_t crc, const uint8_t *p, size_t count) {
    // The instruction takes three cycles but starts every cycle: three lanes hide its latency.
    static uint32_t shift1, shift2; // the same values whoever computes them first
    while (count >= 3 * LANE) {
        uint32_t one = __atomic_load_n(&shift1, __ATOMIC_RELAXED), two = __atomic_load_n(&shift2, __ATOMIC_RELAXED);
        if (!one || !two) {
            __atomic_store_n(&shift1, one = mr_crc32c_shift(LANE), __ATOMIC_RELAXED);
            __atomic_store_n(&shift2, two = mr_crc32c_shift(2 * LANE), __ATOMIC_RELAXED);
        }
        uint64_t a = crc, b = 0, c = 0;
        for (size_t i = 0; i < LANE; i += 8) {
            a = _mm_crc32_u64(a, word(p + i));
            b = _mm_crc32_u64(b, word(p + LANE + i));
            c = _mm_crc32_u64(c, word(p + 2 * LANE + i));
        }
        crc = multiply(two, (uint32_t)a) ^ multiply(one, (uint32_t)b) ^ (uint32_t)c;
        p += 3 * LANE;
        count -= 3 * LANE;
    }
    uint64_t wide = crc;
    for (; count >= 8; p += 8, count -= 8) wide = _mm_crc32_u64(wide, word(p));
    crc = (uint32_t)wide;
    for (; count; count--) crc = _mm_crc32_u8(crc, *p++);
    return crc;
}
#endif

uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~update_sse42(~crc, bytes, count);
#endif
    return ~update_bytewise(~crc, bytes, count);
}
