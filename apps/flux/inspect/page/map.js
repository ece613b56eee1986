'use strict';
// The map: a row a chunk, all to one scale. Only the rows that can be seen are drawn, and of items smaller than a pixel their mean.

const kRowHeight = 38, kBarTop = 17, kBarHeight = 14;

const map = {
  start() {
    this.box = document.getElementById('map');
    this.canvas = document.getElementById('canvas');
    this.context = this.canvas.getContext('2d');
    this.rows = 1;
    this.longest = data.facts.chunks.reduce((most, chunk) => Math.max(most, chunk.bytes / kUnit), 1);
    this.view = {from: 0, to: this.longest};
    this.matches = null;
    document.getElementById('rows').style.height = '0px';
    this.box.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.resize()).observe(this.box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    this.listen();
    this.resize();
  },

  resize() {
    this.rows = Math.max(this.rows, data.chunks.length);
    const rows = this.rows * kRowHeight;
    const height = Math.min(rows, Math.round(innerHeight * 0.62));
    const scale = devicePixelRatio || 1;
    this.width = this.box.clientWidth;
    this.height = Math.max(height, 1);
    this.canvas.style.height = this.height + 'px';
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    document.getElementById('rows').style.height = Math.max(0, rows - this.height) + 'px';
    this.draw();
  },

  draw() {
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => this.drawNow());
  },

  drawNow() {
    const {context, width, height} = this;
    const style = getComputedStyle(document.documentElement);
    this.hole = style.getPropertyValue('--hole').trim();
    const text = style.getPropertyValue('--text').trim(), soft = style.getPropertyValue('--soft').trim();
    context.setTransform(this.canvas.width / width, 0, 0, this.canvas.height / height, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    const top = this.box.scrollTop;
    const first = Math.floor(top / kRowHeight);
    const last = Math.min(data.chunks.length, Math.ceil((top + height) / kRowHeight));
    for (let row = first; row < last; ++row) {
      const chunk = data.chunks[row];
      const y = row * kRowHeight - top;
      context.fillStyle = text;
      context.fillText('chunk ' + chunk.index, 0, y + 13);
      context.fillStyle = soft;
      const use = percentText(1 - chunk.free / chunk.bytes);
      const place = chunk.class + (chunk.dedicated ? ', dedicated' : '') + (chunk.inService ? '' : ', out of service');
      context.fillText(`${place}, ${bytesText(chunk.bytes)}, ${use} used, ${some(chunk.holes, 'hole')}`, 76, y + 13);
      this.drawRow(row, y + kBarTop);
    }
    const {from, to} = this.view;
    document.getElementById('range').textContent =
      from === 0 && to === this.longest ? '' : `Shown: ${bytesText(from * kUnit)} to ${bytesText(to * kUnit)} of each chunk.`;
  },

  x(units) { return (units - this.view.from) / (this.view.to - this.view.from) * this.width; },

  drawRow(row, y) {
    const context = this.context;
    const end = Math.min(this.x(data.chunks[row].bytes / kUnit), this.width);
    if (end <= 0) return;
    context.fillStyle = this.hole;
    context.fillRect(0, y, end, kBarHeight);
    const columns = Math.ceil(this.width);
    const sums = new Float32Array(columns * 4);  // red, green, blue, and what is covered
    const stop = data.chunkStart[row + 1];
    const perPixel = this.width / (this.view.to - this.view.from);
    const categories = colours.categories;
    for (let i = Math.max(data.itemAt(row, this.view.from), data.chunkStart[row]); i < stop && data.itemOffset[i] < this.view.to; ++i) {
      const from = this.x(data.itemOffset[i]), size = data.itemUnits[i] * perPixel;
      if (from + size < 0) continue;
      const shown = this.matches === null || (data.itemWhat[i] === kPlace && this.matches[data.itemOf[i]] === 1);
      const rgb = categories[colours.ofItem[i]].rgb;
      if (size >= 2) {
        context.globalAlpha = shown ? 1 : 0.13;
        context.fillStyle = categories[colours.ofItem[i]].colour;
        const gap = size > 5 ? 0.6 : 0;
        context.fillRect(Math.max(from, -1), y, Math.min(from + size, this.width + 1) - Math.max(from, -1) - gap, kBarHeight);
        continue;
      }
      const alpha = shown ? 1 : 0.13;
      for (let column = Math.max(0, Math.floor(from)), rest = from + size; column < rest && column < columns; ++column) {
        const part = (Math.min(rest, column + 1) - Math.max(from, column)) * alpha;
        sums[column * 4] += rgb[0] * part;
        sums[column * 4 + 1] += rgb[1] * part;
        sums[column * 4 + 2] += rgb[2] * part;
        sums[column * 4 + 3] += part;
      }
    }
    for (let column = 0; column < columns; ++column) {
      const covered = sums[column * 4 + 3];
      if (covered < 0.004) continue;
      context.globalAlpha = Math.min(1, covered);
      context.fillStyle = `rgb(${sums[column * 4] / covered | 0},${sums[column * 4 + 1] / covered | 0},${sums[column * 4 + 2] / covered | 0})`;
      context.fillRect(column, y, 1, kBarHeight);
    }
    context.globalAlpha = 1;
  },

  /// What is under the pointer: {row, offset (units), item or -1}; null: no chunk.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + this.box.scrollTop) / kRowHeight);
    const offset = this.view.from + (event.clientX - box.left) / this.width * (this.view.to - this.view.from);
    if (row < 0 || row >= data.chunks.length || offset < 0 || offset >= data.chunks[row].bytes / kUnit) return null;
    const item = data.itemAt(row, Math.floor(offset));
    const inside = item >= 0 && offset < data.itemOffset[item] + data.itemUnits[item];
    return {row, offset, item: inside ? item : -1};
  },

  setView(from, to) {
    const least = 64;  // units
    const size = Math.min(Math.max(to - from, least), this.longest);
    const start = Math.min(Math.max(0, from), this.longest - size);
    this.view = {from: start, to: start + size};
    this.draw();
  },
  zoom(by, at) {
    const {from, to} = this.view;
    const middle = at === undefined ? (from + to) / 2 : at;
    this.setView(middle - (middle - from) * by, middle + (to - middle) * by);
  },
  whole() { this.setView(0, this.longest); },

  /// Brings a block into view, some of its neighbours beside it.
  show(block) {
    const item = data.itemOfBlock[block];
    if (item === kNone) return;
    const size = Math.max(data.itemUnits[item] * 24, 1024);
    const middle = data.itemOffset[item] + data.itemUnits[item] / 2;
    this.setView(middle - size / 2, middle + size / 2);
    this.showChunk(data.itemChunk[item]);
  },
  showChunk(row) {
    this.box.scrollTop = Math.max(0, row * kRowHeight - this.height / 2);
    this.box.scrollIntoView({block: 'nearest'});
  },

  listen() {
    const units = event => this.view.from + event.offsetX / this.width * (this.view.to - this.view.from);
    let drag = null;
    this.canvas.addEventListener('wheel', event => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.pow(1.0015, event.deltaY), units(event));
    }, {passive: false});
    this.canvas.addEventListener('dblclick', event => this.zoom(0.25, units(event)));
    this.canvas.addEventListener('pointerdown', event => {
      drag = {x: event.clientX, ...this.view};
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.classList.add('drags');
    });
    this.canvas.addEventListener('pointerup', () => { drag = null; this.canvas.classList.remove('drags'); });
    this.canvas.addEventListener('pointermove', event => {
      if (drag) {
        const moved = (event.clientX - drag.x) / this.width * (drag.to - drag.from);
        this.setView(drag.from - moved, drag.to - moved);
      }
      tip.show(this.at(event), event);
    });
    this.canvas.addEventListener('pointerleave', () => tip.hide());
    this.box.addEventListener('keydown', event => {
      const step = (this.view.to - this.view.from) / 8;
      if (event.key === '+') this.zoom(0.5);
      else if (event.key === '-') this.zoom(2);
      else if (event.key === '0') this.whole();
      else if (event.key === 'ArrowLeft') this.setView(this.view.from - step, this.view.to - step);
      else if (event.key === 'ArrowRight') this.setView(this.view.from + step, this.view.to + step);
      else return;
      event.preventDefault();
    });
  },
};

