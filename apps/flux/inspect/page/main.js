'use strict';
// The filter, and the order in which everything begins.

const kMostFound = 200;  // rows in the list of what was found

const filter = {
  start() {
    const facts = data.facts;
    const fill = (id, all, labels) => {
      const select = document.getElementById(id);
      select.replaceChildren(make('option', {value: '', textContent: all}), ...labels.map((label, i) => make('option', {value: String(i), textContent: label})));
      select.addEventListener('change', () => this.apply());
    };
    fill('by-tag', 'all', facts.tags.map((tag, i) => data.ownerName(i)));
    fill('by-state', 'all', facts.states);
    fill('by-kind', 'all', facts.kinds.map(shown));
    const colour = document.getElementById('colour');
    colour.replaceChildren(...Object.keys(colours.ways()).map(way => make('option', {value: way, textContent: way})));
    colour.value = facts.diff ? 'change' : facts.tags.length > 1 ? 'owner' : 'kind';
    colour.addEventListener('change', () => this.recolour());
    let timer = 0;
    document.getElementById('search').addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.apply(), data.blocks > 200000 ? 250 : 60);
    });
    document.getElementById('filter').addEventListener('submit', event => event.preventDefault());
    document.getElementById('in').addEventListener('click', () => map.zoom(0.5));
    document.getElementById('out').addEventListener('click', () => map.zoom(2));
    document.getElementById('whole').addEventListener('click', () => map.whole());
    this.recolour();
    this.apply();
  },

  recolour() {
    colours.use(document.getElementById('colour').value);
    put('legend', ...colours.categories.filter(category => category.bytes).map(category => make('span', {}, dot(category.colour), category.label, make('span', {className: 'soft', textContent: ' ' + bytesText(category.bytes)}))),
      make('span', {}, dot('var(--hole)'), 'free'));
    map.draw();
  },

  owner(tag) {
    document.getElementById('by-tag').value = String(tag);
    this.apply();
  },

  apply() {
    const text = document.getElementById('search').value.toLowerCase();
    const chosen = id => document.getElementById(id).value === '' ? -1 : Number(document.getElementById(id).value);
    const tag = chosen('by-tag'), state = chosen('by-state'), kind = chosen('by-kind');
    if (!text && tag < 0 && state < 0 && kind < 0) {
      map.matches = null;
      this.found = data.blocksNow;
      document.getElementById('count').textContent = '';
      put('found');
      map.draw();
      return;
    }
    const matches = new Uint8Array(data.blocks), list = [];
    let bytes = 0;
    this.found = 0;
    for (let i = 0; i < data.blocks; ++i) {
      if (data.stateNow[i] === kGone) continue;
      if ((tag >= 0 && data.tag[i] !== tag) || (state >= 0 && data.stateNow[i] !== state) || (kind >= 0 && data.kind[i] !== kind)) continue;
      if (text && !data.names[i].toLowerCase().includes(text)) continue;
      matches[i] = 1;
      ++this.found;
      bytes += data.live[i];
      list.push(i);
    }
    map.matches = matches;
    document.getElementById('count').textContent = `${countText(this.found)} of ${countText(data.blocksNow)} blocks match, ${bytesText(bytes)}.`;
    list.sort((a, b) => data.live[b] - data.live[a]);
    const age = i => data.itemOfBlock[i] === kNone ? 0 : data.step - data.itemChanged[data.itemOfBlock[i]];
    const count = (title, column) => [title, i => countText(column[i]), i => column[i]];
    put('found', list.length === 0 ? none('No block matches.') : table([
      ['name', i => shown(data.names[i])], ['owner', i => data.ownerName(data.tag[i])], ['state', i => data.facts.states[data.stateNow[i]]], ['size', i => bytesText(data.live[i]), i => data.live[i]],
      ['age, steps', i => countText(age(i)), age],
      ...(data.last ? [count('version', data.version), ['waits for', i => data.waiting[data.waits[i]]]] : [])], list.slice(0, kMostFound), i => map.show(i)));
    map.draw();
  },
};

// Its legend writes style attributes, which the page does not let in; lines beside the plots tell as much.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);

document.querySelector('#licence pre').textContent = document.getElementById('licence-text').textContent;
data.load().then(() => {
  colours.use('owner');
  tables.start();
  map.start();
  filter.start();
  if (data.facts.run) run.start();
  document.documentElement.dataset.ready = 'yes';
});
