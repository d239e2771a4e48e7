// IDNA2008, from libidn2-dev.
#include <idn2.h>
