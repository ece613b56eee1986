'use strict';
// A recorded run: which of its stops is looked at, and which range of its time.

const run = {
  start() {
    const facts = data.facts;
    this.end = Math.max(facts.run.end / 1e9, 1e-6);
    this.view = {from: 0, to: this.end};
    for (const id of ['player', 'run']) document.getElementById(id).hidden = false;
    document.getElementById('budgets-title').textContent = 'Budgets at the end';
    document.getElementById('counters').hidden = true;
    const left = facts.run.frames - data.frameBegan.length;
    document.getElementById('run-hint').textContent = [
      facts.run.stride > 1 ? `Each point of the plots is the most of ${countText(facts.run.stride)} steps.` : '', left ? `The time line has the newest ${countText(data.frameBegan.length)} frames.` : '',
      `The memory is known at ${some(facts.stops.length, 'step')}.`].join(' ');
    charts.start();
    timeline.start();
    const slider = document.getElementById('stop');
    slider.max = facts.stops.length - 1;
    slider.addEventListener('input', () => this.go(Number(slider.value)));
    document.getElementById('play').addEventListener('click', () => this.play());
    document.getElementById('run-in').addEventListener('click', () => this.zoom(0.5, this.time()));
    document.getElementById('run-out').addEventListener('click', () => this.zoom(2, this.time()));
    document.getElementById('run-whole').addEventListener('click', () => this.setView(0, this.end));
    new ResizeObserver(() => charts.now()).observe(document.getElementById('charts'));
    this.go(this.fullest());
  },

  /// The stop with the most live bytes: at the end there is often nothing left.
  fullest() {
    const live = data.facts.run.lines.findIndex(line => line.name === 'live');
    return data.facts.stops.reduce((best, stop, i, all) => stop.values[live] > all[best].values[live] ? i : best, 0);
  },

  /// When the stop that is looked at was, in seconds.
  time() { return data.facts.stops[data.stop].time / 1e9; },
  stepOfRow(row) { return row * data.facts.run.stride + 1; },

  go(stop) {
    data.show(stop);
    document.getElementById('stop').value = stop;
    const {step, time} = data.facts.stops[stop];
    document.getElementById('when').textContent = `step ${countText(step)} of ${countText(data.facts.run.steps)}, at ${(time / 1e9).toFixed(3)} s${data.last ? ', the end' : ''}`;
    filter.recolour();
    filter.apply();
    map.resize();
    charts.now();
    timeline.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => tables.now(), this.playing ? 400 : 40);
  },
  goToStep(step) {
    const at = data.facts.stops.findIndex(stop => stop.step >= step);
    this.go(at < 0 ? data.facts.stops.length - 1 : at);
    document.getElementById('player').scrollIntoView({block: 'nearest'});
  },
  goToTime(seconds) {
    const stops = data.facts.stops;
    this.go(stops.reduce((best, stop, i) => Math.abs(stop.time / 1e9 - seconds) < Math.abs(stops[best].time / 1e9 - seconds) ? i : best, 0));
  },

  play() {
    this.playing = !this.playing;
    document.getElementById('play').textContent = this.playing ? '\u275a\u275a' : '\u25b6';
    if (!this.playing) return;
    if (data.last) this.go(0);
    const next = () => {
      if (!this.playing) return;
      if (data.last) return this.play();
      this.go(data.stop + 1);
      setTimeout(next, 50);
    };
    next();
  },

  setView(from, to) {
    const size = Math.min(Math.max(to - from, 1e-5), this.end);
    const start = Math.min(Math.max(0, from), this.end - size);
    this.view = {from: start, to: start + size};
    charts.setView(this.view);
    timeline.draw();
  },
  zoom(by, middle) { this.setView(middle - (middle - this.view.from) * by, middle + (this.view.to - middle) * by); },

  /// What a dump counts, at the stop.
  stats() {
    const stop = data.facts.stops[data.stop], lines = data.facts.run.lines, at = name => lines.findIndex(line => line.name === name);
    const value = name => stop.values[at(name)], sum = name => stop.sums[at(name)], most = name => lines[at(name)].most;
    return {
      hardLimitBytes: data.facts.stats.hardLimitBytes, liveBytes: value('live'), peakLiveBytes: most('live'), reservedBytes: value('reserved'), peakReservedBytes: most('reserved'),
      retiredBytes: value('retired'), blocks: value('blocks'), placesTaken: sum('places taken'), placesFreed: sum('places given back'), chunks: value('chunks'),
      chunksCreated: sum('chunks made'), chunksReleased: sum('chunks released'), uploadedBytes: sum('uploaded'), copiedBytes: sum('copied on the device'), openFrames: value('open frames'),
      deferredPublishes: sum('publishes put off'),
    };
  },
};
