// Says what xterm.js shows of recordings: for each NAME.txt it writes NAME.golden beside it.
//
//     node oracle.js MODULES FILE...
//
// MODULES is the folder node_modules that `npm ci` made of package.json here. What a
// recording looks like, and what is written, is said in golden_test.go. The options below
// make xterm.js do what package screen does on purpose: it keeps no scrollback, wraps
// nothing anew when the size changes, has the widths of table.go, and gets neither
// broken UTF-8 nor the characters that package screen leaves out.
'use strict';
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');

const modules = path.resolve(process.argv[2]);
const { Terminal } = require(path.join(modules, '@xterm/headless'));
const { version } = require(path.join(modules, '@xterm/headless/package.json'));
const source = path.join(__dirname, '../..');

function spans(file, name) {
  const text = fs.readFileSync(path.join(source, file), 'utf8');
  const start = text.indexOf(`var ${name} = []span{`);
  if (start < 0) throw new Error(`${file} has no ${name}`);
  const list = text.slice(start, text.indexOf('\n}', start));
  return [...list.matchAll(/\{(0x[0-9a-f]+), (0x[0-9a-f]+)\}/g)].map(m => [Number(m[1]), Number(m[2])]);
}
const wide = spans('table.go', 'wide');
const joining = spans('table.go', 'joining');
const dropped = spans('width.go', 'dropped');
const within = (list, c) => list.some(([first, last]) => c >= first && c <= last);

const widths = {
  version: 'screen',
  wcwidth: c => c < 0x300 ? 1 : within(joining, c) ? 0 : within(wide, c) ? 2 : 1,
  charProperties(c, before) {
    let width = this.wcwidth(c);
    const widthBefore = (before >> 1) & 3;
    const joins = width === 0 && widthBefore > 0;
    if (joins) width = widthBefore;
    return width << 1 | (joins ? 1 : 0);
  },
};

function open(columns, rows) {
  const term = new Terminal({
    cols: columns, rows, scrollback: 0, allowProposedApi: true, logLevel: 'off',
    windowsPty: { backend: 'winpty', buildNumber: 1 },
  });
  term.unicode.register(widths);
  term.unicode.activeVersion = widths.version;
  saveUnderlines(term._core._inputHandler);
  return term;
}

// saveUnderlines makes saving the cursor save the kind and colour of the underline too, which
// xterm.js forgets.
function saveUnderlines(handler) {
  const { saveCursor, restoreCursor, softReset } = handler;
  handler.saveCursor = function (params) {
    this._activeBuffer.savedUnderline = this._curAttrData.extended.clone();
    return saveCursor.call(this, params);
  };
  handler.restoreCursor = function (params) {
    restoreCursor.call(this, params);
    const saved = this._activeBuffer.savedUnderline;
    this._curAttrData.extended = saved ? saved.clone() : new this._curAttrData.extended.constructor();
    return true;
  };
  handler.softReset = function (params) {
    this._activeBuffer.savedUnderline = undefined;
    return softReset.call(this, params);
  };
}

// resize cuts lines, where xterm.js would keep what is beyond the edge.
function resize(term, columns, rows) {
  term.resize(columns, rows);
  for (const buffer of [term._core.buffers.normal, term._core.buffers.alt]) {
    buffer.lines.maxLength = rows; // an alternate screen that is not shown would get a scrollback
    for (let y = 0; y < buffer.lines.length; y++) {
      const line = buffer.lines.get(y);
      if (line.length > columns) line.resize(columns, buffer.getNullCell());
      if (line.getWidth(columns - 1) === 2) {
        line.setCellFromCodepoint(columns - 1, 0, 1, { fg: line.getFg(columns - 1), bg: line.getBg(columns - 1), extended: line._extendedAttrs[columns - 1] });
      }
    }
  }
}

function color(name, isDefault, isRGB, value) {
  if (isDefault) return '';
  return ` ${name}=${isRGB ? '#' + value.toString(16).padStart(6, '0') : value}`;
}

