'use strict';
// When steps, publishes and frames were, and what happened in them: a lane each, all in the range of time that the plots have.

const kLane = 20, kLaneBar = 13, kLaneLabel = 92, kMostFrameLanes = 6;

const timeline = {
  start() {
    this.canvas = document.querySelector('#timeline canvas');
    this.context = this.canvas.getContext('2d');
    this.lanes = this.makeLanes();
    this.height = this.lanes.length * kLane + 20;
    this.canvas.style.height = this.height + 'px';
    new ResizeObserver(() => this.resize()).observe(this.canvas.parentElement);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    this.listen();
    this.resize();
  },

  /// A lane: slices that begin and end, in the order of their beginnings; `tell(i)` says what one is.
  makeLanes() {
    const facts = data.facts.run, lines = facts.lines;
    const took = data['line' + lines.findIndex(line => line.name === 'step')];
    const lanes = [];
    const markTell = i => [facts.marks[data.markRow[i]].name, `step ${countText(data.markStep[i])}`, shown(data.facts.sentences[data.markText[i]])];
    for (const [name, bad, colour] of [['problems', true, '#e15759'], ['chunks', false, '#59a14f']]) {
      const of = Array.from(data.markRow.keys()).filter(i => facts.marks[data.markRow[i]].bad === bad);
      if (of.length) lanes.push({name, marks: true, colour, count: of.length, from: i => data.markTime[of[i]], to: i => data.markTime[of[i]], tell: i => markTell(of[i])});
    }
    const stepTell = i => [`step ${countText(run.stepOfRow(i))}`, ...lines.map((line, l) => [line, data['line' + l][i]]).filter(([line, value]) => value > 0 && line.unit !== 'part')
      .map(([line, value]) => `${line.name}: ${valueText(value, line.unit)}`)];
    lanes.push({name: 'steps', colour: '#4e79a7', count: data.stepBegan.length, from: i => data.stepBegan[i], to: i => data.stepBegan[i] + took[i], tell: stepTell});
    if (data.publishBegan.length) {
      lanes.push({name: 'publishes', colour: '#f28e2b', count: data.publishBegan.length, from: i => data.publishBegan[i], to: i => data.publishBegan[i] + data.publishTook[i],
        tell: i => [`snapshot ${countText(data.publishSnapshot[i])}`, `${some(data.publishChanges[i], 'change')} published in ${timeText(data.publishTook[i])}`]});
    }
    return lanes.concat(this.frameLanes());
  },

  /// Frames that are open at once are in lanes of their own; in the last one they may cover each other.
  frameLanes() {
    const ends = [], of = [];
    for (let i = 0; i < data.frameBegan.length; ++i) {
      let lane = ends.findIndex(end => end <= data.frameBegan[i]);
      if (lane < 0) lane = Math.min(ends.length, kMostFrameLanes - 1);
      ends[lane] = Math.max(ends[lane] || 0, data.frameEnded[i]);
      (of[lane] = of[lane] || []).push(i);
    }
    const tell = i => [`frame '${shown(data.facts.run.labels[data.frameLabel[i]])}'`, `thread ${data.frameThread[i] + 1}, sees snapshot ${countText(data.frameSnapshot[i])}`,
      `open for ${timeText(data.frameEnded[i] - data.frameBegan[i])}` + (data.frameSubmits[i] ? `, submits after ${timeText(data.frameSubmits[i] - data.frameBegan[i])}` : ', submits nothing')];
    return of.map((frames, lane) => ({
      name: lane ? '' : 'frames', colour: '#76b7b2', count: frames.length, from: i => data.frameBegan[frames[i]], to: i => data.frameEnded[frames[i]], tell: i => tell(frames[i]),
      text: i => `${shown(data.facts.run.labels[data.frameLabel[frames[i]]])} ${data.frameSnapshot[frames[i]]}`,
    }));
  },

  resize() {
    const scale = devicePixelRatio || 1;
    this.width = Math.max(this.canvas.parentElement.clientWidth, kLaneLabel + 10);
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.draw();
  },
  draw() {
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => this.drawNow());
  },
  x(ns) { return kLaneLabel + (ns / 1e9 - run.view.from) / (run.view.to - run.view.from) * (this.width - kLaneLabel); },
  timeAt(x) { return run.view.from + (x - kLaneLabel) / (this.width - kLaneLabel) * (run.view.to - run.view.from); },

  drawNow() {
    const {context, width, height} = this;
    const style = getComputedStyle(document.documentElement), colour = name => style.getPropertyValue(name).trim();
    context.setTransform(this.canvas.width / width, 0, 0, this.canvas.height / height, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '11.5px system-ui, "DejaVu Sans", sans-serif';
    this.lanes.forEach((lane, l) => {
      const y = l * kLane;
      context.fillStyle = colour('--soft');
      context.fillText(lane.name, 0, y + 11);
      context.fillStyle = colour('--hole');
      context.fillRect(kLaneLabel, y, width - kLaneLabel, kLaneBar);
      context.save();
      context.beginPath();
      context.rect(kLaneLabel, y, width - kLaneLabel, kLaneBar);
      context.clip();
      if (lane.marks) this.drawMarks(lane, y); else this.drawSlices(lane, y);
      context.restore();
    });
    context.fillStyle = colour('--soft');
    const range = run.view.to - run.view.from, pixels = width - kLaneLabel;
    let step = Math.pow(10, Math.ceil(Math.log10(range / pixels * 90)));
    for (const part of [5, 2]) if (step / part > range / pixels * 90) { step /= part; break; }
    for (let time = Math.ceil(run.view.from / step) * step; time < run.view.to; time += step) {
      const x = this.x(time * 1e9), label = charts.timeLabel(time, range);
      context.fillRect(x, height - 20, 1, 4);
      if (x + 40 < width) context.fillText(label, x + 3, height - 6);
    }
    const now = this.x(run.time() * 1e9);
    context.fillStyle = colour('--bad');
    if (now >= kLaneLabel) context.fillRect(Math.min(now, width - 1), 0, 1, height - 20);
  },

  /// Slices under two pixels are summed up: as dark as they cover it, but never invisible.
  drawSlices(lane, y) {
    const context = this.context, covered = new Float32Array(Math.ceil(this.width) + 1);
    for (let i = 0; i < lane.count; ++i) {
      const from = this.x(lane.from(i)), to = this.x(lane.to(i));
      if (to < kLaneLabel || from > this.width) continue;
      if (to - from < 2) {
        covered[Math.max(0, Math.floor(from))] += Math.max(to - from, 0.12);
        continue;
      }
      context.globalAlpha = 0.85;
      context.fillStyle = lane.colour;
      context.fillRect(from, y, Math.max(to - from - 0.7, 1.3), kLaneBar);
      const left = Math.max(from, kLaneLabel);
      if (!lane.text || to - left < 70) continue;
      context.globalAlpha = 1;
      context.fillStyle = '#10201f';
      context.save();
      context.beginPath();
      context.rect(left, y, to - left - 4, kLaneBar);
      context.clip();
      context.fillText(lane.text(i), left + 4, y + 10.5);
      context.restore();
    }
    context.fillStyle = lane.colour;
    for (let x = kLaneLabel; x < covered.length; ++x) {
      if (covered[x] === 0) continue;
      context.globalAlpha = Math.min(0.9, 0.25 + covered[x] * 0.65);
      context.fillRect(x, y, 1, kLaneBar);
    }
    context.globalAlpha = 1;
  },
  drawMarks(lane, y) {
    const context = this.context;
    let last = -9;
    context.fillStyle = lane.colour;
    for (let i = 0; i < lane.count; ++i) {
      const x = this.x(lane.from(i));
      if (x < kLaneLabel - 4 || x > this.width + 4 || x - last < 0.5) continue;
      last = x;
      context.beginPath();
      context.moveTo(x, y + 1);
      context.lineTo(x + 4.5, y + kLaneBar / 2);
      context.lineTo(x, y + kLaneBar - 1);
      context.lineTo(x - 4.5, y + kLaneBar / 2);
      context.fill();
    }
  },

  /// What is under the pointer, in lines.
  at(x, y) {
    const lane = this.lanes[Math.floor(y / kLane)];
    if (!lane || x < kLaneLabel) return [];
    let best = -1, near = 4;
    for (let i = 0; i < lane.count; ++i) {
      const from = this.x(lane.from(i)), to = this.x(lane.to(i));
      const away = x < from ? from - x : x > to ? x - to : 0;
      if (away < near || (away === 0 && near === 0)) {
        near = away;
        best = i;
      }
    }
    return best < 0 ? [] : lane.tell(best);
  },

  listen() {
    let drag = null;
    this.canvas.addEventListener('wheel', event => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      run.zoom(Math.pow(1.0015, event.deltaY), this.timeAt(event.offsetX));
    }, {passive: false});
    this.canvas.addEventListener('pointerdown', event => {
      drag = {x: event.clientX, moved: false, ...run.view};
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', event => {
      if (drag && (drag.moved || Math.abs(event.clientX - drag.x) > 3)) {
        drag.moved = true;
        const moved = (event.clientX - drag.x) / (this.width - kLaneLabel) * (drag.to - drag.from);
        run.setView(drag.from - moved, drag.to - moved);
      }
      const [title, ...rest] = this.at(event.offsetX, event.offsetY);
      tip.put(title === undefined ? null : [make('b', {textContent: title}), ...rest.map(text => make('div', {textContent: text}))], event);
    });
    this.canvas.addEventListener('pointerup', event => {
      if (drag && !drag.moved && event.offsetX >= kLaneLabel) run.goToTime(this.timeAt(event.offsetX));
      drag = null;
    });
    this.canvas.addEventListener('pointerleave', () => tip.hide());
  },
};
