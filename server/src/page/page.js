'use strict';

const MOST_BYTES = 64 << 20;
const QUIET_MS = 300; // a surplus event comes right after what it doubles
const CLOSE_MS = 2000;
const SHOWN = 10;

const $ = (id) => document.getElementById(id);
const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
const isEcho = document.querySelector('meta[name=reply]').content === 'echo';
const utf8 = new TextEncoder();
const number = (n) => n.toLocaleString('en');
const messages = (n) => `${number(n)} ${n === 1 ? 'message' : 'messages'}`;

/* ---- messages ---- */

// `RUN:NUMBER:` and letters, one in seven of two bytes in UTF-8.
function textMessage(run, index, size) {
  let text = `${run.toString(16).padStart(8, '0')}:${String(index).padStart(8, '0')}:`;
  for (let left = size - text.length, i = index; left > 0; i++) {
    const wide = i % 7 === 6 && left > 1;
    text += wide ? 'ê' : String.fromCharCode(97 + i % 26);
    left -= wide ? 2 : 1;
  }
  return text;
}

// 0xff (not UTF-8), the run, the number, and bytes that change with every bit of the number, so that
// damage shows.
function binaryMessage(run, index, size) {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0xff;
  view.setUint32(1, run);
  view.setUint32(5, index);
  for (let i = 9; i < size; i++) bytes[i] = i * 31 + index + (index >> 8);
  return bytes;
}

function indexIn(data, run) {
  if (typeof data === 'string') {
    const header = /^([0-9a-f]{8}):(\d{8}):/.exec(data);
    return header && parseInt(header[1], 16) === run ? Number(header[2]) : -1;
  }
  if (data.length < 9 || data[0] !== 0xff) return -1;
  const view = new DataView(data.buffer);
  return view.getUint32(1) === run ? view.getUint32(5) : -1;
}

const same = (a, b) => typeof a === 'string' || typeof b === 'string' ? a === b
  : a && b && a.length === b.length && a.every((byte, i) => byte === b[i]);
const bytesOf = (data) => typeof data === 'string' ? utf8.encode(data) : data;
const typeOf = (data) => typeof data === 'string' ? 'text' : 'binary';