function style(cell) {
  let s = '';
  if (cell.isBold()) s += ' bold';
  if (cell.isDim()) s += ' faint';
  if (cell.isItalic()) s += ' italic';
  if (cell.isBlink()) s += ' blink';
  if (cell.isInverse()) s += ' reverse';
  if (cell.isInvisible()) s += ' invisible';
  if (cell.isStrikethrough()) s += ' strike';
  if (cell.isOverline()) s += ' overline';
  if (cell.isUnderline()) {
    s += ' underline=' + cell.getUnderlineStyle();
    const c = cell.extended.underlineColor;
    if (c !== -1 && (c & 0x3000000) !== 0) {
      const rgb = (c & 0x3000000) === 0x3000000;
      s += color('line', false, rgb, rgb ? c & 0xffffff : c & 0xff);
    }
  }
  s += color('fg', cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor());
  s += color('bg', cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor());
  return s.slice(1);
}

function row(line, columns) {
  const runs = [];
  let before = 1;
  for (let x = 0; x < columns; x++) {
    const cell = line.getCell(x);
    const width = cell.getWidth();
    if (width === 0 && before === 2) {
      before = 0;
      continue; // the right half
    }
    before = width;
    const text = cell.getChars() || ' ';
    const looks = style(cell);
    const last = runs[runs.length - 1];
    if (last && last.looks === looks) last.text += text;
    else runs.push({ x, text, looks });
  }
  const last = runs[runs.length - 1];
  if (last.looks === '') last.text = last.text.replace(/ +$/, '');
  if (last.text === '') runs.pop();
  return runs.map(r => ` ${r.x}${JSON.stringify(r.text)}${r.looks ? `{${r.looks}}` : ''}`).join('');
}

function show(term) {
  const buffer = term.buffer.active;
  const core = term._core.coreService;
  const modes = core.decPrivateModes;
  let s = `screen ${term.cols}x${term.rows} cursor ${Math.min(buffer.cursorX, term.cols - 1)},${buffer.cursorY}`;
  if (core.isCursorHidden) s += ' hidden';
  if (modes.cursorStyle) s += ' ' + modes.cursorStyle;
  if (modes.cursorBlink) s += ' blink';
  if (buffer.type === 'alternate') s += ' alternate';
  s += '\n';
  for (let y = 0; y < term.rows; y++) {
    const line = buffer.getLine(y);
    const runs = row(line, term.cols);
    if (runs || line.isWrapped) s += `${y}${line.isWrapped ? '+' : ''}:${runs}\n`;
  }
  return s;
}

const unquote = text => Buffer.from(text.replace(/\\x(..)|\\(.)/g, (_, hex, c) => hex ? String.fromCharCode(parseInt(hex, 16)) : c), 'latin1');

async function play(file) {
  const recording = fs.readFileSync(file);
  let golden = `# sha256 ${crypto.createHash('sha256').update(recording).digest('hex')}\n# @xterm/headless ${version}\n`;
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let term;
  for (const line of recording.toString('latin1').split('\n')) {
    const [, command, rest] = line.match(/^(\S*) ?(.*)$/);
    const [columns, rows] = rest.split(' ').map(Number);
    if (command === 'size') term = open(columns, rows);
    if (command === 'resize') resize(term, columns, rows);
    if (command === 'show') golden += show(term);
    if (command === 'out') {
      const text = [...decoder.decode(unquote(rest.slice(1, -1)), { stream: true })].filter(c => !within(dropped, c.codePointAt(0))).join('');
      await new Promise(done => term.write(text, done));
    }
  }
  fs.writeFileSync(file.replace(/\.txt$/, '.golden'), golden);
}

// widthsOf11 writes the widths that others have put together: addon-unicode11's.
function widthsOf11() {
  const { Unicode11Addon } = require(path.join(modules, '@xterm/addon-unicode11'));
  const term = open(80, 24);
  term.loadAddon(new Unicode11Addon());
  term.unicode.activeVersion = '11';
  const width = c => term._core.unicodeService.wcwidth(c);
  let golden = '# addon-unicode11: first and last character, width, if it is not 1\n';
  for (let first = 0xa0; first <= 0x10ffff; first++) {
    let last = first;
    while (last < 0x10ffff && width(last + 1) === width(first)) last++;
    if (width(first) !== 1) golden += `${first.toString(16)} ${last.toString(16)} ${width(first)}\n`;
    first = last;
  }
  fs.writeFileSync(path.join(__dirname, 'widths.golden'), golden);
}

(async () => {
  widthsOf11();
  for (const file of process.argv.slice(3)) await play(file);
})().catch(e => {
  console.error(e);
  process.exit(1);
});
