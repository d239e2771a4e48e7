// Charts through gnuplot: a C door to gnuplot-iostream (C++).
#ifndef MILLRACE_CGNUPLOT_H
#define MILLRACE_CGNUPLOT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// A line of a panel: count points.
struct mr_series {
    const char *title;
    const double *x;
    const double *y;
    size_t count;
};

// One diagram; panels stand below each other.
struct mr_panel {
    const char *title;
    const char *x_label;
    const char *y_label;
    // 1: x is 1/(1-p) on a logarithmic scale, labelled as percentiles, and y is logarithmic.
    int is_percentile;
    const struct mr_series *series;
    size_t series_count;
};

// Writes path, SVG or PNG by its suffix. Returns 0, or -1 with a text in error.
int mr_plot(const char *path, const char *title, const struct mr_panel *panels, size_t panel_count,
            char *error, size_t error_size);

#ifdef __cplusplus
}
#endif

#endif
