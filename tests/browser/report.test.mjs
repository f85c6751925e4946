// The report in a real browser: filters, links, sorting, dark mode, print, hostile input, no request, no message.
//
//   cargo build --example made_up_corpus && cargo build && cd tests/browser && npm ci && node --test
//
// SAYSO names another binary (its example is looked for beside it), CHROMIUM another browser, SCREENSHOTS a folder for
// pictures of the page.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const SAYSO = process.env.SAYSO ?? resolve(fileURLToPath(import.meta.url), "../../../target/debug/sayso");
const MADE_UP = join(dirname(SAYSO), "examples/made_up_corpus");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENSHOTS = process.env.SCREENSHOTS;
const folder = mkdtempSync(join(tmpdir(), "sayso-report-"));
let browser;

before(async () => {
  for (const path of [SAYSO, MADE_UP]) assert.ok(existsSync(path), `help: cargo build and cargo build --example made_up_corpus make ${path}`);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  execFileSync(MADE_UP, [folder, "12", "60", "80"]);
  sayso("report", "scored.csv", "--gold", "labels.csv", "-o", "report.html");
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function sayso(...args) {
  execFileSync(SAYSO, [...args, "-q"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
}

// A page with everything it said, asked for and popped up.
async function open(name, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  const said = [];
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("console", (message) => said.push(`console: ${message.text()}`));
  page.on("dialog", async (dialog) => { said.push(`dialog: ${dialog.message()}`); await dialog.dismiss(); });
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) said.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(folder, name)).href);
  return { page, silent: () => assert.deepEqual(said, [], "no message, dialog or request") };
}

async function shoot(page, name) {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

// The statements that the reader sees.
const shown = (page) => page.evaluate(() => [...document.querySelectorAll("table.evidence tr.s")].filter((r) => r.offsetParent).length);
const soon = (page) => page.waitForTimeout(100);

test("a mark leads to its statements, and the address keeps the filter", async () => {
  const { page, silent } = await open("report.html");
  const all = await shown(page);
  assert.ok(all > 100, `${all} statements are shown`);
  const mark = page.locator("svg.chart a[data-c]").first();
  await mark.dispatchEvent("click");
  const few = await shown(page);
  assert.ok(few > 0 && few < all, `${few} of ${all} after a click`);
  const wrong = await page.evaluate(() => {
    const a = document.querySelector("svg.chart a[data-c]").dataset;
    return [...document.querySelectorAll("table.evidence tr.s")]
      .filter((r) => r.offsetParent)
      .filter((r) => r.parentNode.dataset.o !== a.o || r.dataset.c.split(" ")[+a.a] !== a.c).length;
  });
  assert.equal(wrong, 0, "only statements of that outlet and class");
  assert.match(page.url(), /#filter&o=\d+&a=\d+&c=\d+\.\d+/);

  // The address alone filters, also in another window, and hostile addresses do nothing.
  const other = await browser.newPage();
  await other.goto(page.url());
  assert.equal(await shown(other), few, "a shared address shows the same");
  await other.close();
  await page.evaluate(() => { location.hash = "filter&q=aggressor"; });
  await soon(page);
  const found = await page.evaluate(() => [...document.querySelectorAll("table.evidence tr.s")].filter((r) => r.offsetParent).every((r) => /aggressor/i.test(r.textContent)));
  assert.ok(found && (await shown(page)) > 0, "a search finds its word");
  await page.evaluate(() => { location.hash = "filter&o=%zz&x=1&q=%3Cscript%3Ealert(1)%3C/script%3E"; });
  await soon(page);
  assert.equal(await shown(page), 0);
  await page.locator("form.filters input[type=reset]").click();
  await soon(page);
  assert.equal(await shown(page), all, "cleared");
  silent();
  await page.close();
});

test("the form filters by outlet, axis, class and words", async () => {
  const { page, silent } = await open("report.html");
  const all = await shown(page);
  await page.selectOption("form.filters select[name=o]", "3");
  const outlet = await shown(page);
  await page.selectOption("form.filters select[name=a]", "0");
  await page.selectOption("form.filters select[name=c]", "0.2");
  const narrowed = await shown(page);
  assert.ok(outlet < all && narrowed < outlet && narrowed > 0, `${all} ${outlet} ${narrowed}`);
  assert.match(await page.locator("#shown").textContent(), new RegExp(`^${narrowed} of `));
  await page.selectOption("form.filters select[name=a]", "1");
  assert.equal(await page.inputValue("form.filters select[name=c]"), "", "a class of another axis goes");
  await page.fill("form.filters input[name=q]", "no such words");
  assert.equal(await shown(page), 0);
  silent();
  await page.close();
});

test("what a statement reads like opens beneath it, and no search or sorting reads it", async () => {
  writeFileSync(join(folder, "few.csv"), "quote,alignment\nAn aggressor that unmistakablewords describe.,pro-kyiv\nNo aggressor at all.,neutral\n");
  sayso("report", "scored.csv", "--labels", "few.csv", "-o", "examples.html");
  const { page, silent } = await open("examples.html");
  const all = await shown(page);
  const like = page.locator("table.evidence details", { hasText: "unmistakablewords" }).first();
  assert.equal(await like.locator("summary").textContent(), "reads like these");
  assert.ok(!(await like.locator("li").first().isVisible()), "closed at first");
  await like.locator("summary").click();
  assert.ok(await like.locator("li").first().isVisible());
  await page.fill("form.filters input[name=q]", "unmistakablewords");
  assert.equal(await shown(page), 0, "examples are not searched");
  await page.fill("form.filters input[name=q]", "");
  assert.equal(await shown(page), all);
  const first = () => page.evaluate(() => document.querySelector("table.evidence tr.s").cells[1].firstChild.textContent);
  await page.locator("table.evidence thead button").nth(1).click();
  const up = await first();
  await page.locator("table.evidence thead button").nth(1).click();
  assert.ok(up.toLowerCase() <= (await first()).toLowerCase(), "sorted by the statement's own words");
  await page.emulateMedia({ media: "print" });
  assert.ok(await like.locator("summary").isVisible(), "the line stands in print");
  silent();
  await page.close();
});

test("tables sort both ways, by number where there are numbers", async () => {
  const { page, silent } = await open("report.html");
  const column = () => page.evaluate(() => [...document.querySelectorAll("#coverage tbody tr")].map((r) => +r.cells[1].textContent));
  const press = () => page.locator("#coverage thead button").nth(1).click();
  await press();
  const up = await column();
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  await press();
  assert.deepEqual(await column(), [...up].reverse());
  assert.equal(await page.locator("#coverage thead th").nth(1).getAttribute("aria-sort"), "descending");
  silent();
  await page.close();
});

test("every chart has a name, its numbers, two downloads, readable text and marks for the keyboard", async () => {
  const { page, silent } = await open("report.html");
  const charts = await page.evaluate(() => [...document.querySelectorAll("svg.chart")].map((s) => {
    const figure = s.closest("figure");
    return [s.querySelector("title").textContent, figure.querySelectorAll(".tools button").length, figure.querySelectorAll("table tbody tr").length];
  }));
  assert.ok(charts.length >= 10 && charts.every(([name, buttons, rows]) => name && buttons === 2 && rows > 0), JSON.stringify(charts));
  assert.ok(charts.some(([name]) => name.startsWith("How scores are spread")), "ridges");
  assert.ok(await page.evaluate(() => { const a = document.querySelector("svg.chart a"); a.focus(); return document.activeElement === a; }));
  const small = await page.evaluate(() => [...document.querySelectorAll("svg.chart text")].filter((t) => parseFloat(getComputedStyle(t).fontSize) < 12).length);
  assert.equal(small, 0, "no text below 12");
  const anchors = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')].filter((a) => !document.getElementById(a.getAttribute("href").slice(1))).length);
  assert.equal(anchors, 0, "every link leads somewhere, also without the script");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#axis0 .tools button").first().click()]);
  assert.match(download.suggestedFilename(), /\.svg$/);
  silent();
  await page.close();
});

test("dark mode and print change what they should", async () => {
  const { page, silent } = await open("report.html");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const ids = await page.evaluate(() => [...document.querySelectorAll("main > section")].map((s) => s.id));
  const light = await ground();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const [i, id] of ids.entries()) {
      await page.evaluate((id) => document.getElementById(id).scrollIntoView(), id);
      await shoot(page, `${colorScheme}-${String(i).padStart(2, "0")}-${id}`);
    }
  }
  assert.notEqual(await ground(), light, "dark mode has a dark ground");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".filters")).display), "none");
  assert.equal(await ground(), light, "paper is white, whatever the screen is");
  silent();
  await page.close();
});

