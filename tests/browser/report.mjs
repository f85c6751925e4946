// The report in a real browser: filters, links, sorting, dark mode, hostile input, no request, no message.
//
//   apt-get install chromium chromium-driver nodejs     (Debian's packages; Node 18 or later)
//   cargo build --release --example made_up_corpus && cargo build --release
//   node tests/browser/report.mjs [FOLDER-FOR-SCREENSHOTS]
//
// Speaks WebDriver to chromedriver itself, so that nothing has to be installed from a registry.

import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const built = join(root, 'target', process.env.SAYSO_PROFILE ?? 'release');
const sayso = process.env.SAYSO ?? join(built, 'sayso');
const folder = mkdtempSync(join(tmpdir(), 'sayso-browser-'));
const shots = process.argv[2] ? resolve(process.argv[2]) : null;
const port = 20000 + (process.pid % 20000);
const driver = spawn('chromedriver', [`--port=${port}`], { stdio: 'ignore' });

async function call(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' },
  });
  const { value } = await answer.json();
  if (value && value.error) throw new Error(`${path}: ${value.error}: ${value.message.split('\n')[0]}`);
  return value;
}

async function ready() {
  for (let i = 0; i < 100; i++) {
    try { if ((await call('GET', '/status')).ready) return; } catch { /* not yet */ }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('chromedriver does not answer');
}

// One browser window; `run` evaluates in the page.
async function browser(use) {
  const { sessionId } = await call('POST', '/session', { capabilities: { alwaysMatch: {
    browserName: 'chrome',
    'goog:chromeOptions': { args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--window-size=1200,900'] },
    'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
    unhandledPromptBehavior: 'ignore',
  } } });
  const at = `/session/${sessionId}`;
  const page = {
    open: (path) => call('POST', `${at}/url`, { url: pathToFileURL(path).href }),
    run: (script, ...args) => call('POST', `${at}/execute/sync`, { script, args }),
    devtools: (cmd, params = {}) => call('POST', `${at}/goog/cdp/execute`, { cmd, params }),
    log: (type) => call('POST', `${at}/se/log`, { type }),
    dialog: () => call('GET', `${at}/alert/text`).then(() => true, () => false),
  };
  try { return await use(page); } finally { await call('DELETE', at); }
}

async function silent(page) {
  assert.equal(await page.dialog(), false, 'no dialog');
  const messages = (await page.log('browser')).map((m) => m.message);
  assert.deepEqual(messages, [], 'no console message');
  const requests = (await page.log('performance'))
    .map((entry) => JSON.parse(entry.message).message)
    .filter((m) => m.method === 'Network.requestWillBeSent')
    .map((m) => m.params.request.url)
    .filter((url) => !url.startsWith('file:') && !url.startsWith('data:') && !url.startsWith('chrome'));
  assert.deepEqual(requests, [], 'no network request');
}

async function shoot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  const { data } = await page.devtools('Page.captureScreenshot', { captureBeyondViewport: false });
  writeFileSync(join(shots, `${name}.png`), Buffer.from(data, 'base64'));
}

const visible = 'return [...document.querySelectorAll("table.evidence tr.s")].filter(r => r.offsetParent).length';

async function worksAsItShould(report) {
  await browser(async (page) => {
    await page.open(report);
    const all = await page.run(visible);
    assert.ok(all > 100, `${all} statements are shown`);

    // A mark leads to its statements, and the address keeps the filter.
    await page.run('document.querySelector("svg.chart a[data-c]").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))');
    const few = await page.run(visible);
    assert.ok(few > 0 && few < all, `${few} of ${all} after a click`);
    const wrong = await page.run(`const a = document.querySelector('svg.chart a[data-c]').dataset;
      return [...document.querySelectorAll('table.evidence tr.s')].filter(r => r.offsetParent)
        .filter(r => r.parentNode.dataset.o !== a.o || r.dataset.c.split(' ')[+a.a] !== a.c).length`);
    assert.equal(wrong, 0, 'only statements of that outlet and class');
    const address = await page.run('return location.href');
    assert.match(address, /#filter&o=\d+&a=\d+&c=\d+\.\d+/);
    await page.run('location.href = arguments[0].replace(/#.*/, "#filter&q=aggressor")', address);
    await new Promise((done) => setTimeout(done, 200));
    const found = await page.run('return [...document.querySelectorAll("table.evidence tr.s")].filter(r => r.offsetParent).every(r => /aggressor/i.test(r.textContent))');
    assert.ok(found && await page.run(visible) > 0, 'a shared address filters');

    // Reset shows all again; sorting turns the order round.
    await page.run('document.querySelector("form.filters input[type=reset]").click()');
    await new Promise((done) => setTimeout(done, 200));
    assert.equal(await page.run(visible), all);
    const column = `return [...document.querySelectorAll('#coverage tbody tr')].map(r => +r.cells[1].textContent)`;
    const press = 'document.querySelectorAll("#coverage thead button")[1].click()';
    await page.run(press);
    const up = await page.run(column);
    assert.deepEqual(up, [...up].sort((a, b) => a - b));
    await page.run(press);
    assert.deepEqual(await page.run(column), [...up].reverse());

    // Every chart has a name and a way to be saved; marks are reachable by keyboard.
    const charts = await page.run('return [...document.querySelectorAll("svg.chart")].map(s => [s.querySelector("title").textContent, s.closest("figure").querySelectorAll(".tools button").length])');
    assert.ok(charts.length >= 10 && charts.every(([name, buttons]) => name && buttons === 2), JSON.stringify(charts));
    assert.ok(await page.run('const a = document.querySelector("svg.chart a"); a.focus(); return document.activeElement === a'));
    const small = await page.run(`return [...document.querySelectorAll('svg.chart text')].filter(t => parseFloat(getComputedStyle(t).fontSize) < 12).length`);
    assert.equal(small, 0, 'no text below 12');
    const anchors = await page.run(`return [...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length`);
    assert.equal(anchors, 0, 'every link leads somewhere, also without the script');

    // Dark mode and print change what they should; the eye judges the rest.
    const ground = 'return getComputedStyle(document.body).backgroundColor';
    await page.run('history.replaceState(null, "", "#"); scrollTo(0, 0)');
    for (const [i, id] of (await page.run('return [...document.querySelectorAll("header, main > section")].map(s => s.id)')).entries()) {
      await page.run('(document.getElementById(arguments[0]) || document.querySelector("header")).scrollIntoView()', id || 'none');
      await shoot(page, `light-${String(i).padStart(2, '0')}-${id || 'top'}`);
    }
    const light = await page.run(ground);
    await page.devtools('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    assert.notEqual(await page.run(ground), light, 'dark mode has a dark ground');
    for (const id of ['findings', 'axis0', 'map', 'statements']) {
      await page.run('document.getElementById(arguments[0])?.scrollIntoView()', id);
      await shoot(page, `dark-${id}`);
    }
    await page.devtools('Emulation.setEmulatedMedia', { media: 'print', features: [] });
    assert.equal(await page.run('return getComputedStyle(document.querySelector(".filters")).display'), 'none');
    await shoot(page, 'print');
    await silent(page);
  });
}

const attacks = [
  '<script>alert(N)</script>', '"><script>alert(N)</script>', "'><img src=x onerror=alert(N)>", '<svg/onload=alert(N)>', '</title><script>alert(N)</script>',
  '</svg><script>alert(N)</script>', '</text><foreignObject><iframe src="javascript:alert(N)">', '" onmouseover="alert(N)', "' autofocus onfocus='alert(N)", 'javascript:alert(N)',
  'data:text/html,<script>alert(N)</script>', '</style><script>alert(N)</script>', '<!--<script>alert(N)//-->', ']]><script>alert(N)</script>', '&lt;script&gt;alert(N)&lt;/script&gt;',
  '\u2028<script>alert(N)</script>', '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(N)>', '<a href="javascript:alert(N)">x</a>', '</option></select><script>alert(N)</script>', '<details open ontoggle=alert(N)>',
];

function statements(harmless) {
  const lines = [];
  for (let n = 0; n < 100; n++) {
    const attack = attacks[n % attacks.length].replaceAll('N', n);
    const text = `${n} ${harmless ? [...attack].map((c) => (/[\p{L}\p{N}]/u.test(c) ? c : 'x')).join('') : attack}`;
    const words = Object.fromEntries(['article', 'url', 'outlet', 'title', 'quote', 'kind', 'speaker', 'mention', 'cue', 'role', 'organisation'].map((key) => [key, text]));
    lines.push(JSON.stringify({
      ...words, statement_id: `s${n}`, outlet: n % 3 ? text.slice(0, 60) : 'Herald', date: '2024-01-02', start: n, end: n + 9, n_tokens: 3, known_share: 1,
      axes: { sentiment: { class: 'positive', score: 0.6, p: { low: 0.1, neutral: 0.2, high: 0.7 }, status: 'ok', terms: [{ term: text, value: 0.3 }] } },
    }));
  }
  return `${lines.join('\n')}\n`;
}

async function hostileInput() {
  const counts = [];
  for (const harmless of [false, true]) {
    const name = harmless ? 'twin' : 'hostile';
    writeFileSync(join(folder, `${name}.jsonl`), statements(harmless));
    execFileSync(sayso, ['report', `${name}.jsonl`, '-o', `${name}.html`, '-q'], { cwd: folder });
    counts.push(await browser(async (page) => {
      await page.open(join(folder, `${name}.html`));
      const elements = await page.run(`const n = {}; for (const e of document.querySelectorAll('*')) {
        n[e.tagName] = (n[e.tagName] || 0) + 1;
        for (const a of e.attributes) if (/^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value)) n.handlers = (n.handlers || 0) + 1;
      } return n`);
      await silent(page);
      return elements;
    }));
  }
  assert.equal(counts[0].handlers, undefined, 'no handler');
  assert.deepEqual(counts[0], counts[1], 'hostile input makes no element that harmless input does not make');
}

try {
  await ready();
  execFileSync(join(built, 'examples', 'made_up_corpus'), [folder, '12', '60', '80']);
  execFileSync(sayso, ['report', 'scored.csv', '--gold', 'labels.csv', '-o', 'report.html', '-q'], { cwd: folder });
  await worksAsItShould(join(folder, 'report.html'));
  await hostileInput();
  console.log('the report works in the browser');
} finally {
  driver.kill();
  rmSync(folder, { recursive: true, force: true });
}