// Text of a peer in quotes. Characters that are invisible or turn text around are escaped.
const quoted = (text) => JSON.stringify(text).replace(/\p{C}/gu, (c) => Array.from({ length: c.length },
  (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''));

function shown(data) {
  const all = typeof data === 'string' ? quoted(data)
    : Array.from(data.subarray(0, 24), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const cut = typeof data === 'string' ? all.length > 72 : data.length > 24;
  return cut ? `${all.slice(0, 72)}…` : all;
}

/* ---- judging ---- */

// Finds out which message an event answers. A fixed reply does not tell, so there the k-th event
// answers the k-th message.
class Ledger {
  constructor(sends, find) {
    this.sends = sends;
    this.find = find;
    this.sentAt = new Float64Array(sends.length);
    this.sent = 0;
    this.received = this.matched = this.duplicated = this.damaged = this.wrongType = 0;
    this.answered = new Uint8Array(sends.length);
    this.order = [];
    this.rtt = new Float64Array(sends.length).fill(NaN);
    this.findings = [];
    this.events = [];
  }

  take(data, now) {
    this.received++;
    const [what, index] = this.judge(data);
    this[what]++;
    if (what === 'matched' || what === 'wrongType') this.answered[index] = 1;
    if (what === 'matched') {
      this.order.push(index);
      this.rtt[index] = now - this.sentAt[index];
    } else if (this.findings.length < SHOWN) {
      const words = { duplicated: 'came once more', wrongType: `came as ${typeOf(data)}`, damaged: 'is no whole message' }[what];
      this.findings.push(`event ${this.received}${index < 0 ? '' : `, message ${index + 1},`} ${words}: ${bytesOf(data).length} bytes, ${shown(data)}`);
    }
    if (this.events.length < 50) this.events.push([data, what]);
  }

  judge(data) {
    if (!isEcho) return this.received <= this.sent ? ['matched', this.received - 1] : ['duplicated', -1];
    let index = this.find(data, this.answered);
    if (same(data, this.sends[index])) return [this.answered[index] ? 'duplicated' : 'matched', index];
    if (typeof data !== 'string') {
      const text = new TextDecoder().decode(data);
      index = this.find(text, this.answered);
      if (same(text, this.sends[index])) return [this.answered[index] ? 'duplicated' : 'wrongType', index];
    }
    return ['damaged', -1];
  }

  get complete() { return this.matched + this.wrongType >= this.sent; }
  get missing() { return this.sent - this.matched - this.wrongType; }

  // How few messages must be taken out to leave the others in order.
  get outOfOrder() {
    const tails = [];
    for (const index of this.order) {
      let low = 0, high = tails.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (tails[middle] < index) low = middle + 1; else high = middle;
      }
      tails[low] = index;
    }
    return this.order.length - tails.length;
  }
}

/* ---- a run: one WebSocket, one burst ---- */

// Resolves to how it ended. Nothing of it is shared with another run.
function run(ledger, patience) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let last = performance.now(), timer = 0, over = null;
    const end = (how) => { clearTimeout(timer); resolve({ opened: true, ...how }); };

    const finish = () => {
      over = { died: false };
      socket.close(1000, 'done');
      timer = setTimeout(() => end({ ...over, silent: true }), CLOSE_MS);
    };
    const watch = () => {
      const wait = ledger.complete ? QUIET_MS : patience;
      const left = last + wait - performance.now();
      if (left > 0) timer = setTimeout(watch, left + 1); else finish();
    };
    timer = setTimeout(() => { over = { opened: false, slow: true }; socket.close(); end(over); }, patience);

    socket.onopen = () => {
      if (over) return;
      clearTimeout(timer);
      for (const data of ledger.sends) {
        if (socket.readyState !== WebSocket.OPEN) break;
        ledger.sentAt[ledger.sent] = performance.now();
        socket.send(data);
        ledger.sent++;
      }
      last = performance.now();
      watch();
    };
    socket.onmessage = ({ data }) => {
      const now = performance.now();
      if (over) return;
      last = now;
      ledger.take(typeof data === 'string' ? data : new Uint8Array(data), now);
      if (ledger.received > 2 * ledger.sends.length + 1000) finish(); // it would never be quiet
      else if (ledger.complete) { clearTimeout(timer); watch(); }
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      const opened = over ? over.opened !== false : ledger.sent > 0;
      end({ died: !over, ...over, opened, code, reason, wasClean });
    };
  });
}

/* ---- what is shown ---- */

function verdict(ledger, how) {
  const { sent, received, duplicated, damaged, wrongType, outOfOrder, missing } = ledger;
  if (!how.opened) {
    return how.slow ? `No connection: ${url} did not answer the WebSocket handshake in time.`
      : `No connection: ${url} could not be opened. Does the server still run? Is it full?`;
  }
  const surplus = isEcho ? 'duplicated' : 'more than were sent';
  const faults = [[how.died ? 0 : missing, 'lost'], [duplicated, surplus], [outOfOrder, 'out of order'],
    [damaged, 'damaged'], [wrongType, 'of the wrong type']].filter(([n]) => n > 0).map(([n, word]) => `${number(n)} ${word}`);
  if (how.died) {
    const why = how.code === 1006 ? 'without a Close (or the browser gave it up: see its console)' : `with code ${how.code}${how.reason ? ` (${quoted(how.reason)})` : ''}`;
    return `Fail: the connection ended ${why} after ${number(received)} message events for ${messages(sent)}; `
      + [`${number(missing)} undetermined`, ...faults].join(', ') + '.';
  }
  if (faults.length) return `Fail: ${messages(sent)} sent, ${number(received)} message events: ${faults.join(', ')}.`;
  const pass = `Pass: ${messages(sent)} sent, ${number(received)} message ${received === 1 ? 'event' : 'events'}: `;
  return pass + (isEcho ? 'each once, whole, in order, of its type.'
    : 'one a send. The server answers with a fixed text, so contents, order and types are not judged.');
}