test("the page can be read without its script", async () => {
  const { page, silent } = await open("report.html", { javaScriptEnabled: false });
  assert.ok((await page.locator("svg.chart").count()) >= 10 && (await page.locator("table.evidence tr.s").count()) > 100);
  assert.equal(await page.locator("form.filters").isVisible(), false, "a form that does nothing is not shown");
  silent();
  await page.close();
});

const ATTACKS = [
  "<script>alert(N)</script>", '"><script>alert(N)</script>', "'><img src=x onerror=alert(N)>", "<svg/onload=alert(N)>", "</title><script>alert(N)</script>",
  "</svg><script>alert(N)</script>", '</text><foreignObject><iframe src="javascript:alert(N)">', '" onmouseover="alert(N)', "' autofocus onfocus='alert(N)", "javascript:alert(N)",
  "data:text/html,<script>alert(N)</script>", "</style><script>alert(N)</script>", "<!--<script>alert(N)//-->", "]]><script>alert(N)</script>", "&lt;script&gt;alert(N)&lt;/script&gt;",
  "\u2028<script>alert(N)</script>", "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(N)>", '<a href="javascript:alert(N)">x</a>', "</option></select><script>alert(N)</script>", "<details open ontoggle=alert(N)>",
];

// A hundred statements with an attack in every field; their twin has an x for every sign.
function statements(harmless) {
  const lines = [];
  for (let n = 0; n < 100; n += 1) {
    const attack = ATTACKS[n % ATTACKS.length].replaceAll("N", n);
    const text = `${n} ${harmless ? [...attack].map((c) => (/[\p{L}\p{N}]/u.test(c) ? c : "x")).join("") : attack}`;
    const words = Object.fromEntries(["article", "url", "title", "quote", "kind", "speaker", "mention", "cue", "role", "organisation"].map((key) => [key, text]));
    lines.push(JSON.stringify({
      ...words, statement_id: `s${n}`, outlet: n % 3 ? text.slice(0, 60) : "Herald", date: "2024-01-02", start: n, end: n + 9, n_tokens: 3, known_share: 1,
      axes: { sentiment: { class: "positive", score: 0.6, p: { low: 0.1, neutral: 0.2, high: 0.7 }, status: "ok", terms: [{ term: text, value: 0.3 }] } },
    }));
  }
  return `${lines.join("\n")}\n`;
}

test("a hundred attacks in every field open no dialog and make no element", async () => {
  const counts = [];
  for (const harmless of [false, true]) {
    const name = harmless ? "twin" : "hostile";
    writeFileSync(join(folder, `${name}.jsonl`), statements(harmless));
    sayso("report", `${name}.jsonl`, "-o", `${name}.html`);
    const { page, silent } = await open(`${name}.html`);
    await page.mouse.move(600, 300);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
    await soon(page);
    counts.push(await page.evaluate(() => {
      const n = {};
      for (const e of document.querySelectorAll("*")) {
        n[e.tagName] = (n[e.tagName] || 0) + 1;
        for (const a of e.attributes) if (/^on/i.test(a.name) || /^\s*javascript:/i.test(a.value)) n.handlers = (n.handlers || 0) + 1;
      }
      return n;
    }));
    silent();
    await page.close();
  }
  assert.equal(counts[0].handlers, undefined, "no handler");
  assert.deepEqual(counts[0], counts[1], "hostile input makes no element that harmless input does not make");
});
