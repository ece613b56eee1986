'use strict';
// Everything beside the map: totals, tables, what waits and what was refused.

/// A table: `columns` are [title, cell(row), sort key(row) for numbers]; a click on a title sorts, one on a row calls `go`.
function table(columns, rows, go) {
  const body = make('tbody');
  const fill = sorted => body.replaceChildren(...sorted.map(row => {
    const cells = columns.map(([, cell, key]) => {
      const content = cell(row);
      const td = make('td', {className: key ? 'number' : ''});
      td.append(content);
      return td;
    });
    const tr = make('tr', {className: go ? 'goes' : ''}, ...cells);
    if (go) tr.addEventListener('click', () => go(row));
    return tr;
  }));
  const titles = columns.map(([title, , key]) => {
    const th = make('th', {textContent: title, className: key ? 'number sorts' : ''});
    let falling = false;
    if (key) th.addEventListener('click', () => {
      falling = !falling;
      fill([...rows].sort((a, b) => (key(a) - key(b)) * (falling ? -1 : 1)));
    });
    return th;
  });
  fill(rows);
  return make('div', {className: 'scrolls'}, make('table', {}, make('thead', {}, make('tr', {}, ...titles)), body));
}

function put(id, ...children) { document.getElementById(id).replaceChildren(...children); }
function none(text) { return make('p', {className: 'hint', textContent: text}); }
function dot(colour) {
  const element = make('i', {className: 'dot'});
  element.style.background = colour;
  return element;
}

