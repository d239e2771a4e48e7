#define _GNU_SOURCE
#include "CLinux.h"
#include <fcntl.h>
#include <malloc.h>

void mr_keep_large_blocks(int map_above, int trim_above) {
    mallopt(M_MMAP_THRESHOLD, map_above);
    mallopt(M_TRIM_THRESHOLD, trim_above);
}

void mr_start_writeback(int descriptor) { sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }
