'use strict';
// Plays the screens that are in this page. What was recorded becomes text of the document, and
// nothing else: no markup is ever made of it.
(() => {
  const $ = (id) => document.getElementById(id);
  const facts = JSON.parse($('facts').textContent);
  const packed = document.querySelectorAll('script.chunk');
  const leap = 5000, idle = 2000, kept = 3, slowest = 0.1, fastest = 1000;
  const screen = $('screen'), line = $('line'), cursor = make('div');
  cursor.id = 'cursor';

  function make(name, text, className) {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  }

  // duration is a time as --from takes it.
  function duration(ms) {
    const tenths = Math.floor(ms / 100), minutes = Math.floor(tenths / 600);
    const seconds = Math.floor(tenths / 10) % 60 + '.' + tenths % 10 + 's';
    if (minutes === 0) return seconds;
    const rest = seconds.padStart(5, '0');
    return minutes < 60 ? minutes + 'm' + rest : Math.floor(minutes / 60) + 'h' + String(minutes % 60).padStart(2, '0') + 'm' + rest;
  }

  function say(text) {
    $('notice').textContent = text;
    $('notice').hidden = text === '';
  }

  // ---- chunks

  const loaded = new Map(); // number of a chunk: a promise of it; the last used at the end

  function load(n) {
    let p = loaded.get(n);
    loaded.delete(n);
    if (!p) {
      p = unpack(packed[n].textContent).then((c) => prepare(c, facts.chunks[n]));
      p.then((c) => { p.ready = c; }, () => {});
    }
    loaded.set(n, p);
    for (const old of loaded.keys()) {
      if (loaded.size <= kept) break;
      loaded.delete(old);
    }
    return p;
  }

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return JSON.parse(await new Response(stream).text());
  }

  function prepare(c, begin) {
    c.times = [];
    for (const f of c.f) c.times.push(begin += f[0]);
    return c;
  }

  // last returns the index of the last one that is not above x, -1 if there is none.
  function last(sorted, x) {
    let low = 0, high = sorted.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (sorted[mid] <= x) low = mid + 1; else high = mid;
    }
    return low - 1;
  }

  // ---- the screen

  const at = { n: -1, chunk: null, i: -1, lines: [], columns: 0, rows: 0, x: 0, y: 0, look: 0 };

  function apply(f) {
    if (f.length > 6) {
      [at.columns, at.rows] = [f[6], f[7]];
      at.lines = new Array(at.rows).fill(0);
    }
    [at.x, at.y, at.look] = [f[1], f[2], f[3]];
    if (f[4] > 0) at.lines = at.lines.slice(f[4]).concat(new Array(f[4]).fill(0));
    for (let i = 0; i < f[5].length; i += 2) at.lines[f[5][i]] = f[5][i + 1];
  }

  // go applies screens of the chunk until a time.
  function go(n, chunk, ms) {
    const to = Math.max(0, last(chunk.times, ms));
    if (at.chunk !== chunk || at.i > to) [at.n, at.chunk, at.i] = [n, chunk, -1];
    while (at.i < to) apply(chunk.f[++at.i]);
  }

  const drawn = []; // what each row shows: [chunk, line]
  let size = '';

  function draw() {
    const now = at.columns + 'x' + at.rows;
    if (now !== size) {
      size = now;
      screen.replaceChildren(...Array.from({ length: at.rows }, () => make('div', '', 'row')), cursor);
      drawn.length = 0;
      fit();
    }
    for (let y = 0; y < at.rows; y++) {
      const d = drawn[y], n = at.lines[y];
      if (d && d[1] === n && (d[0] === at.chunk || n === 0)) continue;
      drawn[y] = [at.chunk, n];
      screen.children[y].replaceChildren(...pieces(at.chunk, at.chunk.r[n]));
    }
    cursor.hidden = at.look === 0;
    cursor.className = ['', '', 'below', 'bar'][at.look];
    cursor.style.left = 'calc(' + at.x + ' * var(--cell))';
    cursor.style.top = 'calc(' + at.y + ' * var(--row))';
  }

  function pieces(chunk, row) {
    const all = [];
    for (let i = 0; i < row.length; i += 2) {
      const look = chunk.s[row[i]], text = row[i + 1];
      if (typeof text === 'string') {
        all.push(dress(make('span', text), look));
        continue;
      }
      const wide = !Array.isArray(text);
      for (const c of wide ? text.w : text) all.push(dress(make('span', c, wide ? 'two' : 'one'), look));
    }
    return all;
  }

  // The attributes of package screen, in its order.
  const names = ['bold', 'faint', 'italic', '', '', 'invisible'];
  const reverse = 1 << 4, strike = 1 << 6, overline = 1 << 7;
  const underlines = ['', 'solid', 'double', 'wavy', 'dotted', 'dashed'];

  function colour(c, basic, other) {
    if (typeof c === 'string') return c;
    if (c === 0) return other;
    return c <= 16 ? 'var(--' + basic + (c - 1) + ')' : other;
  }

  // inkOf returns the colour of letters: on a ground of colour, black and white are such as can be read there.
  function inkOf(front, behind, turned) {
    if (behind !== 0 && (front === 1 || front === 0 && turned)) return 'var(--black)';
    if (behind !== 0 && (front === 8 || front === 16)) return 'var(--white)';
    return colour(front, 'c', turned ? 'var(--ground)' : '');
  }

  function dress(e, look) {
    const [letters, ground, attributes, under, underColour] = look;
    names.forEach((name, i) => { if (name && attributes & 1 << i) e.classList.add(name); });
    const turned = (attributes & reverse) !== 0;
    const [front, behind] = turned ? [ground, letters] : [letters, ground];
    const ink = inkOf(front, behind, turned);
    const paint = colour(behind, 'g', turned ? 'var(--letters)' : '');
    if (ink) e.style.color = ink;
    if (paint) e.style.background = paint;
    const lines = [];
    if (under) lines.push('underline');
    if (attributes & strike) lines.push('line-through');
    if (attributes & overline) lines.push('overline');
    if (lines.length) {
      e.style.textDecorationLine = lines.join(' ');
      if (under) e.style.textDecorationStyle = underlines[under];
      if (under && underColour !== 0) e.style.textDecorationColor = colour(underColour, 'c', '');
    }
    return e;
  }

  // fit makes the letters as large as the terminal has room for.
  function fit() {
    if (!at.columns) return;
    const frame = $('frame'), style = getComputedStyle(frame);
    const width = frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const narrow = matchMedia('(max-width: 900px)').matches; // then the frame is as high as its content
    const height = narrow ? Infinity : frame.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const ruler = make('span', '0'.repeat(100));
    ruler.style.cssText = 'position:absolute;visibility:hidden;font-size:100px;white-space:pre';
    screen.append(ruler);
    const wide = ruler.getBoundingClientRect().width / 10000; // of a letter, for a font of 1 px
    ruler.remove();
    const px = Math.max(5, Math.min(16, width / at.columns / wide, height / at.rows / 1.2));
    const font = Math.floor(px * 4) / 4;
    screen.style.fontSize = font + 'px';
    screen.style.setProperty('--cell', font * wide + 'px');
    screen.style.setProperty('--row', Math.round(font * 1.2) + 'px');
    screen.style.width = font * wide * at.columns + 1 + 'px';
  }

  // ---- time

  let now = facts.from, playing = false, speed = 1, turn = 0, frameTime = 0, waits = false;

  // nextTime is when the next screen comes, the end if there is none.
  function nextTime() {
    if (at.chunk && at.i + 1 < at.chunk.times.length) return at.chunk.times[at.i + 1];
    return at.n + 1 < facts.chunks.length ? facts.chunks[at.n + 1] : facts.to;
  }

  // show shows the screen of a moment.
  async function show(ms) {
    const mine = ++turn;
    now = Math.max(facts.from, Math.min(ms, facts.to));
    tell();
    const n = Math.max(0, last(facts.chunks, now));
    let chunk;
    try {
      waits = true;
      chunk = await load(n);
    } catch (e) {
      say('This part of the page can\'t be read: the file is damaged, or the browser is too old.');
      pause();
      return;
    } finally {
      if (mine === turn) waits = false;
    }
    if (mine !== turn) return; // somebody went elsewhere meanwhile
    go(n, chunk, now);
    draw();
    shown();
    if (n + 1 < facts.chunks.length) load(n + 1).catch(() => {});
  }

  function shown() {
    screen.dataset.at = String(Math.round(now));
    screen.dataset.size = size;
  }

  function tick(t) {
    if (!playing) return;
    let left = Math.min(t - frameTime, 250) * speed;
    frameTime = t;
    let moved = false;
    while (!waits && left > 0 && now < facts.to) {
      const next = nextTime(), gap = next - (at.chunk ? at.chunk.times[Math.max(0, at.i)] : now);
      const rate = $('idle').checked && gap > idle ? gap / idle : 1;
      if (now + left * rate < next) {
        now += left * rate;
        break;
      }
      left -= Math.max(0, next - now) / rate;
      now = next;
      moved = true;
      if (at.chunk && at.i + 1 < at.chunk.times.length) apply(at.chunk.f[++at.i]);
      else if (at.n + 1 < facts.chunks.length) follow();
      else break;
    }
    if (moved && !waits) draw();
    if (!waits) shown();
    tell();
    if (now >= facts.to && !waits) pause();
    else requestAnimationFrame(tick);
  }

  // follow goes on in the next chunk, which is there mostly.
  function follow() {
    const n = at.n + 1, ready = load(n).ready;
    if (!ready) {
      show(now);
      return;
    }
    go(n, ready, facts.chunks[n]);
    if (n + 1 < facts.chunks.length) load(n + 1).catch(() => {});
  }

  function play() {
    if (playing) return;
    playing = true;
    $('play').textContent = 'Pause';
    const begin = () => requestAnimationFrame((t) => { frameTime = t; tick(t); });
    if (now >= facts.to) show(facts.from).then(begin); else begin();
  }

  function pause() {
    playing = false;
    $('play').textContent = 'Play';
    tell();
  }

  function seek(ms) { return show(ms); }

  function step() {
    pause();
    return show(Math.max(now, nextTime()));
  }

  function setSpeed(to) {
    speed = Math.max(slowest, Math.min(to, fastest));
    $('speed').textContent = '×' + Math.round(speed * 100) / 100;
  }

  function previousMark() {
    // Who plays has gone on a bit since the last one.
    const before = now - (playing ? 1000 : 1);
    const i = last(facts.marks, before);
    return seek(i < 0 ? facts.from : facts.marks[i]);
  }

  function nextMark() {
    const i = last(facts.marks, now) + 1;
    return seek(i < facts.marks.length ? facts.marks[i] : facts.to);
  }

  // ---- what is beside the terminal

  const items = [], eventTimes = facts.events.map((e) => e.at);
  let current = -2;

  function tell() {
    const length = Math.max(1, facts.to - facts.from);
    $('time').textContent = duration(now) + ' of ' + duration(facts.to);
    $('head').style.left = 100 * (now - facts.from) / length + '%';
    line.setAttribute('aria-valuenow', String(Math.round(now)));
    line.setAttribute('aria-valuetext', duration(now));
    const i = last(eventTimes, now);
    if (i === current) return;
    items.forEach((item, k) => {
      item.classList.toggle('now', k === i);
      item.classList.toggle('after', k > i);
    });
    if (items[i] && current !== -2) items[i].scrollIntoView({ block: 'nearest' });
    current = i;
  }

  function list() {
    for (const e of facts.events) {
      const item = make('li'), button = make('button', undefined, e.kind);
      button.type = 'button';
      button.append(make('i'), make('time', duration(e.at)), make('span', e.text));
      button.addEventListener('click', (click) => {
        if (click.detail > 0) screen.focus({ preventScroll: true }); // by a pointer: keys go on to be the player's
        seek(e.at);
      });
      item.append(button);
      items.push(button);
      $('events').append(item);
    }
    if (facts.omitted > 0) $('events').append(make('p', 'and ' + facts.omitted + ' more, which are not listed'));
    if (facts.events.length === 0) $('events').append(make('p', 'Nothing but output.'));
  }

  function about() {
    $('title').textContent = facts.title;
    for (const f of facts.facts) {
      const row = make('div');
      row.append(make('dt', f.name), make('dd', f.value));
      $('about').append(row);
    }
  }

  function timeline() {
    const length = Math.max(1, facts.to - facts.from), n = facts.activity.length;
    const most = Math.log1p(Math.max(1, ...facts.activity));
    const svg = $('activity'), path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    svg.setAttribute('viewBox', '0 0 ' + n + ' 100');
    path.setAttribute('d', facts.activity.map((v, i) => {
      const h = v > 0 ? Math.max(4, Math.round(100 * Math.log1p(v) / most)) : 0;
      return h ? 'M' + i + ' 100v-' + h + 'h1v' + h + 'z' : '';
    }).join(''));
    svg.append(path);
    for (const e of facts.events.slice(0, 1000)) {
      const tick = make('i');
      tick.style.left = 100 * (e.at - facts.from) / length + '%';
      const holder = make('b', undefined, e.kind);
      holder.append(tick);
      $('ticks').append(holder);
    }
    line.setAttribute('aria-valuemin', String(facts.from));
    line.setAttribute('aria-valuemax', String(facts.to));
    const to = (e) => {
      const box = line.getBoundingClientRect();
      seek(facts.from + length * Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)));
    };
    line.addEventListener('pointerdown', (e) => { line.setPointerCapture(e.pointerId); to(e); });
    line.addEventListener('pointermove', (e) => { if (line.hasPointerCapture(e.pointerId)) to(e); });
  }

  function keys() {
    const all = {
      ' ': () => playing ? pause() : play(), '[': previousMark, ']': nextMark, '.': step,
      ArrowLeft: () => seek(now - leap), ArrowRight: () => seek(now + leap),
      Home: () => seek(facts.from), End: () => seek(facts.to),
      '+': () => setSpeed(speed * 2), '=': () => setSpeed(speed * 2), '-': () => setSpeed(speed / 2), '_': () => setSpeed(speed / 2),
    };
    document.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.altKey || e.metaKey || !Object.hasOwn(all, e.key)) return;
      if (e.key === ' ' && e.target instanceof HTMLElement && e.target.matches('button, input')) return; // it is theirs
      e.preventDefault();
      all[e.key]();
    });
  }

  function theme() {
    const root = document.documentElement;
    const light = root.dataset.theme ? root.dataset.theme === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
    root.dataset.theme = light ? 'dark' : 'light';
  }

  // asked returns the time that the page's address asks for, as in #t=1m30s.
  function asked() {
    const m = /^#t=(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(location.hash);
    return m && m[0].length > 3 ? 1000 * (3600 * (m[1] || 0) + 60 * (m[2] || 0) + Number(m[3] || 0)) : -1;
  }

  about();
  list();
  timeline();
  keys();
  setSpeed(1);
  $('play').addEventListener('click', () => playing ? pause() : play());
  $('slower').addEventListener('click', () => setSpeed(speed / 2));
  $('faster').addEventListener('click', () => setSpeed(speed * 2));
  $('theme').addEventListener('click', theme);
  addEventListener('hashchange', () => { if (asked() >= 0) { pause(); seek(asked()); } });
  new ResizeObserver(fit).observe($('frame'));
  if (!('DecompressionStream' in window)) {
    say('This page needs a browser of 2023 or later.');
  } else {
    show(asked() >= 0 ? asked() : facts.from);
  }
})();
