// Compressors: Zstandard, from libzstd-dev, and gzip, from zlib1g-dev.
#include <zlib.h>
#include <zstd.h>
