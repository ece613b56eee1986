'use strict';
// How much of the free memory lies in holes of at least a size: what a request of that size could still find.

const holes = {
  show() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    const sizes = Float64Array.from(data.holeUnits, units => units * kUnit).sort();
    const box = document.getElementById('holes'), hint = document.getElementById('holes-hint');
    if (sizes.length === 0) {
      hint.textContent = 'There are no holes.';
      box.style.height = '0';
      return;
    }
    box.style.height = '';
    const points = this.curve(sizes);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const all = `${some(sizes.length, 'hole')}, ${bytesText(total)} in all; the largest has ${bytesText(sizes[sizes.length - 1])}.`;
    hint.textContent = all;
    this.plot = new Dygraph(box, points, {
      highlightCallback: (event, size, [point]) => { hint.textContent = `${point.yval.toFixed(1)} % of it in holes of ${bytesText(size)} and more.`; },
      unhighlightCallback: () => { hint.textContent = all; },
      labels: ['size', 'free in holes of at least this size'],
      colors: ['#4e79a7'], fillGraph: true, stepPlot: true, strokeWidth: 1.5, includeZero: true,
      axisLineColor: '#8884', gridLineColor: '#8883', rightGap: 12,
      axes: {
        x: {logscale: true, axisLabelFormatter: size => bytesText(size), valueFormatter: size => bytesText(size) + ' ', axisLabelWidth: 68, pixelsPerLabel: 90,
          ticker: (from, to) => this.ticks(from, to)},
        y: {axisLabelFormatter: part => part + ' %', valueFormatter: part => part.toFixed(1) + ' %', axisLabelWidth: 44},
      },
    });
  },

  /// At most a few hundred points of the curve, in per cent.
  curve(sizes) {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const points = [];
    let above = total, i = 0;
    for (let size = kUnit; i < sizes.length; size *= 1.06) {
      for (; i < sizes.length && sizes[i] < size; ++i) above -= sizes[i];
      points.push([size, 100 * above / total]);
    }
    return points;
  },

  /// Powers of sixteen.
  ticks(from, to) {
    const ticks = [];
    for (let size = kUnit; size <= to; size *= 16) if (size >= from) ticks.push({v: size, label: bytesText(size)});
    return ticks;
  },
};
