#include "CGnuplot.h"
#include "page.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

namespace {

const double panel_width = 262, page_head = 84, page_foot = 62, row_height = 40, gap = 26;
const double bar_half = 0.3;

// By mr_fill. What is no durable spool is hatched, so that it stands out in print, too.
const char *const fills[] = {
    "fc rgb '#0b6e99' fs solid 1 noborder", "fc rgb '#7fb8d3' fs solid 1 noborder",
    "fc rgb '#d9730d' fs pattern 5 border lc rgb '#d9730d'", "fc rgb '#888888' fs pattern 5 border lc rgb '#888888'",
};

// A step for about three tics.
double tic_step(double longest) {
    const double rough = longest / 3, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (rough <= factor * power) return factor * power;
    return 10 * power;
}

// In pixels.
struct Sheet {
    double names;
    double width;
    double height;
};

// Names are of any length: at the font's size a letter takes less than 8 pixels.
Sheet sheet_for(const mr_bar_row *rows, size_t row_count, size_t panel_count) {
    size_t longest = 20;
    for (size_t i = 0; i < row_count; i++)
        longest = std::max({longest, std::strlen(rows[i].name), std::strlen(rows[i].note)});
    const double names = 8.0 * longest + 30;
    return {names, names + panel_width * panel_count, page_head + row_height * row_count + page_foot};
}

void axes(Gnuplot &gnuplot, const mr_bar_panel &panel, size_t rows, size_t index, double longest, const Sheet &sheet) {
    const double left = sheet.names + index * panel_width;
    gnuplot << "unset label\nunset key\nset border 3 lc rgb '#888888'\n"
            << "set lmargin at screen " << left / sheet.width << "\n"
            << "set rmargin at screen " << (left + panel_width - gap) / sheet.width << "\n"
            << "set tmargin at screen " << 1 - page_head / sheet.height << "\n"
            << "set bmargin at screen " << page_foot / sheet.height << "\n"
            << "set label 1 " << quoted(panel.title) << " at graph 0, screen " << 1 - (page_head - 16) / sheet.height << " left\n"
            << "set xlabel " << quoted(panel.x_label) << "\nunset ylabel\nset format x '%g'\n"
            // The first row stands above the others; behind the longest bar there is room for its text.
            << "set yrange [" << rows << ":0]\nunset ytics\nset grid noytics\n"
            << "set xrange [0:" << longest * 1.32 << "]\nset xtics 0," << tic_step(longest) << "\n";
}

void names(Gnuplot &gnuplot, const mr_bar_row *rows, size_t count, const Sheet &sheet) {
    const double right = (sheet.names - 10) / sheet.width;
    for (size_t i = 0; i < count; i++)
        gnuplot << "set label " << quoted(rows[i].name) << " at screen " << right << ", first " << i + 0.5
                << " right offset 0,0.35\n"
                << "set label " << quoted(rows[i].note) << " at screen " << right << ", first " << i + 0.5
                << " right offset 0,-0.45 font ',10' textcolor rgb '#666666'\n";
}

void draw(Gnuplot &gnuplot, const mr_bar_panel &panel, const mr_bar_row *rows, size_t count, double longest) {
    using Box = std::tuple<double, double, double, double, double, double>;
    using Whisker = std::tuple<double, double, double, double>;
    std::vector<std::vector<Box>> boxes;
    std::vector<Whisker> whiskers;
    std::string plots;
    for (size_t i = 0; i < count; i++) {
        const mr_bar &bar = panel.bars[i];
        const double y = i + 0.5;
        gnuplot << "set label " << quoted(bar.text) << " at first " << std::fmax(0, bar.high) + longest * 0.03 << ", first " << y
                << " left font ',11'\n";
        if (!(bar.value >= 0)) continue;
        boxes.push_back({{bar.value, y, 0, bar.value, y - bar_half, y + bar_half}});
        plots += std::string(plots.empty() ? "" : ", ") + "'-' using 1:2:3:4:5:6 with boxxyerror "
                 + fills[rows[i].fill] + " notitle";
        if (bar.high > bar.low) whiskers.push_back({bar.value, y, bar.low, bar.high});
    }
    if (!whiskers.empty()) plots += ", '-' using 1:2:3:4 with xerrorbars lw 1.5 pt 0 lc rgb '#222222' notitle";
    if (plots.empty()) plots = "NaN notitle";
    gnuplot << "plot " << plots << "\n";
    for (const auto &box : boxes) gnuplot.send1d(box);
    if (!whiskers.empty()) gnuplot.send1d(whiskers);
}

double longest_of(const mr_bar_panel &panel, size_t count) {
    double longest = 0;
    for (size_t i = 0; i < count; i++) longest = std::fmax(longest, panel.bars[i].high);
    return longest > 0 ? longest : 1;
}

}  // namespace

extern "C" int mr_plot_bars(const char *path, const char *title, const mr_bar_row *rows, size_t row_count,
                            const mr_bar_panel *panels, size_t panel_count, char *error, size_t error_size) {
    const Sheet sheet = sheet_for(rows, row_count, panel_count);
    const auto draw_all = [&](Gnuplot &gnuplot) {
        for (size_t i = 0; i < panel_count; i++) {
            const double longest = longest_of(panels[i], row_count);
            axes(gnuplot, panels[i], row_count, i, longest, sheet);
            if (i == 0) names(gnuplot, rows, row_count, sheet);
            draw(gnuplot, panels[i], rows, row_count, longest);
        }
    };
    return write_page({path, title, sheet.width, sheet.height}, row_count == 0 ? 0 : panel_count, draw_all, error,
                      error_size);
}