function closing(how) {
  if (!how.opened || how.died) return '';
  if (how.silent) return `The server did not answer the Close within ${CLOSE_MS / 1000} s.`;
  return how.wasClean ? `Closing handshake done, code ${how.code}.` : 'The server ended the connection without a Close.';
}

function show(ledger, how, withEvents) {
  const count = (id, n, judged = true, wrong = false) => {
    $(id).textContent = judged ? number(n) : '–';
    $(id).className = judged && wrong && n > 0 ? 'wrong' : '';
  };
  const died = how.died || !how.opened;
  count('sent', ledger.sent);
  count('received', ledger.received);
  count('matched', ledger.matched);
  count('lost', died ? 0 : ledger.missing, true, true);
  count('undetermined', died ? ledger.missing : 0, true, true);
  count('duplicated', ledger.duplicated, true, true);
  count('out-of-order', ledger.outOfOrder, isEcho, true);
  count('damaged', ledger.damaged, isEcho, true);
  count('wrong-type', ledger.wrongType, isEcho, true);
  $('closing').textContent = closing(how);
  $('findings').replaceChildren(...ledger.findings.map((text) => element('li', text)));

  $('events').hidden = !withEvents;
  $('event-rows').replaceChildren(...(withEvents ? ledger.events : []).map(([data, what], i) => {
    const judged = { matched: isEcho ? 'as sent' : 'one a send', wrongType: 'wrong type' }[what] ?? what;
    const row = element('tr');
    row.append(...[i + 1, typeOf(data), bytesOf(data).length, shown(data), judged].map((text) => element('td', text)));
    row.children[3].className = 'raw';
    return row;
  }));

  const times = ledger.rtt.filter((time) => !Number.isNaN(time)).sort();
  const at = (share) => times.length ? `${times[Math.max(0, Math.ceil(share * times.length) - 1)].toFixed(2)} ms` : '–';
  [['rtt-min', 0], ['rtt-p50', .5], ['rtt-p99', .99], ['rtt-max', 1]].forEach(([id, share]) => { $(id).textContent = at(share); });
  $('resolution').textContent = `${Math.round(resolution() * 1000)} µs`;
  $('result').hidden = false;
  plotted = ledger;
  plot();

  const text = verdict(ledger, how);
  $('verdict').textContent = text;
  $('verdict').dataset.verdict = text.startsWith('Pass') ? 'pass' : 'fail';
  $('verdict').dataset.state = 'done';
}