const tip = {
  element: document.getElementById('tip'),
  hide() { this.element.hidden = true; },

  show(at, event) {
    this.put(at && this.lines(at), event);
  },
  put(lines, event) {
    if (!lines) return this.hide();
    this.element.replaceChildren(...lines);
    this.element.hidden = false;
    const box = this.element.getBoundingClientRect();
    this.element.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + 'px';
    this.element.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18) + 'px';
  },

  lines(at) {
    const chunk = data.chunks[at.row];
    if (at.item < 0) return this.holeLines(at, chunk);
    const item = at.item, block = data.itemOf[item];
    const where = `chunk ${chunk.index}, offset ${countText(data.itemOffset[item] * kUnit)}, ${bytesText(data.itemUnits[item] * kUnit)}`;
    const line = text => make('div', {textContent: text});
    switch (data.itemWhat[item]) {
      case kRetired:
        return [make('b', {textContent: 'Retired range'}), line(where), line('waits for ' + data.waiting[block])];
      case kMirror:
        return [make('b', {textContent: 'Mirror of the records'}), line(where)];
    }
    const lines = [make('b', {textContent: shown(data.names[block]) || '(no name)'})];
    if (data.itemWhat[item] === kDestination) lines.push(line('a new place, on its way'));
    lines.push(line(where), line(`${data.ownerName(data.tag[block])}, ${data.facts.states[data.itemState[item]]}, ${data.longLived[block] ? 'long-lived' : 'streaming'}`));
    lines.push(line(`${bytesText(data.live[block])} asked for${this.parts(block)}`));
    lines.push(line(`contents since step ${countText(data.itemChanged[item])}: ${some(data.step - data.itemChanged[item], 'step')} ago`));
    if (!data.last) return lines;
    const version = data.version[block] === data.requested[block] ? `version ${data.version[block]}` : `version ${data.version[block]}, ${data.requested[block]} asked for`;
    lines.push(line(`${version}, ${some(data.owners[block], 'owner')}, ${some(data.pins[block], 'pin')}, handle ${data.index[block]}.${data.generation[block]}`));
    const use = data.use[block] === kNone ? 'never drawn' : data.use[block] === 0 ? 'drawn by the newest frame' : `drawn ${some(data.use[block], 'frame')} ago`;
    lines.push(line(use));
    if (data.waits[block]) lines.push(line('waits: ' + data.waiting[data.waits[block]]));
    if (data.change) lines.push(line('since ' + shown(data.facts.diff.before) + ': ' + data.facts.diff.names[data.change[block]]));
    return lines;
  },

  parts(block) {
    if (!data.partStart) return '';
    const sums = new Map();
    for (let p = data.partStart[block]; p < data.partStart[block + 1]; ++p) {
      const sum = sums.get(data.partKind[p]) || [0, 0];
      sums.set(data.partKind[p], [sum[0] + 1, sum[1] + data.partBytes[p]]);
    }
    const texts = [...sums].map(([kind, [count, bytes]]) => `${count > 1 ? count + ' ' : ''}${shown(data.facts.kinds[kind])} ${bytesText(bytes)}`);
    return texts.length ? ': ' + texts.join(', ') : '';
  },

  holeLines(at, chunk) {
    const from = data.holeStart[at.row], to = data.holeStart[at.row + 1];
    for (let hole = from; hole < to; ++hole) {
      const offset = data.holeOffset[hole], size = data.holeUnits[hole];
      if (at.offset < offset || at.offset >= offset + size) continue;
      return [make('b', {textContent: 'Hole of ' + bytesText(size * kUnit)}), make('div', {textContent: `chunk ${chunk.index}, offset ${countText(offset * kUnit)}`})];
    }
    return [make('b', {textContent: 'End of a dedicated chunk'}), make('div', {textContent: 'chunk ' + chunk.index})];
  },
};
