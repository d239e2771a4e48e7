// Byte loops that want SIMD: the end-of-data scan and CRC-32C. No state of their own, no allocation.
#ifndef MILLRACE_CBYTELOOPS_H
#define MILLRACE_CBYTELOOPS_H

#include <stddef.h>
#include <stdint.h>

// ---- Content scan (RFC 5321 §4.1.1.4, §4.5.2; RFC 5322 §2.3) ----------------------------------------------

// Why a scan stopped.
enum mr_scan_stop {
    MR_SCAN_END_OF_INPUT = 0, // everything was looked at
    MR_SCAN_LINE_DOT = 1,     // a '.' at the start of a line
    MR_SCAN_BARE_LF = 2,      // LF without CR before it
    MR_SCAN_BARE_CR = 3,      // the byte before this one is a CR, and this one is not LF
    MR_SCAN_NUL = 4,
    MR_SCAN_LONG_LINE = 5,    // the line that ends here, or goes on here, is longer than line_limit
};

// What the next byte is to be judged by; carried from buffer to buffer.
struct mr_scan_state {
    uint8_t after_cr;    // the last byte was CR
    uint8_t line_start;  // the last two bytes were CRLF, or nothing was read yet
    uint8_t find_dots;   // stop at line dots (DATA) or not (BDAT)
    uint8_t stop;        // enum mr_scan_stop of the last call
    uint32_t line_limit; // longest line in bytes without its CRLF; 0: no limit
    uint64_t line_length; // bytes of the line so far
};

// Looks at bytes[0..<count] and returns the index of the first byte that stopped the scan (see stop), or count.
// The state is then as before that byte; mr_scan_pass moves it over one byte that the caller decided to accept.
size_t mr_scan_content(const uint8_t *bytes, size_t count, struct mr_scan_state *state);

static inline void mr_scan_pass(struct mr_scan_state *state, uint8_t byte) {
    uint8_t ended = state->after_cr && byte == '\n';
    state->line_length = ended ? 0 : state->line_length + 1;
    state->line_start = ended;
    state->after_cr = byte == '\r';
}

// ---- CRC-32C (Castagnoli; RFC 3720 appendix B.4) -------------------------------------------------------------

// CRC of the bytes so far (0 for none) and of count more; chainable: crc(ab) == crc(crc(a), b).
uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t count);

// The operator that moves a CRC over `count` further bytes; reusable for all second parts of that length.
uint32_t mr_crc32c_shift(uint64_t count);

// CRC of a‖b from the CRCs of a and of b, with shift = mr_crc32c_shift(length of b). About 50 ns.
uint32_t mr_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint32_t shift);

// ---- Canonical form (RFC 6376 section 3.4) -------------------------------------------------------------------

// How many leading bytes go into a body hash as they are: up to a run of blanks, a tab or a blank at a line's end (with
// `relaxed`), a CR that is no line's end, and a line's end behind which an empty line, a dot or a blank follows. The last
// two bytes are never among them: what they are depends on what comes.
size_t mr_canonical_run(const uint8_t *bytes, size_t count, int relaxed);

#endif
