#include "CGnuplot.h"
#include "page.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace {

// Pairs: user dark, system light, of one hue for each program.
const char *const colours[] = {"#6b5b95", "#b9b0d6", "#0b6e99", "#7fb8d3", "#d9730d", "#f2b77f"};
const double page_width = 900, page_head = 40, plot_height = 210, panel_foot = 64, bar_row = 34, key_row = 20;
const double bar_half = 0.32;

size_t key_rows(const mr_stack_panel &panel) { return (panel.layer_count + 2) / 3; }
double head_height(const mr_stack_panel &panel) { return 34 + key_row * key_rows(panel); }
double body_height(const mr_stack_panel &panel) {
    return panel.x ? plot_height : std::max(60.0, bar_row * panel.count);
}

// Sum of the layers up to and with one, at each point.
std::vector<std::vector<double>> sums(const mr_stack_panel &panel) {
    std::vector<std::vector<double>> found;
    std::vector<double> sum(panel.count, 0);
    for (size_t i = 0; i < panel.layer_count; i++) {
        for (size_t k = 0; k < panel.count; k++) sum[k] += panel.layers[i].values[k];
        found.push_back(sum);
    }
    return found;
}

double highest(const std::vector<std::vector<double>> &sums) {
    const double most = sums.empty() ? 0 : *std::max_element(sums.back().begin(), sums.back().end());
    return most > 0 ? most : 1;
}

void axes(Gnuplot &gnuplot, const mr_stack_panel &panel, double top, double height, double most) {
    const double bottom = top + body_height(panel);
    gnuplot << "unset label\nset lmargin at screen " << (panel.x ? 0.095 : 0.3) << "\nset rmargin at screen 0.965\n"
            << "set tmargin at screen " << 1 - top / height << "\nset bmargin at screen " << 1 - bottom / height << "\n"
            << "set label 1 " << quoted(panel.title) << " at graph 0, screen "
            << 1 - (top - head_height(panel) + 10) / height << " left\n"
            << "set key at graph 0, screen " << 1 - (top - 4) / height
            << " left bottom horizontal Left reverse maxcols 3\n"
            << "set xlabel " << quoted(panel.x_label) << "\nset ylabel " << quoted(panel.y_label) << "\n";
    if (panel.x) {
        gnuplot << "set xtics auto\nset ytics auto\nset xrange [0:*]\nset yrange [0:" << most * 1.05
                << "]\nset format y '%g'\n";
        return;
    }
    gnuplot << "set xtics auto\nset xrange [0:" << most * 1.05 << "]\nset yrange [" << panel.count << ":0]\nset ytics (";
    for (size_t k = 0; k < panel.count; k++) gnuplot << (k ? ", " : "") << quoted(panel.names[k]) << " " << k + 0.5;
    gnuplot << ")\n";
}

// Each area lies between its own sum and the one below it.
void draw_areas(Gnuplot &gnuplot, const mr_stack_panel &panel, const std::vector<std::vector<double>> &sums) {
    using Point = std::tuple<double, double, double>;
    for (size_t i = 0; i < panel.layer_count; i++)
        gnuplot << (i ? ", " : "plot ") << "'-' using 1:2:3 with filledcurves fs solid 1 noborder lc rgb '"
                << colours[i % 6] << "' title " << quoted(panel.layers[i].title);
    gnuplot << "\n";
    for (size_t i = 0; i < panel.layer_count; i++) {
        std::vector<Point> points;
        for (size_t k = 0; k < panel.count; k++)
            points.emplace_back(panel.x[k], i ? sums[i - 1][k] : 0.0, sums[i][k]);
        gnuplot.send1d(points);
    }
}

void draw_bars(Gnuplot &gnuplot, const mr_stack_panel &panel, const std::vector<std::vector<double>> &sums) {
    using Box = std::tuple<double, double, double, double, double, double>;
    for (size_t i = 0; i < panel.layer_count; i++)
        gnuplot << (i ? ", " : "plot ") << "'-' using 1:2:3:4:5:6 with boxxyerror fs solid 1 noborder fc rgb '"
                << colours[i % 6] << "' title " << quoted(panel.layers[i].title);
    gnuplot << "\n";
    for (size_t i = 0; i < panel.layer_count; i++) {
        std::vector<Box> boxes;
        for (size_t k = 0; k < panel.count; k++) {
            const double y = k + 0.5, low = i ? sums[i - 1][k] : 0;
            boxes.emplace_back(sums[i][k], y, low, sums[i][k], y - bar_half, y + bar_half);
        }
        gnuplot.send1d(boxes);
    }
}

}  // namespace

extern "C" int mr_plot_stacks(const char *path, const char *title, const mr_stack_panel *panels, size_t panel_count,
                              char *error, size_t error_size) {
    double height = page_head;
    std::vector<double> tops;
    for (size_t i = 0; i < panel_count; i++) {
        tops.push_back(height + head_height(panels[i]));
        height = tops[i] + body_height(panels[i]) + panel_foot;
    }
    const auto draw_all = [&](Gnuplot &gnuplot) {
        for (size_t i = 0; i < panel_count; i++) {
            const auto layers = sums(panels[i]);
            axes(gnuplot, panels[i], tops[i], height, highest(layers));
            if (panels[i].x)
                draw_areas(gnuplot, panels[i], layers);
            else
                draw_bars(gnuplot, panels[i], layers);
        }
    };
    return write_page({path, title, page_width, height}, panel_count, draw_all, error, error_size);
}
