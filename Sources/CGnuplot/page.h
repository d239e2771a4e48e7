// One page of diagrams, written by gnuplot: what line and bar charts share.
#ifndef MILLRACE_CGNUPLOT_PAGE_H
#define MILLRACE_CGNUPLOT_PAGE_H

#include <cstddef>
#include <functional>
#include <string>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <gnuplot-iostream.h>
#pragma GCC diagnostic pop

// A text inside gnuplot's single quotes: in double ones it would run what stands between backquotes.
std::string quoted(const char *text);

struct Page {
    const char *path;
    const char *title;
    // In pixels.
    double width;
    double height;
};

// Opens the page, has it drawn and looks whether the file is there. Returns 0, or -1 with a text in error.
int write_page(const Page &page, size_t panel_count, const std::function<void(Gnuplot &)> &draw, char *error,
               size_t error_size);

#endif
