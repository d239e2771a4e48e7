#include "CGnuplot.h"
#include "page.h"

#include <string>
#include <utility>
#include <vector>

namespace {

// Distinct in hue and lightness, also in print.
const char *const colours[] = {"#0b6e99", "#d9730d", "#4f7f3a", "#9b2f6f", "#6b5b95", "#333333"};

// Where a panel stands, in pixels: its head holds title and key, so that the key covers no curve.
struct Place {
    double top;
    double bottom;
};

const double page_width = 900, page_head = 40, plot_height = 230, panel_foot = 64, key_row = 20;

// Two names fit side by side; of several runs they are long, and each has a row.
size_t key_columns(const mr_panel &panel) { return panel.series_count <= 2 ? 2 : 1; }

double head_height(const mr_panel &panel) {
    return 34 + key_row * ((panel.series_count + key_columns(panel) - 1) / key_columns(panel));
}

void axes(Gnuplot &gnuplot, const mr_panel &panel, const Place &place, double height) {
    gnuplot << "unset logscale\nset xtics auto\nset ytics auto\nset autoscale\n"
            << "set lmargin at screen 0.095\nset rmargin at screen 0.965\n"
            << "set tmargin at screen " << 1 - place.top / height << "\n"
            << "set bmargin at screen " << 1 - place.bottom / height << "\n"
            << "set label 1 " << quoted(panel.title) << " at graph 0, screen "
            << 1 - (place.top - head_height(panel) + 10) / height << " left\n"
            << "set key at graph 0, graph 1.03 left bottom horizontal Left reverse maxcols " << key_columns(panel) << "\n"
            << "set xlabel " << quoted(panel.x_label) << "\nset ylabel " << quoted(panel.y_label) << "\n";
    if (panel.is_percentile) {
        gnuplot << "set logscale x 10\nset logscale y 10\nset xrange [1:*]\nset format y '%g'\nset xtics ("
                   "'0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000, '99.999' 100000, '99.9999' 1000000)\n";
    } else {
        gnuplot << "set xrange [0:*]\nset yrange [0:*]\nset format y '%.0f'\n";
    }
}

void draw(Gnuplot &gnuplot, const mr_panel &panel, const Place &place, double height) {
    axes(gnuplot, panel, place, height);
    std::vector<std::vector<std::pair<double, double>>> lines;
    gnuplot << "plot ";
    for (size_t i = 0; i < panel.series_count; i++) {
        const mr_series &series = panel.series[i];
        if (i) gnuplot << ", ";
        // A short run has few seconds: show them as points, too.
        gnuplot << "'-' with " << (series.count < 40 ? "linespoints pt 7 ps 0.5" : "lines") << " lw 2 lc rgb '"
                << colours[i % 6] << "' title " << quoted(series.title);
        std::vector<std::pair<double, double>> points;
        for (size_t k = 0; k < series.count; k++) points.emplace_back(series.x[k], series.y[k]);
        lines.push_back(points);
    }
    gnuplot << "\n";
    for (const auto &points : lines) gnuplot.send1d(points);
}

}  // namespace

extern "C" int mr_plot(const char *path, const char *title, const mr_panel *panels, size_t panel_count,
                       char *error, size_t error_size) {
    double height = page_head;
    std::vector<Place> places;
    for (size_t i = 0; i < panel_count; i++) {
        const double top = height + head_height(panels[i]);
        places.push_back({top, top + plot_height});
        height = top + plot_height + panel_foot;
    }
    const auto draw_all = [&](Gnuplot &gnuplot) {
        for (size_t i = 0; i < panel_count; i++) draw(gnuplot, panels[i], places[i], height);
    };
    return write_page({path, title, page_width, height}, panel_count, draw_all, error, error_size);
}
