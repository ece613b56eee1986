#!/usr/bin/env bash
# Draws what publishing costs, by the number of changes, from the figures of flux_protocol_bench --csv.
#
#   scripts/plot_publish.sh FILE.csv [PICTURE]      .svg or .png; default: docs/design/publish-cost.svg
set -euo pipefail
csv=${1:?"usage: plot_publish.sh FILE.csv [PICTURE]"}
picture=${2:-$(dirname "$0")/../docs/design/publish-cost.svg}
[[ -r $csv ]] || { echo "plot_publish.sh: cannot read $csv" >&2; exit 2; }

# rows RECORDS: the rows of one table, for gnuplot.
rows() { awk -F, -v records="$1" '$1 == records { print $2, $3, $5, $6 }' "$csv"; }

# copy RECORDS: microseconds of a copy of the whole table, the median over the rows.
copy() { rows "$1" | awk '{ print $4 }' | sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rows 65536 >"$work/small"
rows 1000000 >"$work/large"
small=$(copy 65536)
large=$(copy 1000000)

case "$picture" in
  *.svg) terminal=svg ;;
  *.png) terminal=pngcairo ;;
  *) echo "plot_publish.sh: $picture is neither .svg nor .png" >&2; exit 2 ;;
esac

gnuplot <<PLOT
set terminal $terminal size 960,640 font "DejaVu Sans,15" background "white"
set output "$picture"
set title "Changing n records and publishing them: processor time, medians" font ",17"
set xlabel "changed records n, spread at random"
set ylabel "n edits and one publish, microseconds"
set logscale xy
set mxtics 10
set mytics 10
set xrange [1:100000]
set yrange [0.3:100000]
set format x "10^{%T}"
set format y "10^{%T}"
set grid xtics ytics lc rgb "#dddddd"
set key bottom right reverse Left samplen 3 spacing 1.15
set border 3
set tics nomirror
set label 1 sprintf("copy of all columns, 1 M records: %.0f us", $large) at 1.2,$large*1.5 left tc rgb "#b22222"
set label 2 sprintf("copy of all columns, 64 k records: %.0f us", $small) at 1.2,$small*1.5 left tc rgb "#1f4e9c"
plot "$work/large" using 1:2 with linespoints lw 2.5 pt 7 ps 0.6 lc rgb "#b22222" title "snapshot ring, 1 M records", \
     "$work/small" using 1:2 with linespoints lw 2.5 pt 7 ps 0.6 lc rgb "#1f4e9c" title "snapshot ring, 64 k records", \
     "$work/large" using 1:3 with lines lw 1.5 dt 2 lc rgb "#b22222" title "copy-on-write pages, 1 M records", \
     "$work/small" using 1:3 with lines lw 1.5 dt 2 lc rgb "#1f4e9c" title "copy-on-write pages, 64 k records", \
     $large with lines lw 2 dt 3 lc rgb "#b22222" notitle, \
     $small with lines lw 2 dt 3 lc rgb "#1f4e9c" notitle
PLOT
echo "$picture"
