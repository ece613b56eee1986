'use strict';
// How items are coloured: each way has categories, and says which one the item of a block is of.

const kPalette = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#b07aa1', '#edc948', '#9c755f', '#ff9da7', '#86bcb6', '#d37295', '#8cd17d', '#499894', '#d4a6c8'];
const kRamp = ['#fde725', '#a0da39', '#4ac16d', '#1fa187', '#277f8e', '#365c8d', '#46327e', '#440154'];  // viridis: young to old
const kGreys = {retired: '#8d6e63', mirror: '#607d8b', destination: '#c9a0dc', none: '#a9b0b7'};
const kAges = [[1, 'this step'], [10, 'under 10 steps'], [100, 'under 100'], [1000, 'under 1,000'], [10000, 'under 10,000'], [100000, 'under 100,000'], [1000000, 'under 1,000,000'], [Infinity, 'older']];

/// Categories of blocks, and behind them those of what is no block.
const kOthers = [['moving to', kGreys.destination], ['retired', kGreys.retired], ['records', kGreys.mirror]];

const colours = {
  ways() {
    const facts = data.facts;
    const ways = {
      owner: {
        labels: facts.tags.map((tag, i) => data.ownerName(i)),
        colour: i => i === 0 ? kGreys.none : kPalette[(i - 1) % kPalette.length],
        of: item => Math.min(data.tag[data.itemOf[item]], facts.tags.length - 1),
      },
      kind: {
        labels: [...facts.kinds.map(shown), 'no parts'],
        colour: i => i === facts.kinds.length ? kGreys.none : kPalette[i % kPalette.length],
        of: item => Math.min(data.kind[data.itemOf[item]], facts.kinds.length),
      },
      age: {labels: kAges.map(age => age[1]), colour: i => kRamp[i], of: item => kAges.findIndex(age => data.step - data.itemChanged[item] < age[0])},
      state: {
        labels: facts.states,
        colour: i => ['#59a14f', '#edc948', '#4e79a7', '#b07aa1', '#e15759', '#9c755f'][i],
        of: item => data.itemState[item],
      },
    };
    const uses = [[1, 'by the newest frame'], [10, 'under 10 frames ago'], [100, 'under 100'], [1000, 'under 1,000'], [kNone, 'longer ago'], [Infinity, 'never']];
    if (!facts.run) {
      ways['last drawn'] = {
        labels: uses.map(use => use[1]),
        colour: i => i === 5 ? kGreys.none : kRamp[i + 1],
        of: item => uses.findIndex(use => data.use[data.itemOf[item]] < use[0]),
      };
    }
    if (facts.diff) {
      const palette = {came: '#59a14f', went: kGreys.none, grew: '#f28e2b', shrank: '#76b7b2', moved: '#4e79a7', 'new contents': '#edc948', 'no change': '#b9c0c7'};
      ways.change = {labels: facts.diff.names, colour: i => palette[facts.diff.names[i]], of: item => data.change[data.itemOf[item]]};
    }
    return ways;
  },

  /// Gives every item its category; `categories` are {label, colour, rgb, bytes}.
  use(name) {
    const way = this.ways()[name];
    this.categories = way.labels.map((label, i) => ({label, colour: way.colour(i), bytes: 0})).concat(kOthers.map(([label, colour]) => ({label, colour, bytes: 0})));
    const others = way.labels.length;
    this.ofItem = new Uint8Array(data.items);
    for (let i = 0; i < data.items; ++i) {
      const what = data.itemWhat[i];
      const category = what === kPlace ? way.of(i) : others + what - 1;
      this.ofItem[i] = category;
      this.categories[category].bytes += data.itemUnits[i] * kUnit;
    }
    for (const category of this.categories) {
      const number = parseInt(category.colour.slice(1), 16);
      category.rgb = [number >> 16, number >> 8 & 255, number & 255];
    }
  },
};