function element(name, text = '') {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

// The smallest step of the clock that was seen.
function resolution() {
  let least = Infinity;
  for (let i = 0; i < 10; i++) {
    const from = performance.now();
    let to = from;
    while (to === from) to = performance.now();
    least = Math.min(least, to - from);
  }
  return least;
}

/* ---- the plot ---- */

let plotted = null;

// Values from 0 to `most`, at most `count` of them, that are 1, 2 or 5 times a power of ten apart.
function ticks(most, count, whole) {
  const power = 10 ** Math.max(whole ? 0 : -Infinity, Math.floor(Math.log10(most / count)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= count);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function plot() {
  const svg = $('plot');
  const width = svg.clientWidth, height = svg.clientHeight;
  if (!plotted || width === 0) return;
  const left = 52, right = width - 12, top = 24, bottom = height - 40;
  const rtt = plotted.rtt.subarray(0, plotted.sent);
  const longest = rtt.reduce((most, time) => time > most ? time : most, 0.001);
  const inMs = longest >= 1, scale = inMs ? 1 : 1000, most = longest * scale * 1.05;
  const x = (index) => left + (rtt.length < 2 ? .5 : index / (rtt.length - 1)) * (right - left);
  const y = (value) => bottom - value / most * (bottom - top);

  const parts = [];
  const add = (name, attributes, text) => {
    const part = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    if (text !== undefined) part.textContent = text;
    parts.push(part);
  };
  for (const value of ticks(most, 6, false)) {
    add('path', { class: 'grid', d: `M${left} ${y(value)}H${right}` });
    add('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value));
  }
  const numbers = ticks(Math.max(rtt.length, 1), Math.max(2, Math.floor(width / 80)), true).map((n) => Math.max(n, 1));
  for (const n of numbers.filter((n) => n <= rtt.length)) {
    add('path', { class: 'axis', d: `M${x(n - 1)} ${bottom}v5` });
    add('text', { x: Math.min(x(n - 1), right - 6), y: bottom + 18, 'text-anchor': 'middle' }, number(n));
  }
  add('path', { class: 'axis', fill: 'none', d: `M${left} ${top}V${bottom}H${right}` });
  add('text', { x: 4, y: 14 }, `round-trip time, ${inMs ? 'ms' : 'µs'}`);
  add('text', { x: (left + right) / 2, y: height - 4, 'text-anchor': 'middle' }, 'message number');
  let came = '', missing = '';
  rtt.forEach((time, i) => {
    const at = x(i).toFixed(1);
    if (Number.isNaN(time)) missing += `M${at} ${bottom}v-9`; else came += `M${at} ${y(time * scale).toFixed(1)}h0`;
  });
  add('path', { class: rtt.length > 100 ? 'came' : 'came few', d: came });
  add('path', { class: 'missing', d: missing });
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
}

/* ---- buttons ---- */

let running = false;

// One run at a time: a second press while one is under way does nothing.
async function start(makeLedger, withEvents) {
  if (running) return;
  running = true;
  $('send-burst').disabled = $('send-five').disabled = true;
  $('verdict').textContent = 'Sending …';
  $('verdict').dataset.state = 'running';
  delete $('verdict').dataset.verdict;
  try {
    const ledger = makeLedger();
    show(ledger, await run(ledger, Math.min(60, Math.max(1, $('patience').valueAsNumber || 5)) * 1000), withEvents);
  } finally {
    running = false;
    $('send-burst').disabled = $('send-five').disabled = false;
  }
}

$('burst').onsubmit = (event) => {
  event.preventDefault();
  const count = $('count').valueAsNumber, size = $('size').valueAsNumber, kind = $('kind').value;
  start(() => {
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    const isText = (i) => kind === 'text' || kind === 'mixed' && i % 2 === 0;
    const sends = Array.from({ length: count }, (_, i) => (isText(i) ? textMessage : binaryMessage)(id, i, size));
    return new Ledger(sends, (data) => indexIn(data, id));
  }, false);
};

$('five').onsubmit = (event) => {
  event.preventDefault();
  const sends = ['HelloWorld1', 'HelloWorld2', 'HelloWorld3', 'HelloWorld4', new Uint8Array(10)];
  start(() => new Ledger(sends, (data) => sends.findIndex((sent) => same(sent, data))), true);
};

// What a browser must hold: all that is sent, and its echoes.
$('count').oninput = $('size').oninput = () => {
  const tooMuch = $('count').valueAsNumber * $('size').valueAsNumber > MOST_BYTES;
  $('size').setCustomValidity(tooMuch ? `messages times bytes: at most ${number(MOST_BYTES)}` : '');
};

$('url').textContent = url;
$('mode').textContent = isEcho ? 'This server echoes.'
  : 'This server answers every message with a fixed text, so only the number of events is judged: one a send.';
if (!isEcho) $('surplus-name').textContent = 'More than sent';
new ResizeObserver(plot).observe($('plot'));
