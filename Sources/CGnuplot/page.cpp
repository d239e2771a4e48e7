#include "page.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

std::string quoted(const char *text) {
    std::string out = "'";
    for (const char *c = text; *c; c++) {
        if (*c == '\'') out += '\'';
        out += (unsigned char)*c < 32 ? ' ' : *c;
    }
    return out + "'";
}

namespace {

bool ends_with(const std::string &text, const std::string &suffix) {
    return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

void plot(const Page &page, const std::function<void(Gnuplot &)> &draw) {
    Gnuplot gnuplot("gnuplot");
    const std::string size = std::to_string((int)page.width) + "," + std::to_string((int)page.height);
    if (ends_with(page.path, ".png"))
        gnuplot << "set terminal pngcairo size " << size << " noenhanced font 'Helvetica,11' background '#ffffff'\n";
    else
        gnuplot << "set terminal svg size " << size << " dynamic noenhanced font 'Helvetica,13' background '#ffffff'\n";
    gnuplot << "set output " << quoted(page.path) << "\n"
            << "set border 3 lc rgb '#888888'\nset tics nomirror\nset grid lc rgb '#dddddd' lt 1\nset key samplen 2\n"
            << "set multiplot title " << quoted(page.title) << "\n";
    draw(gnuplot);
    gnuplot << "unset multiplot\nset output\n";
    gnuplot.flush();
}

}  // namespace

int write_page(const Page &page, size_t panel_count, const std::function<void(Gnuplot &)> &draw, char *error,
               size_t error_size) {
    const char *path = page.path;
    if (!ends_with(path, ".svg") && !ends_with(path, ".png")) {
        std::snprintf(error, error_size, "%s: the name must end with .svg or .png", path);
        return -1;
    }
    if (panel_count == 0) {
        std::snprintf(error, error_size, "%s: there is nothing to draw", path);
        return -1;
    }
    if (std::system("gnuplot --version >/dev/null 2>&1") != 0) {
        std::snprintf(error, error_size, "gnuplot is not installed: 'make setup' does it");
        return -1;
    }
    // gnuplot would say so at length and write to standard output instead.
    std::FILE *probe = std::fopen(path, "wb");
    if (!probe) {
        std::snprintf(error, error_size, "%s: cannot be written: %s", path, std::strerror(errno));
        return -1;
    }
    std::fclose(probe);
    try {
        plot(page, draw);
    } catch (const std::exception &failure) {
        std::snprintf(error, error_size, "%s: %s", path, failure.what());
        return -1;
    }
    std::FILE *written = std::fopen(path, "rb");
    if (!written) {
        std::snprintf(error, error_size, "%s: gnuplot did not write it", path);
        return -1;
    }
    std::fseek(written, 0, SEEK_END);
    const bool empty = std::ftell(written) == 0;
    std::fclose(written);
    if (empty) {
        std::snprintf(error, error_size, "%s: gnuplot wrote nothing", path);
        return -1;
    }
    return 0;
}
