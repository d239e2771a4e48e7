#include "CByteLoops.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
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

// What x^bits is, modulo P, as the carry-less multiplication of reversed operands wants it.
static uint64_t fold_constant(unsigned bits) { return (uint64_t)mr_crc32c_shift(bits / 8) << 1; }

#define FOLD 256 // bytes a step: four registers

// Folding (Gopal et al., "Fast CRC Computation Using PCLMULQDQ", Intel 2009) with 512-bit registers: each step
// multiplies what was read 256 bytes before by x^2048 modulo P and adds the next 256 bytes. What is left has the same
// remainder as all that was read, and goes through the crc32 instruction.
__attribute__((target("avx512f,vpclmulqdq,sse4.2")))
static uint32_t update_avx512(uint32_t crc, const uint8_t *p, size_t count) {
    static uint64_t far, near; // the same values whoever computes them first
    uint64_t low = __atomic_load_n(&far, __ATOMIC_RELAXED), high = __atomic_load_n(&near, __ATOMIC_RELAXED);
    if (!low || !high) {
        __atomic_store_n(&far, low = fold_constant(8 * FOLD + 32), __ATOMIC_RELAXED);
        __atomic_store_n(&near, high = fold_constant(8 * FOLD - 32), __ATOMIC_RELAXED);
    }
    const __m512i by = _mm512_set_epi64(high, low, high, low, high, low, high, low);
    __m512i rest[4];
    for (int i = 0; i < 4; i++) rest[i] = _mm512_loadu_si512(p + 64 * i);
    rest[0] = _mm512_xor_si512(rest[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc)));
    for (p += FOLD, count -= FOLD; count >= FOLD; p += FOLD, count -= FOLD) {
        for (int i = 0; i < 4; i++) {
            const __m512i next = _mm512_loadu_si512(p + 64 * i);
            const __m512i a = _mm512_clmulepi64_epi128(rest[i], by, 0x00);
            const __m512i b = _mm512_clmulepi64_epi128(rest[i], by, 0x11);
            rest[i] = _mm512_ternarylogic_epi64(a, b, next, 0x96); // a ^ b ^ next
        }
    }
    return update_sse42(update_sse42(0, (const uint8_t *)rest, FOLD), p, count);
}

static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("sse4.2");
}
#endif

uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
    if (count >= 4 * FOLD && has_avx512()) return ~update_avx512(~crc, bytes, count);
    if (__builtin_cpu_supports("sse4.2")) return ~update_sse42(~crc, bytes, count);
#endif
    return ~update_bytewise(~crc, bytes, count);
}
