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

// How a bar is filled.
enum mr_fill { mr_fill_dark = 0, mr_fill_light = 1, mr_fill_hatched = 2, mr_fill_grey_hatched = 3 };

// A line of bars, one in each panel: its name at the left edge, with a note below it.
struct mr_bar_row {
    const char *name;
    const char *note;
    enum mr_fill fill;
};

// From 0 to value, with whiskers from low to high where these differ, and a text behind it. Below 0 the text alone.
struct mr_bar {
    double value;
    double low;
    double high;
    const char *text;
};

// One figure of every row; panels stand side by side.
struct mr_bar_panel {
    const char *title;
    const char *x_label;
    // As many as there are rows.
    const struct mr_bar *bars;
};

// Writes path, SVG or PNG by its suffix. Returns 0, or -1 with a text in error.
int mr_plot_bars(const char *path, const char *title, const struct mr_bar_row *rows, size_t row_count,
                 const struct mr_bar_panel *panels, size_t panel_count, char *error, size_t error_size);

// A value with its interval; low == high without one. Its label stands beside it; empty: none.
struct mr_point {
    double x;
    double y;
    double low;
    double high;
    const char *label;
};

// Points of one colour, joined by a line where they follow each other.
struct mr_point_series {
    const char *title;
    int is_joined;
    const struct mr_point *points;
    size_t count;
};

struct mr_point_chart {
    const char *title;
    const char *x_label;
    const char *y_label;
    // Names at x = 0, 1, 2 …; without them the axis has numbers from 0 on.
    const char *const *x_names;
    size_t x_name_count;
    const struct mr_point_series *series;
    size_t series_count;
};

// Writes path, SVG or PNG by its suffix. Returns 0, or -1 with a text in error.
int mr_plot_points(const char *path, const struct mr_point_chart *chart, char *error, size_t error_size);

// One part of a stack: as many values as its panel has points, from 0 up.
struct mr_layer {
    const char *title;
    const double *values;
};

// Layers upon each other over x, as areas; or over names, as bars.
struct mr_stack_panel {
    const char *title;
    const char *x_label;
    const char *y_label;
    // Null: bars over the names.
    const double *x;
    const char *const *names;
    size_t count;
    const struct mr_layer *layers;
    size_t layer_count;
};

// Writes path, SVG or PNG by its suffix; panels stand below each other. Returns 0, or -1 with a text in error.
int mr_plot_stacks(const char *path, const char *title, const struct mr_stack_panel *panels, size_t panel_count,
                   char *error, size_t error_size);

#ifdef __cplusplus
}
#endif

#endif
