// RocksDB's own C interface, from librocksdb-dev.
#include <rocksdb/c.h>
