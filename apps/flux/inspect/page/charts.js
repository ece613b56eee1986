'use strict';
// What each step had, as lines over the time of the run: a plot for those that belong together, all with one range of time.

const kLineColours = {
  live: '#4e79a7', reserved: '#8a949e', retired: '#b5651d', staging: '#b07aa1', uploaded: '#4e79a7', reclaimed: '#8d6e63', 'copied on the device': '#59a14f', 'read back': '#b07aa1',
  step: '#4e79a7', publish: '#f28e2b', 'calls refused': '#e15759', misses: '#b07aa1', 'open frames': '#59a14f', 'retirement lag': '#b5651d',
};

const charts = {
  start() {
    this.plots = [];
    const began = data.stepBegan;
    const lines = data.facts.run.lines.map((line, i) => ({...line, values: data['line' + i], colour: kLineColours[line.name] || kPalette[i % kPalette.length], i}));
    for (const title of data.facts.run.charts.filter(chart => chart)) {
      const shownLines = lines.filter(line => line.chart === title && line.most > 0);
      if (shownLines.length === 0) continue;
      const legend = make('h3'), box = make('div', {className: 'plot'});
      document.getElementById('charts').append(make('div', {className: 'chart'}, legend, box));
      const rows = Array.from(began, (time, s) => [time / 1e9, ...shownLines.map(line => line.values[s])]);
      const unit = shownLines[0].unit;
      const plot = new Dygraph(box, rows, {
        labels: ['time', ...shownLines.map(line => line.name)], colors: shownLines.map(line => line.colour),
        stepPlot: true, fillGraph: title === 'Memory', fillAlpha: 0.12, strokeWidth: 1.3, includeZero: true, axisLineColor: '#8884', gridLineColor: '#8883', rightGap: 4,
        highlightCircleSize: 2, labelsKMB: false, dateWindow: [0, run.end],
        axes: {
          x: {axisLabelFormatter: time => this.timeLabel(time, run.view.to - run.view.from), axisLabelWidth: 60, pixelsPerLabel: 80},
          y: {axisLabelFormatter: value => valueText(value, unit), axisLabelWidth: 62, pixelsPerLabel: 34, ...(unit === 'bytes' ? {ticker: (from, to) => this.byteTicks(from, to)} : {})},
        },
        highlightCallback: (event, time, points, row) => this.legend(entry, row, run.stepOfRow(row)),
        unhighlightCallback: () => this.legend(entry),
        clickCallback: (event, time) => run.goToTime(time),
        zoomCallback: (from, to) => run.setView(from, to),
      });
      const now = make('i', {className: 'now'});
      box.append(now);
      const entry = {title, legend, lines: shownLines, plot, now};
      this.plots.push(entry);
    }
  },

  timeLabel(seconds, range) { return seconds.toFixed(range < 0.1 ? 4 : range < 3 ? 2 : range < 30 ? 1 : 0) + ' s'; },

  /// Powers of two, or halves of them.
  byteTicks(from, to) {
    let step = 1;
    while (to / step > 4) step *= 2;
    const ticks = [];
    for (let value = 0; value <= to; value += step) ticks.push({v: value, label: bytesText(value)});
    return ticks;
  },

  /// What the lines have in a row of theirs; without one, at the stop.
  legend(entry, row, step) {
    const value = line => row === undefined ? data.facts.stops[data.stop].values[line.i] : line.values[row];
    entry.legend.replaceChildren(entry.title + (step === undefined ? '' : ` in step ${countText(step)}`),
      ...entry.lines.map(line => make('span', {}, dot(line.colour), line.name + ' ', make('b', {textContent: valueText(value(line), line.unit)}))));
  },

  /// Follows the stop, and the range of time.
  now() {
    for (const entry of this.plots) {
      this.legend(entry);
      this.place(entry);
    }
  },
  setView({from, to}) {
    for (const entry of this.plots) {
      entry.plot.updateOptions({dateWindow: [from, to]});
      this.place(entry);
    }
  },
  place(entry) {
    const area = entry.plot.getArea(), x = entry.plot.toDomXCoord(run.time());
    entry.now.hidden = x < area.x || x > area.x + area.w;
    entry.now.style.left = x + 'px';
  },
};
