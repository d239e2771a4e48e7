#include "page.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <sys/stat.h>
#include <unistd.h>

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

// There is something else than a file, also behind a symbolic link.
bool takes_bytes_once(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode);
}

// What a finished drawing holds goes where it was wanted.
int pass_on(const char *from, const char *to, char *error, size_t error_size) {
    std::FILE *in = std::fopen(from, "rb");
    std::FILE *out = in ? std::fopen(to, "wb") : nullptr;
    bool good = out != nullptr;
    char bytes[65536];
    for (size_t count; good && (count = std::fread(bytes, 1, sizeof bytes, in)) > 0;)
        good = std::fwrite(bytes, 1, count, out) == count;
    if (out && std::fclose(out) != 0) good = false;
    if (!good) std::snprintf(error, error_size, "%s: cannot be written: %s", to, std::strerror(errno));
    if (in) std::fclose(in);
    return good ? 0 : -1;
}

int write_file(const Page &page, const std::function<void(Gnuplot &)> &draw, char *error, size_t error_size) {
    const char *path = page.path;
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
    if (!takes_bytes_once(path)) return write_file(page, draw, error, error_size);
    // gnuplot seeks, and what it wrote is looked at: neither can be done with a FIFO or a device.
    std::string copy = std::string("/tmp/millrace-chart-XXXXXX") + (ends_with(path, ".png") ? ".png" : ".svg");
    const int made = mkstemps(copy.data(), 4);
    if (made < 0) {
        std::snprintf(error, error_size, "%s: cannot be made: %s", copy.c_str(), std::strerror(errno));
        return -1;
    }
    close(made);
    Page other = page;
    other.path = copy.c_str();
    int status = write_file(other, draw, error, error_size);
    if (status == 0) status = pass_on(copy.c_str(), path, error, error_size);
    std::remove(copy.c_str());
    return status;
}
