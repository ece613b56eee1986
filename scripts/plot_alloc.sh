#!/usr/bin/env bash
# Draws what the allocator costs and how tightly it packs, from the figures of flux_alloc_bench --csv.
#
#   scripts/plot_alloc.sh FILE.csv [FOLDER]      default: docs/design; alloc-churn, -chunks, -load, -drop .svg
set -euo pipefail
csv=${1:?"usage: plot_alloc.sh FILE.csv [FOLDER]"}
folder=${2:-$(dirname "$0")/../docs/design}
[[ -r $csv ]] || { echo "plot_alloc.sh: cannot read $csv" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# rows WORKLOAD ALLOCATOR METRIC FILE: x and y, for gnuplot.
rows() { awk -F, -v w="$1" -v a="$2" -v m="$3" '$1 == w && $2 == a && $3 == m { print $4, $5 }' "$csv" >"$work/$4"; }

rows steady "BF" ns/pair steady-bf
rows steady "FF" ns/pair steady-ff
rows steady "Flux" ns/pair steady-flux
rows chunks "BF a chunk" ns/pair chunks-bf
rows chunks "Flux" ns/pair chunks-flux
rows chunk-count "BF a chunk" ns/pair count-bf
rows chunk-count "FF a chunk" ns/pair count-ff
rows chunk-count "Flux" ns/pair count-flux
rows drop "BF a chunk" reserved/live drop-bf
rows drop "FF a chunk" reserved/live drop-ff
rows drop "Flux" reserved/live drop-flux
# One line a case: its name, then the loads of BF, FF (NaN where it did not take part) and Flux.
awk -F, '$1 == "load" { if (!($4 in name)) last = $4; name[$4] = $3; load[$4, $2] = $5 }
  END { for (i = 0; i <= last; ++i) printf "\"%s\" %s %s %s\n", name[i], load[i, "BF"],
        (i, "FF") in load ? load[i, "FF"] : "NaN", load[i, "Flux"] }' "$csv" >"$work/load"

# plot FILE, commands from the input; those that follow are the same for all pictures.
plot() {
  { cat <<PLOT
set terminal svg size 960,600 font "DejaVu Sans,15" background "white"
set output "$folder/$1"
set grid xtics ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set key top left reverse Left samplen 3 spacing 1.15
flux = "#b22222"; bf = "#1f4e9c"; ff = "#888888"
PLOT
  cat; } | gnuplot
  echo "$folder/$1"
}

plot alloc-churn.svg <<PLOT
set title "Free and allocate at 85 % load: processor time, medians" font ",17"
set xlabel "live ranges"
set ylabel "nanoseconds a pair"
set logscale xy
set xrange [800:1250000]
set yrange [20:10000]
set format x "10^{%T}"
plot "$work/steady-ff" with linespoints lw 2 pt 7 ps 0.7 lc rgb ff title "first fit in a vector", \
     "$work/chunks-bf" with linespoints lw 2 dt 2 pt 6 ps 0.8 lc rgb bf title "best fit, a structure for each 16 MiB chunk", \
     "$work/steady-bf" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb bf title "best fit on ordered maps, one space", \
     "$work/chunks-flux" with linespoints lw 2 dt 2 pt 6 ps 0.8 lc rgb flux title "Flux, over 16 MiB chunks", \
     "$work/steady-flux" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb flux title "Flux, one space"
PLOT

plot alloc-chunks.svg <<PLOT
set title "The same live ranges in more and smaller chunks: processor time, medians" font ",17"
set xlabel "chunks"
set ylabel "nanoseconds a pair"
set logscale xy
set xrange [8:15000]
set yrange [50:10000]
plot "$work/count-ff" with linespoints lw 2 pt 7 ps 0.7 lc rgb ff title "first fit, the first chunk that takes it", \
     "$work/count-bf" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb bf title "best fit, the first chunk that takes it", \
     "$work/count-flux" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb flux title "Flux, one structure over all chunks"
PLOT

plot alloc-load.svg <<PLOT
set title "Highest load without a failure, steady churn in one space" font ",17"
set ylabel "live bytes in percent of the space (from 80)"
set yrange [80:100]
set style data histogram
set style histogram clustered gap 1.2
set style fill solid 0.85 noborder
set boxwidth 0.9
set key top left horizontal
set grid noxtics
plot "$work/load" using 3:xtic(1) lc rgb ff title "first fit", "" using 2 lc rgb bf title "best fit", \
     "" using 4 lc rgb flux title "Flux"
PLOT

plot alloc-drop.svg <<PLOT
set title "After a drop from 10,000 to 2,000 live ranges, 16 MiB chunks, nothing moved" font ",17"
set xlabel "churn since the drop, in multiples of the live ranges"
set ylabel "reserved / live"
set xrange [0:20]
set yrange [1:6]
set key top right
plot "$work/drop-ff" with linespoints lw 2 pt 7 ps 0.7 lc rgb ff title "first fit, the first chunk that takes it", \
     "$work/drop-bf" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb bf title "best fit, the first chunk that takes it", \
     "$work/drop-flux" with linespoints lw 2.5 pt 7 ps 0.7 lc rgb flux title "Flux"
PLOT
