'use strict';
// What the page shows: `facts` (JSON) and columns (typed arrays, a number a block, or a number a thing in a chunk). What lies in chunks is known at
// one or more stops: a dump has one, a recorded run some of its steps.

const kUnit = 16;          // bytes
const kNone = 0xffffffff;

// What an item is, and how a block stands (`facts.states`).
const kPlace = 0, kDestination = 1, kRetired = 2, kMirror = 3;
const kLost = 4, kGone = 255;

const data = {
  facts: JSON.parse(document.getElementById('facts').textContent),

  async load() {
    const text = atob(document.getElementById('columns').textContent.trim());
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
    const bytes = await new Response(stream).arrayBuffer();
    const types = {u8: Uint8Array, u32: Uint32Array, f64: Float64Array};
    for (const [name, [type, offset, count]] of Object.entries(this.facts.columns)) {
      this[name] = type === 'text' ? new TextDecoder().decode(new Uint8Array(bytes, offset, count)) : new types[type](bytes, offset, count);
    }
    this.names = JSON.parse(this.names);
    this.blocks = this.names.length;
    this.waiting = this.facts.sentences;
    this.show(this.facts.stops.length - 1);
  },

  /// Makes a stop the one that is looked at: its chunks, what lies in them and where, the holes between, how each block stands.
  show(stop) {
    this.stop = stop;
    this.step = this.facts.stops[stop].step;
    this.last = stop === this.facts.stops.length - 1;
    this.chunks = this.facts.chunks.filter(chunk => chunk.from <= stop && stop < chunk.to).map(chunk => ({...chunk, age: this.step - chunk.made}));
    const rows = new Map(this.chunks.map((chunk, row) => [chunk.index, row]));
    const all = this.allFrom.length, seen = new Uint32Array(all);
    this.items = 0;
    for (let i = 0; i < all; ++i) {
      if (this.allFrom[i] <= stop && stop < this.allTo[i] && rows.has(this.allChunk[i])) seen[this.items++] = i;
    }
    const pick = column => {
      const picked = new column.constructor(this.items);
      for (let i = 0; i < this.items; ++i) picked[i] = column[seen[i]];
      return picked;
    };
    this.itemChunk = pick(this.allChunk).map(index => rows.get(index));
    this.itemOffset = pick(this.allOffset);
    this.itemUnits = pick(this.allUnits);
    this.itemWhat = pick(this.allWhat);
    this.itemState = pick(this.allState);
    this.itemOf = pick(this.allOf);
    this.itemChanged = pick(this.allChanged);
    this.findRows();
    this.findHoles();
    this.findBlocks();
  },

  /// Items lie in the order of chunks and offsets: where each chunk's begin.
  findRows() {
    this.chunkStart = new Uint32Array(this.chunks.length + 1);
    for (let i = 0; i < this.items; ++i) ++this.chunkStart[this.itemChunk[i] + 1];
    for (let c = 0; c < this.chunks.length; ++c) this.chunkStart[c + 1] += this.chunkStart[c];
  },

  /// What no item has; but the end of a dedicated chunk belongs to its one range.
  findHoles() {
    const offsets = [], sizes = [];
    this.holeStart = [0];
    this.chunks.forEach((chunk, row) => {
      chunk.ranges = this.chunkStart[row + 1] - this.chunkStart[row];
      chunk.free = chunk.holes = chunk.largestHole = 0;
      const hole = (from, to) => {
        if (to <= from || chunk.dedicated) return;
        offsets.push(from);
        sizes.push(to - from);
        ++chunk.holes;
        chunk.free += (to - from) * kUnit;
        chunk.largestHole = Math.max(chunk.largestHole, (to - from) * kUnit);
      };
      let end = 0;
      for (let i = this.chunkStart[row]; i < this.chunkStart[row + 1]; ++i) {
        hole(end, this.itemOffset[i]);
        end = Math.max(end, this.itemOffset[i] + this.itemUnits[i]);
      }
      hole(end, Math.floor(chunk.bytes / kUnit));
      this.holeStart.push(offsets.length);
    });
    this.holeOffset = Float64Array.from(offsets);
    this.holeUnits = Float64Array.from(sizes);
  },

  /// Where each block is, and how it stands. At the end there are also those that lie nowhere.
  findBlocks() {
    this.itemOfBlock = new Uint32Array(this.blocks).fill(kNone);
    this.stateNow = new Uint8Array(this.blocks).fill(kGone);
    if (this.last) this.stateNow.set(this.state.subarray(0, this.facts.ended));
    for (let i = 0; i < this.items; ++i) {
      if (this.itemWhat[i] > kDestination) continue;
      this.stateNow[this.itemOf[i]] = this.itemState[i];
      if (this.itemWhat[i] === kPlace) this.itemOfBlock[this.itemOf[i]] = i;
    }
    this.blocksNow = this.stateNow.reduce((sum, state) => sum + (state === kGone ? 0 : 1), 0);
  },

  /// The item of a chunk that begins last at or before an offset, in units; -1: there is none.
  itemAt(chunk, offset) {
    let low = this.chunkStart[chunk], high = this.chunkStart[chunk + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.itemOffset[middle] <= offset) low = middle + 1; else high = middle;
    }
    return low === this.chunkStart[chunk] ? -1 : low - 1;
  },
  ownerName(tag) { return tag === 0 || tag >= this.facts.tags.length ? 'no owner' : shown(this.facts.tags[tag].name); },
};

/// A name as it can be looked at: controls and what turns the direction of writing become visible.
function shown(name) {
  return name.replace(/[\u0000-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0))).replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}
function bytesText(bytes) {
  for (const [unit, name] of [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']]) {
    if (bytes >= unit) return (bytes / unit).toFixed(bytes / unit < 100 ? 1 : 0) + ' ' + name;
  }
  return bytes + ' B';
}
const countText = number => Number(number).toLocaleString('en');
const some = (count, what) => `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
const percentText = part => (100 * part).toFixed(1) + ' %';
function timeText(ns) {
  return ns >= 1e9 ? (ns / 1e9).toFixed(2) + ' s' : ns >= 1e6 ? (ns / 1e6).toFixed(1) + ' ms' : (ns / 1e3).toFixed(ns >= 1e4 ? 0 : 1) + ' µs';
}
const valueText = (value, unit) => unit === 'bytes' ? bytesText(value) : unit === 'ns' ? timeText(value) : unit === 'part' ? percentText(value) : countText(value);

/// An element with text and children; text is never markup.
function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) element[key] = value;
  element.append(...children);
  return element;
}
