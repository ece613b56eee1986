'use strict';
// What the page shows: `facts` (JSON) and `columns` (typed arrays, a number a block, item or hole).

const kUnit = 16;          // bytes
const kNone = 0xffffffff;

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
    this.items = this.itemChunk.length;
    this.waiting = this.facts.sentences;
    // Items lie in the order of chunks and offsets: where each chunk's begin, and where each block is.
    const chunks = this.facts.chunks.length;
    this.chunkStart = new Uint32Array(chunks + 1);
    for (let i = 0; i < this.items; ++i) ++this.chunkStart[this.itemChunk[i] + 1];
    for (let c = 0; c < chunks; ++c) this.chunkStart[c + 1] += this.chunkStart[c];
    this.itemOfBlock = new Uint32Array(this.blocks).fill(kNone);
    for (let i = 0; i < this.items; ++i) {
      if (this.itemWhat[i] === kPlace) this.itemOfBlock[this.itemOf[i]] = i;
    }
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

// What an item is.
const kPlace = 0, kDestination = 1, kRetired = 2, kMirror = 3;
const kStates = ['absent', 'resident', 'lost'];

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

/// An element with text and children; text is never markup.
function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) element[key] = value;
  element.append(...children);
  return element;
}
