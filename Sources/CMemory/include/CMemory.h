// Settings of the allocator, which the Glibc module of Swift does not show.
#ifndef MILLRACE_CMEMORY_H
#define MILLRACE_CMEMORY_H

// Blocks up to `map_above` bytes come from the heap instead of a mapping of their own, and up to `trim_above` free
// bytes stay with the process: mallopt(3).
void mr_keep_large_blocks(int map_above, int trim_above);

#endif