const tables = {
  start() {
    const facts = data.facts, stats = facts.stats;
    document.title = `Flux: ${shown(facts.file)}`;
    document.getElementById('file').textContent = shown(facts.file);
    document.getElementById('device').textContent =
      `${shown(facts.device.backend)}, ${shown(facts.device.name)}; step ${countText(stats.steps)}, snapshot ${countText(stats.publishedSnapshot)}`;
    this.problems(stats);
    this.budgets();
    this.refusals();
    this.now();
    if (facts.diff) this.changes();
    const counters = Object.entries(stats).map(([name, value]) => ({name, value}));
    document.querySelector('#counters div').append(table([['counter', row => row.name], ['value', row => typeof row.value === 'number' ? countText(row.value) : String(row.value), row => Number(row.value)]], counters));
  },

  /// What another stop has otherwise.
  now() {
    this.gauges(data.facts.run ? run.stats() : data.facts.stats);
    this.owners();
    this.waits();
    this.chunks();
    holes.show();
  },

  gauges(stats) {
    const gauge = (title, value, small) => make('div', {}, make('dt', {textContent: title}), make('dd', {textContent: value}, make('small', {textContent: small})));
    let places = 0;
    for (let i = 0; i < data.items; ++i) places += data.itemWhat[i] <= kDestination ? data.itemUnits[i] * kUnit : 0;
    const holes = places - stats.liveBytes;
    const free = stats.reservedBytes - places - stats.retiredBytes;
    const segments = [['asked for', stats.liveBytes, '#4e79a7'], ['padding, gaps, second places', holes, '#a7c0dc'], ['retired', stats.retiredBytes, kGreys.retired]];
    const bar = make('div', {className: 'bar'}, ...segments.map(([title, bytes, colour]) => {
      const part = make('i', {title: `${title}: ${bytesText(bytes)}`});
      part.style.background = colour;
      part.style.width = 100 * bytes / Math.max(1, stats.reservedBytes) + '%';
      return part;
    }));
    const legend = make('div', {className: 'hint'}, ...segments.flatMap(([title, bytes, colour]) => [dot(colour), `${title} ${bytesText(bytes)}\u2003`]), dot('var(--hole)'), `free ${bytesText(free)}`);
    put('gauges',
      gauge('live', bytesText(stats.liveBytes), 'peak ' + bytesText(stats.peakLiveBytes)),
      gauge('reserved', bytesText(stats.reservedBytes), `${(stats.reservedBytes / Math.max(1, stats.liveBytes)).toFixed(2)} times live, peak ${bytesText(stats.peakReservedBytes)}`),
      gauge('limit', bytesText(stats.hardLimitBytes), percentText(stats.reservedBytes / Math.max(1, stats.hardLimitBytes)) + ' used'),
      data.facts.run ? gauge('blocks', countText(stats.blocks), `${countText(stats.placesTaken)} places taken, ${countText(stats.placesFreed)} given back`)
        : gauge('blocks', countText(stats.blocks), `${countText(stats.blocksAdded)} added, ${countText(stats.blocksRemoved)} removed`),
      gauge('chunks', countText(stats.chunks), `${countText(stats.chunksCreated)} made, ${countText(stats.chunksReleased)} released`),
      gauge('uploaded', bytesText(stats.uploadedBytes), `${bytesText(stats.copiedBytes)} moved`),
      gauge('open frames', countText(stats.openFrames), `${countText(stats.deferredPublishes)} publishes put off`),
      make('div', {className: 'whole'}, bar, legend));
  },

  problems(stats) {
    const found = [];
    let lost = 0;
    for (let i = 0; i < data.blocks; ++i) lost += i < data.facts.ended && data.state[i] === kLost ? 1 : 0;
    if (stats.deviceLost) found.push('The device is lost: nothing of this is on it any more.');
    if (lost) found.push(`Lost: ${some(lost, 'block')}.`);
    if (stats.refusals) found.push(`Refused: ${some(stats.refusals, 'request')} for memory. The last ones are explained below.`);
    if (data.facts.run) found.unshift(...data.facts.run.problems.map(shown));
    document.getElementById('problems').hidden = found.length === 0;
    put('problems', ...found.map(text => make('p', {textContent: text})));
  },

  owners() {
    const sums = data.facts.tags.map((tag, i) => ({tag: i, shown: data.ownerName(i), blocks: 0, liveBytes: 0, placeBytes: 0, uploadedBytes: tag.uploadedBytes, copiedBytes: tag.copiedBytes}));
    const sumOf = block => sums[Math.min(data.tag[block], sums.length - 1)];
    for (let i = 0; i < data.blocks; ++i) {
      if (data.stateNow[i] === kGone) continue;
      ++sumOf(i).blocks;
      sumOf(i).liveBytes += data.live[i];
    }
    for (let i = 0; i < data.items; ++i) if (data.itemWhat[i] <= kDestination) sumOf(data.itemOf[i]).placeBytes += data.itemUnits[i] * kUnit;
    const rows = sums.filter(tag => tag.blocks + (data.last ? tag.uploadedBytes : 0) > 0);
    const bytes = (title, key) => [title, row => bytesText(row[key]), row => row[key]];
    put('owners', rows.length === 0 ? none('There are no blocks.') : table([
      ['owner', row => row.shown], ['blocks', row => countText(row.blocks), row => row.blocks], bytes('live', 'liveBytes'), bytes('places', 'placeBytes'),
      ['holes', row => percentText(row.placeBytes ? 1 - row.liveBytes / row.placeBytes : 0), row => row.placeBytes - row.liveBytes],
      ...(data.last ? [bytes('uploaded', 'uploadedBytes'), bytes('moved', 'copiedBytes')] : [])], rows, row => filter.owner(row.tag)));
  },

  waits() {
    const sums = new Map();
    for (let i = 0; i < data.items; ++i) {
      if (data.itemWhat[i] !== kRetired) continue;
      const what = data.waiting[data.itemOf[i]];
      const sum = sums.get(what) || {what, count: 0, bytes: 0};
      ++sum.count;
      sum.bytes += data.itemUnits[i] * kUnit;
      sums.set(what, sum);
    }
    const frames = data.facts.run ? [] : data.facts.frames.map(frame => none(`Frame '${shown(frame.label)}' has been open for ${(frame.ageNs / 1e6).toFixed(1)} ms and sees snapshot ${frame.snapshot}.`));
    put('waiting', ...(sums.size === 0 ? [none('Nothing waits.')] : [table([['waits for', row => row.what], ['ranges', row => countText(row.count), row => row.count], ['size', row => bytesText(row.bytes), row => row.bytes]], [...sums.values()])]), ...frames);
  },

  budgets() {
    const rows = Object.entries(data.facts.budgets).map(([name, budget]) => ({name, ...budget}));
    const bar = row => {
      const part = make('i');
      part.style.background = 'var(--accent)';
      part.style.width = Math.min(100, 100 * row.usedBytes / Math.max(1, row.limitBytes)) + '%';
      return make('div', {className: 'bar'}, part);
    };
    put('budgets', table([['of', row => row.name], ['', bar], ['used', row => bytesText(row.usedBytes), row => row.usedBytes], ['limit', row => bytesText(row.limitBytes), row => row.limitBytes]], rows));
  },

  refusals() {
    const rows = [...data.facts.refusals].reverse();
    put('refusals', rows.length === 0 ? none('Every request has found a place.') : table([
      ['name', row => shown(row.name)], ['why', row => shown(row.error + ': ' + row.explanation + (row.eviction ? '. Now ' + row.eviction.explanation : ''))], ['size', row => bytesText(row.bytes), row => row.bytes], ['alignment', row => countText(row.alignment), row => row.alignment],
      ['largest hole', row => bytesText(row.largestFreeBytes), row => row.largestFreeBytes], ['in step', row => row.firstStep === row.lastStep ? countText(row.lastStep) : `${countText(row.firstStep)} to ${countText(row.lastStep)}`, row => row.lastStep], ['times', row => countText(row.times), row => row.times]], rows, data.facts.run && (row => run.goToStep(row.firstStep))));
  },

  chunks() {
    const rows = data.chunks.map((chunk, row) => ({...chunk, row}));
    const used = row => 1 - row.free / row.bytes;
    const torn = row => row.free ? 1 - row.largestHole / row.free : 0;
    const count = (title, key) => [title, row => countText(row[key]), row => row[key]];
    const bytes = (title, key) => [title, row => bytesText(row[key]), row => row[key]];
    put('chunks', rows.length === 0 ? none('There are no chunks.') : table([
      count('chunk', 'index'), ['class', row => row.class + (row.dedicated ? ', dedicated' : '') + (row.inService ? '' : ', out of service')], bytes('size', 'bytes'),
      ['used', row => percentText(used(row)), used], bytes('free', 'free'), count('holes', 'holes'), bytes('largest hole', 'largestHole'),
      ['fragmentation', row => percentText(torn(row)), torn], count('ranges', 'ranges'), count('age, steps', 'age')], rows, row => map.showChunk(row.row)));
  },

  changes() {
    const diff = data.facts.diff;
    const counts = diff.names.map(name => ({name, count: 0, bytes: 0}));
    for (let i = 0; i < data.blocks; ++i) {
      ++counts[data.change[i]].count;
      counts[data.change[i]].bytes += data.live[i];
    }
    const went = counts[diff.names.indexOf('went')];
    went.count = diff.went;
    went.bytes = diff.wentBytes;
    const element = document.getElementById('changes');
    element.hidden = false;
    const gone = table([['went', row => shown(row[0])], ['owner', row => shown(row[2])], ['size', row => bytesText(row[1]), row => row[1]]], diff.gone);
    element.replaceChildren(make('h2', {textContent: 'Since ' + shown(diff.before)}),
      table([['change', row => row.name], ['blocks', row => countText(row.count), row => row.count], ['size', row => bytesText(row.bytes), row => row.bytes]], counts.filter(row => row.count)),
      ...(diff.gone.length ? [make('details', {}, make('summary', {textContent: 'What went' + (diff.went > diff.gone.length ? ` (the ${countText(diff.gone.length)} largest)` : '')}), gone)] : []));
  },
};
