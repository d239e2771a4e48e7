#include "CMemory.h"
#include <malloc.h>

void mr_keep_large_blocks(int map_above, int trim_above) {
    mallopt(M_MMAP_THRESHOLD, map_above);
    mallopt(M_TRIM_THRESHOLD, trim_above);
}
