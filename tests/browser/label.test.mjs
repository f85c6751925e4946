// The annotator in a real browser: Debian's Chromium drives the page that the real binary serves.
//
//   cargo build && cd tests/browser && npm ci && node --test
//
// SAYSO names another binary, CHROMIUM another browser, SCREENSHOTS a folder for pictures of the page.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const SAYSO = process.env.SAYSO ?? resolve(fileURLToPath(import.meta.url), "../../../target/debug/sayso");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const N = 60;
let browser;
const children = new Set();

before(async () => {
  assert.ok(existsSync(SAYSO), `help: cargo build makes ${SAYSO}`);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});
after(async () => {
  await browser?.close();
  for (const child of children) child.kill("SIGKILL");
});

const AXES = `
[[axis]]
id = "tone"
question = "What is its tone?"
low = { id = "bad", title = "bad" }
neutral = { id = "plain", title = "plain" }
high = { id = "good", title = "good" }
guideline = "Follow the wording."
[[axis]]
id = "side"
question = "Whose side does it take?"
low = { id = "ours", title = "ours" }
high = { id = "theirs", title = "theirs" }
`;

// Articles of three statements each, with characters of one to four bytes, joined and combined ones, before them.
function folder() {
  const path = mkdtempSync(join(tmpdir(), "sayso-label-"));
  const rows = ["article,outlet,date,start,end,quote,speaker"];
  const lines = [];
  for (let a = 0; a < N / 3; a += 1) {
    let text = `Заголовок ${a} 👩‍🚒\n\n`;
    for (let k = 0; k < 3; k += 1) {
      const quote = `we said ${a * 3 + k} times`;
      const start = Array.from(text).length + 1;
      rows.push(`a${a},${a % 2 ? "Herald" : "Post"},2022-03-01,${start},${start + quote.length},${quote},Speaker ${k}`);
      text += `“${quote}” 👨🏻‍🚒 cafe\u0301 noir, she told us. Nobody asked.\n\n`;
    }
    lines.push(JSON.stringify({ id: `a${a}`, outlet: a % 2 ? "Herald" : "Post", text }));
  }
  writeFileSync(join(path, "statements.csv"), rows.join("\n") + "\n");
  writeFileSync(join(path, "articles.jsonl"), lines.join("\n") + "\n");
  writeFileSync(join(path, "axes.toml"), AXES);
  return path;
}

async function serve(path, ...more) {
  const args = ["label", "articles.jsonl", "--statements", "statements.csv", "--labels", "labels.csv", "--axes", "axes.toml", "--no-open", "--twice", "0", ...more];
  const child = spawn(SAYSO, args, { cwd: path, stdio: ["ignore", "ignore", "pipe"] });
  children.add(child);
  const ended = new Promise((done) => child.on("exit", (code) => { children.delete(child); done(code); }));
  const address = await new Promise((found, failed) => {
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
      const match = said.match(/http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/);
      if (match) found(match[0]);
    });
    child.on("exit", () => failed(new Error(said)));
  });
  return { child, ended, address };
}

async function open(address, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const problems = [];
  const foreign = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(new URL(address).origin)) foreign.push(request.url()); });
  await page.goto(address);
  await page.waitForSelector("#axes button");
  return { page, problems, foreign };
}

// The keys wait for one another in the page; this waits for the last.
const settled = (page) => page.evaluate(() => line);
async function press(page, ...keys) {
  for (const key of keys) { await page.keyboard.press(key); await settled(page); }
}
const quote = (page) => page.locator("#text mark").allTextContents().then((parts) => parts.join(""));

