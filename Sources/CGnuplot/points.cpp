#include "CGnuplot.h"
#include "page.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace {

const char *const colours[] = {"#0b6e99", "#d9730d", "#4f7f3a", "#9b2f6f", "#6b5b95", "#333333"};
const double page_width = 900, page_head = 40, key_row = 20, plot_height = 380;

// Names of commits stand upright below the axis.
double foot(const mr_point_chart &chart) { return chart.x_name_count > 0 ? 130 : 64; }

void axes(Gnuplot &gnuplot, const mr_point_chart &chart, double head, double height) {
    double highest = 0, widest = 0;
    for (size_t i = 0; i < chart.series_count; i++)
        for (size_t k = 0; k < chart.series[i].count; k++) {
            highest = std::max(highest, chart.series[i].points[k].high);
            widest = std::max(widest, chart.series[i].points[k].x);
        }
    gnuplot << "set lmargin at screen 0.095\nset rmargin at screen 0.965\n"
            << "set tmargin at screen " << 1 - head / height << "\n"
            << "set bmargin at screen " << foot(chart) / height << "\n"
            << "set key at graph 0, graph 1.02 left bottom vertical Left reverse maxcols 1\n"
            << "set xlabel " << quoted(chart.x_label) << "\nset ylabel " << quoted(chart.y_label) << "\n"
            << "set format y '%g'\nset yrange [0:" << (highest > 0 ? highest * 1.15 : 1) << "]\n";
    if (chart.x_name_count == 0) {
        gnuplot << "set format x '%g'\nset xrange [0:" << (widest > 0 ? widest * 1.25 : 1) << "]\n";
        return;
    }
    gnuplot << "set xrange [-0.5:" << chart.x_name_count - 0.5 << "]\nset xtics rotate by -60 left (";
    for (size_t i = 0; i < chart.x_name_count; i++)
        gnuplot << (i ? ", " : "") << quoted(chart.x_names[i]) << " " << i;
    gnuplot << ")\n";
}

void draw(Gnuplot &gnuplot, const mr_point_chart &chart) {
    using Point = std::tuple<double, double, double, double>;
    std::vector<std::vector<Point>> bars;
    std::vector<std::vector<std::pair<double, double>>> lines;
    std::string plots;
    for (size_t i = 0; i < chart.series_count; i++) {
        const mr_point_series &series = chart.series[i];
        if (series.count == 0) continue;
        const std::string colour = std::string("lc rgb '") + colours[i % 6] + "'";
        std::vector<Point> points;
        std::vector<std::pair<double, double>> line;
        for (size_t k = 0; k < series.count; k++) {
            const mr_point &point = series.points[k];
            points.emplace_back(point.x, point.y, point.low, point.high);
            line.emplace_back(point.x, point.y);
            if (*point.label)
                gnuplot << "set label " << quoted(point.label) << " at first " << point.x << ", first " << point.y
                        << " left offset 1,0.4 font ',11'\n";
        }
        plots += std::string(plots.empty() ? "" : ", ") + "'-' using 1:2:3:4 with yerrorbars pt 7 ps 0.8 lw 1.5 "
                 + colour + " title " + quoted(series.title);
        bars.push_back(points);
        lines.push_back(series.is_joined ? line : std::vector<std::pair<double, double>>());
        if (series.is_joined) plots += ", '-' with lines lw 1.5 " + colour + " notitle";
    }
    gnuplot << "plot " << plots << "\n";
    for (size_t i = 0; i < bars.size(); i++) {
        gnuplot.send1d(bars[i]);
        if (!lines[i].empty()) gnuplot.send1d(lines[i]);
    }
}

}  // namespace

extern "C" int mr_plot_points(const char *path, const mr_point_chart *chart, char *error, size_t error_size) {
    size_t filled = 0;
    for (size_t i = 0; i < chart->series_count; i++) filled += chart->series[i].count > 0;
    const double head = page_head + key_row * filled, height = head + plot_height + foot(*chart);
    const auto draw_all = [&](Gnuplot &gnuplot) {
        axes(gnuplot, *chart, head, height);
        draw(gnuplot, *chart);
    };
    return write_page({path, chart->title, page_width, height}, filled, draw_all, error, error_size);
}
