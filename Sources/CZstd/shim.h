// The compressor, from libzstd-dev.
#include <zstd.h>