function csv(path) {
  const text = readFileSync(join(path, "labels.csv"), "utf8");
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const row = rows.at(-1);
    if (quoted) {
      if (text[i] === '"' && text[i + 1] === '"') { row[row.length - 1] += '"'; i += 1; }
      else if (text[i] === '"') quoted = false;
      else row[row.length - 1] += text[i];
    } else if (text[i] === '"') quoted = true;
    else if (text[i] === ",") row.push("");
    else if (text[i] === "\n") rows.push([""]);
    else row[row.length - 1] += text[i];
  }
  const [header, ...body] = rows.filter((row) => row.length > 1);
  return body.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
}
const articles = (path) => new Map(readFileSync(join(path, "articles.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l)).map((a) => [a.id, Array.from(a.text)]));

function offsetsHold(path) {
  const texts = articles(path);
  for (const row of csv(path)) {
    assert.equal(texts.get(row.article).slice(Number(row.start), Number(row.end)).join(""), row.quote);
  }
}

test("fifty labels by keyboard, ten undone, a reload, a kill, and the file is what the screen showed", async () => {
  const path = folder();
  let server = await serve(path);
  let { page, problems, foreign } = await open(server.address);
  const expected = new Map();
  const classes = { 1: "bad", 2: "plain", 3: "good" };
  for (let i = 0; i < 50; i += 1) {
    const said = await quote(page);
    const tone = String((i % 3) + 1);
    const side = i % 4 === 0 ? "0" : i % 2 ? "q" : "w";
    assert.equal(await page.locator("#told").isVisible(), false);
    await press(page, tone, side);
    expected.set(said, [classes[tone], side === "0" ? "?" : side === "q" ? "ours" : "theirs"]);
    if (i === 20) { await page.reload(); await page.waitForSelector("#axes button"); await settled(page); }
    if (i === 35) {
      server.child.kill("SIGKILL");
      await server.ended;
      await page.close();
      server = await serve(path);
      ({ page, problems, foreign } = await open(server.address));
      await settled(page);
    }
  }
  assert.match(await page.textContent("#count"), /^50 of 60$/);
  // Two actions a statement: ten statements back.
  const order = [...expected.keys()];
  for (let i = 0; i < 20; i += 1) await press(page, "Backspace");
  for (const said of order.slice(40)) expected.delete(said);
  assert.match(await page.textContent("#count"), /^40 of 60$/);
  assert.equal(await quote(page), order[40]);
  await page.click('header [data-tool="end"]');
  assert.equal(await server.ended, 0);
  const rows = csv(path);
  assert.deepEqual(new Map(rows.map((row) => [row.quote, [row.tone, row.side]])), expected);
  assert.equal(rows.length, 40);
  offsetsHold(path);
  for (const row of rows) assert.ok(Number(row.sample_prob) > 0 && Number(row.sample_prob) <= 1 && row.strategy === "random");
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  rmSync(path, { recursive: true });
});

test("a span grows over an emoji and a combining mark, and a missed statement is added", async () => {
  const path = folder();
  const server = await serve(path);
  const { page, problems } = await open(server.address);
  const before = await quote(page);
  // One character at a time, over the blanks between: ”, the fireman as one, c, a, f, é as one.
  for (let i = 0; i < 2; i += 1) await press(page, "Shift+BracketRight");
  assert.equal(await quote(page), before + "” 👨🏻‍🚒");
  for (let i = 0; i < 4; i += 1) await press(page, "Shift+BracketRight");
  assert.equal(await quote(page), before + "” 👨🏻‍🚒 cafe\u0301");
  await press(page, "Alt+BracketRight");
  const grown = (before + "” 👨🏻‍🚒 cafe\u0301").replace(/^we /, "");
  assert.equal(await quote(page), grown);
  await press(page, "p");
  await page.fill("#name", "Zoë Ann");
  await page.keyboard.press("Enter");
  await settled(page);
  await press(page, "n");
  await page.keyboard.type("a note, \"quoted\"");
  await press(page, "Escape", "Shift+Digit2", "f", "3", "q");
  // A missed one: the words after this statement, one more, and added.
  await press(page, "m");
  await press(page, "BracketRight", "Enter");
  const added = await quote(page);
  assert.ok(added.length > 3);
  await press(page, "1", "w");
  await page.click('header [data-tool="end"]');
  assert.equal(await server.ended, 0);
  offsetsHold(path);
  const rows = csv(path);
  assert.deepEqual(rows.map((row) => [row.quote, row.tone, row.side, row.speaker, row.note, row.confidence, row.flag, row.strategy]), [
    [grown, "good", "ours", "Zoë Ann", 'a note, "quoted"', "2", "yes", "random"],
    [added, "bad", "theirs", "", "", "", "", "added"],
  ]);
  assert.deepEqual(problems, []);
  rmSync(path, { recursive: true });
});

test("text selected with the mouse becomes a statement with offsets in code points", async () => {
  const path = folder();
  const server = await serve(path);
  const { page } = await open(server.address);
  await page.evaluate(() => {
    const nodes = Array.from(document.getElementById("text").childNodes).filter((n) => n.nodeType === 3);
    const node = nodes.find((n) => n.data.includes("noir"));
    const range = document.createRange();
    range.setStart(node, node.data.indexOf("noir"));
    range.setEnd(node, node.data.indexOf("told us") + 7);
    document.getSelection().addRange(range);
  });
  await page.click("#mark");
  await settled(page);
  await page.click('[data-tool="add"]');
  await settled(page);
  assert.equal(await quote(page), "noir, she told us");
  await press(page, "Enter");
  await page.click('header [data-tool="end"]');
  await server.ended;
  offsetsHold(path);
  assert.equal(csv(path)[0].quote, "noir, she told us");
  rmSync(path, { recursive: true });
});

test("differences are settled side by side without names", async () => {
  const path = folder();
  for (const [annotator, keys] of [["a1", ["1", "q"]], ["a2", ["3", "q"]]]) {
    const server = await serve(path, "--annotator", annotator);
    const { page } = await open(server.address);
    assert.match(await page.textContent("#count"), /^0 of 60$/, "nobody sees another's labels");
    for (let i = 0; i < 3; i += 1) await press(page, ...keys);
    await page.click('header [data-tool="end"]');
    await server.ended;
    await page.close();
  }
  const server = await serve(path, "--review");
  const { page } = await open(server.address);
  assert.match(await page.textContent("#count"), /^0 of 3$/);
  const table = await page.textContent("#opinions");
  assert.ok(table.includes("Coder A") && !table.includes("a1") && !table.includes("a2"), table);
  assert.equal(await page.locator("#told").isVisible(), false, "whoever settles does not see the outlet either");
  await shot(page, "review");
  for (let i = 0; i < 3; i += 1) await press(page, "2", "q");
  assert.equal(await page.locator("#over").isVisible(), true);
  await page.click('#over [data-tool="end"]');
  await server.ended;
  const gold = csv(path).filter((row) => row.annotator === "gold");
  assert.deepEqual(gold.map((row) => row.tone), ["plain", "plain", "plain"]);
  rmSync(path, { recursive: true });
});

test("the page says how many labels are missing, and then draws what they teach while work goes on", async () => {
  const path = folder();
  const server = await serve(path);
  const { page, problems } = await open(server.address);
  await page.waitForFunction(() => document.getElementById("taught").textContent.includes("needed"));
  assert.match(await page.textContent("#taught"), /tone: at least 15 more labels needed · side: at least 10 more/);
  await press(page, "i");
  assert.match(await page.textContent("#curves"), /5 more “bad”, 5 more “plain”, 5 more “good”/);
  for (let i = 0; i < 30; i += 1) await press(page, String((i % 3) + 1), i % 2 ? "q" : "w");
  await page.waitForSelector("#curves figure:nth-child(2) svg", { timeout: 60000 });
  assert.equal(await page.locator("#curves svg[role=img][aria-label]").count(), 2);
  const words = await page.locator("#curves figcaption").allTextContents();
  for (const caption of words) assert.match(caption, /^Macro-F1 \d\.\d\d .*with \d+ labels, on articles not learned from\..*most frequent class/);
  assert.match(await page.textContent("#taught"), /tone: macro-F1 \d\.\d\d · side: macro-F1/);
  await press(page, "i");
  assert.equal(await page.locator("#curves").isVisible(), false);
  assert.deepEqual(problems, []);
  await page.click('header [data-tool="end"]');
  await server.ended;
  rmSync(path, { recursive: true });
});

test("what others differ on is served between the random ones, says so, and does not show their labels", async () => {
  const path = folder();
  for (const [annotator, key] of [["a1", "1"], ["a2", "3"]]) {
    const server = await serve(path, "--annotator", annotator);
    const { page } = await open(server.address);
    for (let i = 0; i < 20; i += 1) await press(page, key, "q");
    await page.click('header [data-tool="end"]');
    await server.ended;
    await page.close();
  }
  const server = await serve(path, "--annotator", "a3", "--sample", "3", "--random-share", "0.5");
  const { page, problems } = await open(server.address);
  const reasons = [];
  for (let i = 0; i < 6; i += 1) {
    reasons.push(await page.textContent("#reason"));
    assert.equal(await page.locator('#axes [aria-checked="true"]').count() + await page.locator("#opinions table").count(), 0);
    await press(page, "2", "w");
  }
  const count = (reason) => reasons.filter((r) => r === reason).length;
  assert.deepEqual([count("other annotators differ"), count("drawn at random")], [3, 3], reasons.join());
  await page.click('header [data-tool="end"]');
  await server.ended;
  const own = csv(path).filter((row) => row.annotator === "a3");
  for (const row of own) assert.equal(row.sample_prob === "", row.strategy === "disagreement");
  assert.equal(own.filter((row) => row.strategy === "disagreement").length, 3);
  assert.deepEqual(problems, []);
  rmSync(path, { recursive: true });
});

test("after a search the next statement is the first that waits", async () => {
  const path = folder();
  const server = await serve(path);
  const { page } = await open(server.address);
  const first = await quote(page);
  await press(page, "/");
  await page.fill("#query", first === "we said 41 times" ? "42" : "41");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#finds button");
  await page.locator("#finds button").first().click();
  await settled(page);
  assert.notEqual(await quote(page), first);
  await press(page, "1", "q");
  assert.equal(await quote(page), first);
  await page.click('header [data-tool="end"]');
  await server.ended;
  rmSync(path, { recursive: true });
});

test("every control has a name, is reached by the keyboard and keeps its place at 200 %", async () => {
  const path = folder();
  const server = await serve(path);
  const { page } = await open(server.address, { viewport: { width: 640, height: 450 } });
  const nameless = await page.evaluate(() =>
    Array.from(document.querySelectorAll("button, input, textarea, progress, summary"))
      .filter((c) => !(c.getAttribute("aria-label") || c.textContent.trim() || c.labels?.length || c.title))
      .map((c) => c.outerHTML));
  assert.deepEqual(nameless, []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} pixels stick out`);
  const reached = new Set();
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.dataset.class ?? document.activeElement.dataset.do ?? document.activeElement.id));
  }
  for (const control of ["bad", "good", "theirs", "?", "finish", "skip", "note", "speaker"]) assert.ok(reached.has(control), control);
  await page.locator('[data-axis="tone"][data-class="good"]').focus();
  await page.keyboard.press("Space");
  await settled(page);
  assert.equal(await page.locator('[data-axis="tone"][data-class="good"]').getAttribute("aria-checked"), "true");
  await page.click('header [data-tool="end"]');
  await server.ended;
  rmSync(path, { recursive: true });
});

test("markup in an article, a name or a note stays text", async () => {
  const path = folder();
  const nasty = `<img src=x onerror="window.bad=1"><script>window.bad=1</script>&lt;b&gt;`;
  writeFileSync(join(path, "articles.jsonl"), JSON.stringify({ id: "x", text: `He said ${nasty} and left.` }) + "\n");
  writeFileSync(join(path, "statements.csv"), `article,quote,speaker\nx,"${nasty.replaceAll('"', '""')}","${nasty.replaceAll('"', '""')}"\n`);
  const server = await serve(path);
  const { page, problems, foreign } = await open(server.address);
  assert.equal(await quote(page), nasty);
  await press(page, "n");
  await page.keyboard.type(nasty);
  await press(page, "Escape", "l");
  assert.equal(await page.evaluate(() => window.bad), undefined);
  assert.equal(await page.locator("#text img, #lines img, script:not([src])").count(), 0);
  await page.keyboard.press("Escape");
  assert.deepEqual([problems, foreign], [[], []]);
  await page.click('header [data-tool="end"]');
  await server.ended;
  rmSync(path, { recursive: true });
});

async function shot(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}
