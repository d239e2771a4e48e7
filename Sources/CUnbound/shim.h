// The resolver library of Unbound, from libunbound-dev.
#include <unbound.h>
