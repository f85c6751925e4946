"use strict";
// One statement at a time. Every change goes to the server first and is shown as the server has it: what the page
// says is saved is on the disk. Text becomes text nodes only, never markup.

const ROWS = [
  ["Digit1", "Digit2", "Digit3", "Digit4", "Digit5"],
  ["KeyQ", "KeyW", "KeyE", "KeyR", "KeyT"],
  ["KeyA", "KeyS", "KeyD"],
  ["KeyZ", "KeyX", "KeyC"],
];
const KEYS = [
  ["1 2 3 · q w e · a s d · z x c", "the classes of the first, second, third, fourth axis; again takes it back"],
  ["0", "unclear, on the axis at the bar"],
  ["Enter", "done: axes without a class do not apply, and on to the next"],
  ["Space", "later: it comes again after all others"],
  ["Backspace", "undo, as often as you like"],
  ["-", "no statement at all"],
  ["Shift 1, 2, 3", "hardly, fairly, wholly sure"],
  ["n · f · p", "write a note · flag it · replace the speaker"],
  ["j · k", "next · previous place of the queue"],
  ["[ ]", "end a word earlier, later; with Shift by a character; with Alt the start"],
  ["m", "mark a statement that was not found: the selected text, or the words after this statement"],
  ["v", "use the selected text as this statement"],
  ["o · g", "the whole article · the guidelines"],
  ["l · / · ?", "the queue · search · this help"],
];

const el = (id) => document.getElementById(id);
const state = { session: null, view: null, progress: null, whole: null, pending: null, axis: 0, started: Date.now(), done: 0, listFrom: 0 };
let line = Promise.resolve();

// One thing after the other, in the order of the keys.
function then(work) {
  line = line.then(work).catch((error) => trouble(error.message || String(error)));
  return line;
}

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error("NOT saved: sayso label does not answer. Start it again with the same command; what was saved is safe.");
  }
  const type = reply.headers.get("content-type") || "";
  const value = type.startsWith("application/json") ? await reply.json() : { error: await reply.text() };
  if (!reply.ok) throw new Error((body === undefined ? "" : "NOT saved: ") + (value.error || reply.status));
  return value;
}

function trouble(message) {
  const box = el("trouble");
  box.textContent = message || "";
  box.hidden = !message;
  if (message && message.startsWith("NOT saved")) say("NOT saved", true);
}

function say(text, bad) {
  const status = el("status");
  status.textContent = text;
  status.className = bad ? "bad" : "";
}

function make(tag, text, properties) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith("aria-") || name === "role" || name === "class") node.setAttribute(name, value);
    else if (name.startsWith("data-")) node.dataset[name.slice(5)] = value;
    else node[name] = value;
  }
  return node;
}

function key(code) {
  return code ? make("kbd", code.replace(/^(Digit|Key)/, "").toLowerCase()) : "";
}

// ── What the server says ────────────────────────────────────────────────────────────────────────────────────────

function showProgress(progress) {
  state.progress = progress;
  el("bar").max = Math.max(progress.total, 1);
  el("bar").value = progress.served;
  el("count").textContent = `${progress.served} of ${progress.total}`;
  if (progress.blocked) trouble(`The label file cannot be written; the journal has everything. ${progress.blocked}`);
  const minutes = (Date.now() - state.started) / 60000;
  el("pace").textContent = state.done > 2 && minutes > 0.2 ? `${(state.done / minutes).toFixed(1)} a minute` : "";
  document.querySelector('[data-do="undo"]').disabled = progress.undoable === 0;
}

async function act(action) {
  if (!state.view) return;
  const was = state.view.stage;
  const reply = await ask("/api/act", { place: state.view.place, action });
  trouble("");
  say("Saved");
  showProgress(reply.progress);
  show(reply.shown);
  const ends = (stage) => stage === "done" || stage === "rejected";
  if (!ends(was) && ends(reply.shown.stage)) state.done += 1;
  const moves = action.do === "finish" || action.do === "reject" || action.do === "skip" || (action.do === "label" && !ends(was) && ends(reply.shown.stage));
  if (moves && action.do !== "add") await next();
}

async function next() {
  const after = state.view ? `?after=${state.view.place}` : "";
  const reply = await ask(`/api/next${after}`);
  showProgress(reply.progress);
  if (reply.place === null) return over();
  await go(reply.place);
}

async function go(place) {
  const view = await ask(`/api/place?at=${place}`);
  if (!state.view || state.view.place !== view.place) { state.whole = null; state.pending = null; state.axis = 0; }
  show(view);
}

async function undo() {
  const reply = await ask("/api/undo", {});
  trouble("");
  showProgress(reply.progress);
  state.whole = null;
  state.pending = null;
  if (reply.shown) { show(reply.shown); say("Undone"); } else { say("Nothing more to undo here"); await next(); }
}

function over() {
  state.view = null;
  document.querySelector("main").hidden = true;
  el("over").hidden = false;
  el("over-text").textContent = `${state.progress.served} of ${state.progress.total} places are served. Everything is in the journal; the label file is ${state.session.labels}.`;
  say("All served");
}

// ── What the page shows ─────────────────────────────────────────────────────────────────────────────────────────

function show(view) {
  const changed = !state.view || state.view.place !== view.place;
  state.view = view;
  document.querySelector("main").hidden = false;
  el("over").hidden = true;
  el("speaker").textContent = view.speaker || "speaker unknown";
  el("speaker").append(key("KeyP"));
  el("role").textContent = [view.mention && view.mention !== view.speaker ? `here “${view.mention}”` : "", view.role].filter(Boolean).join(", ");
  el("date").textContent = view.date;
  el("reason").textContent = view.reason;
  el("stage").textContent = { done: "done", skipped: "later", rejected: "no statement" }[view.stage] || "";
  el("stage").hidden = view.stage === "open";
  el("flag").setAttribute("aria-pressed", String(view.flag));
  el("note").value = view.note;
  for (const button of document.querySelectorAll("[data-sure]")) {
    button.setAttribute("aria-checked", String(Number(button.dataset.sure) === view.confidence));
  }
  showText(changed);
  showAxes();
  showOpinions();
  showTold();
  if (changed && document.activeElement && document.activeElement.closest("#choices, #statement") && document.activeElement !== el("note")) document.activeElement.blur();
}

function windowOf(view) {
  if (state.whole !== null) return { from: 0, text: state.whole };
  if (view.context) return { from: view.context.from, text: view.context.text };
  return null;
}

// The article's text, its stretches marked; the text of the element is exactly the text of the window.
function showText(scroll) {
  const view = state.view;
  const box = el("text");
  const shown = windowOf(view);
  box.textContent = "";
  el("whole").hidden = !view.context || state.whole !== null || Array.from(shown.text).length === view.context.length;
  for (const button of document.querySelectorAll("[data-move]")) button.disabled = !view.context;
  el("mark").disabled = !view.context;
  el("marking").hidden = state.pending === null;
  if (!shown) {
    box.append(make("mark", view.quote));
    return;
  }
  const points = Points.of(shown.text);
  const parts = view.parts.length ? view.parts : [[view.start, view.end]];
  const stretches = parts.map(([start, end]) => ({ start: start - shown.from, end: end - shown.from, tag: "mark" }));
  if (state.pending) stretches.push({ start: state.pending.start - shown.from, end: state.pending.end - shown.from, tag: "ins" });
  const edges = new Set([0, points.length]);
  for (const s of stretches) { edges.add(Math.min(Math.max(s.start, 0), points.length)); edges.add(Math.min(Math.max(s.end, 0), points.length)); }
  const sorted = Array.from(edges).sort((a, b) => a - b);
  for (let i = 0; i + 1 < sorted.length; i += 1) {
    const text = points.slice(sorted[i], sorted[i + 1]).join("");
    const inside = stretches.filter((s) => s.start <= sorted[i] && sorted[i + 1] <= s.end).map((s) => s.tag);
    const tag = inside.includes("ins") ? "ins" : inside[0];
    box.append(tag ? make(tag, text) : document.createTextNode(text));
  }
  const target = box.querySelector("ins") || box.querySelector("mark");
  if (target && (scroll || state.pending)) {
    const offset = target.offsetTop - box.offsetTop;
    box.scrollTop = Math.max(0, offset - box.clientHeight / 3);
  }
}

function showAxes() {
  const view = state.view;
  const box = el("axes");
  const open = new Set(Array.from(box.querySelectorAll("details[open]"), (d) => d.dataset.axis));
  const focus = document.activeElement && box.contains(document.activeElement) ? [document.activeElement.dataset.axis, document.activeElement.dataset.class] : null;
  box.textContent = "";
  state.session.axes.forEach((axis, row) => {
    const set = make("fieldset", null, { "data-row": row });
    if (row === state.axis) set.className = "current";
    set.append(make("legend", axis.id));
    if (axis.question) set.append(make("p", axis.question, { class: "question" }));
    const group = make("div", null, { class: "classes", role: "radiogroup", "aria-label": axis.question || axis.id });
    axis.classes.forEach((c, column) => {
      const button = choice(axis, c.id, c.title, view);
      button.append(key((ROWS[row] || [])[column]));
      group.append(button);
    });
    const unclear = choice(axis, "?", "unclear", view);
    unclear.classList.add("unclear");
    if (row === state.axis) unclear.append(key("0"));
    group.append(unclear);
    set.append(group);
    if (axis.guideline) {
      const details = make("details", null, { open: open.has(axis.id), "data-axis": axis.id });
      details.append(make("summary", "Guideline"), make("p", axis.guideline.trim()));
      set.append(details);
    }
    box.append(set);
  });
  if (focus) {
    const again = Array.from(box.querySelectorAll("button")).find((b) => b.dataset.axis === focus[0] && b.dataset.class === focus[1]);
    if (again) again.focus();
  }
}

function choice(axis, id, title, view) {
  const chosen = view.labels[axis.id] === id;
  return make("button", title, { type: "button", role: "radio", "aria-checked": String(chosen), "data-axis": axis.id, "data-class": id });
}

function showOpinions() {
  const box = el("opinions");
  box.textContent = "";
  const opinions = state.view.opinions;
  box.hidden = !opinions;
  if (!opinions) return;
  const table = make("table");
  const head = make("tr");
  head.append(make("th", "axis"));
  opinions.forEach((_, i) => head.append(make("th", `Coder ${String.fromCharCode(65 + i)}`)));
  table.append(head);
  const title = (axis, id) => (id === "?" ? "unclear" : (axis.classes.find((c) => c.id === id) || { title: "does not apply" }).title);
  for (const axis of state.session.axes) {
    const row = make("tr");
    const given = opinions.map((o) => (o.rejected ? "no statement" : title(axis, o.labels[axis.id])));
    if (new Set(given).size > 1) row.className = "differ";
    row.append(make("th", axis.id));
    for (const word of given) row.append(make("td", word));
    table.append(row);
  }
  const extra = make("tr");
  extra.append(make("th", "note"));
  for (const o of opinions) extra.append(make("td", [o.note, o.confidence ? `sure: ${o.confidence} of 3` : ""].filter(Boolean).join(" · ")));
  table.append(extra);
  box.append(table);
}

function showTold() {
  const list = el("told");
  const told = state.view.told;
  list.textContent = "";
  list.hidden = !told || !(told.outlet || told.title || told.url || Object.keys(told.scores).length);
  if (!told) return;
  const add = (name, value) => { if (value) list.append(make("dt", name), make("dd", value)); };
  add("Outlet", told.outlet);
  add("Headline", told.title);
  add("Address", told.url);
  for (const axis of state.session.axes) {
    const p = told.scores[axis.id];
    if (p) add(`Model on ${axis.id}`, axis.classes.map((c, i) => `${c.title} ${Math.round(100 * p[i])} %`).join(" · "));
  }
}

// ── What the annotator does ─────────────────────────────────────────────────────────────────────────────────────

async function label(row, id) {
  const axis = state.session.axes[row];
  if (!axis || !state.view) return;
  const same = state.view.labels[axis.id] === id;
  const place = state.view.place;
  state.axis = row;
  await act({ do: "label", axis: axis.id, class: same ? null : id });
  // On to the first axis that is still open.
  if (state.view && state.view.place === place) {
    const open = state.session.axes.findIndex((a) => !(a.id in state.view.labels));
    if (open >= 0 && !same) state.axis = open;
    showAxes();
  }
}

async function loadWhole() {
  if (state.whole !== null || !state.view || !state.view.context) return;
  state.whole = (await ask(`/api/article?at=${state.view.place}`)).text;
  showText(true);
}

// Moves one end of the marked stretch, or of the statement, by a word or by a character.
async function move(end, unit, forward) {
  if (!state.view || !state.view.context) return;
  await loadWhole();
  const span = state.pending || { start: state.view.start, end: state.view.end };
  const { starts, ends } = unit === "word" ? Points.words(state.whole) : (() => { const b = Points.characters(state.whole); return { starts: b, ends: b }; })();
  // A statement neither begins nor ends with a blank: the step goes over it.
  const points = Points.of(state.whole);
  const inked = (b) => (points[end === "start" ? b : b - 1] || "").trim() !== "";
  const bounds = (end === "start" ? starts : ends).filter(inked);
  const at = span[end];
  const to = forward ? bounds.find((b) => b > at) : bounds.filter((b) => b < at).pop();
  if (to === undefined) return;
  const moved = { ...span, [end]: to };
  if (moved.start >= moved.end) return;
  await respan(moved);
}

async function respan(span) {
  if (state.pending) {
    state.pending = span;
    showText(true);
    say("Marked, not yet added");
  } else {
    await act({ do: "span", start: span.start, end: span.end });
  }
}

function selection() {
  const shown = state.view && windowOf(state.view);
  const selected = shown && state.view.context && Points.selected(el("text"));
  return selected ? { start: selected.start + shown.from, end: selected.end + shown.from } : null;
}

async function mark() {
  if (!state.view || !state.view.context) return;
  const selected = selection();
  await loadWhole();
  if (selected) {
    state.pending = selected;
  } else {
    const { starts, ends } = Points.words(state.whole);
    const from = starts.findIndex((s) => s >= state.view.end);
    if (from < 0) return say("Nothing after this statement; select the text instead", true);
    state.pending = { start: starts[from], end: ends[Math.min(from + 4, ends.length - 1)] };
  }
  showText(true);
  el("marking").hidden = false;
  say("Move its ends with [ ], then Enter");
}

async function add() {
  const span = state.pending;
  if (!span) return;
  state.pending = null;
  const reply = await ask("/api/act", { place: state.view.place, action: { do: "add", start: span.start, end: span.end } });
  showProgress(reply.progress);
  say("Saved: added");
  state.whole = null;
  state.axis = 0;
  show(reply.shown);
}

function unmark() {
  state.pending = null;
  if (state.view) showText(false);
}

async function useSelection() {
  const span = selection() || state.pending;
  if (!span) return say("Select the text first", true);
  state.pending = null;
  document.getSelection().removeAllRanges();
  await act({ do: "span", start: span.start, end: span.end });
}

async function step(by) {
  const last = state.progress.total - 1;
  const place = state.view ? Math.min(Math.max(state.view.place + by, 0), last) : last;
  await go(place);
}

async function saveNote() {
  if (state.view && el("note").value.trim() !== state.view.note) await act({ do: "note", text: el("note").value });
}

async function speaker() {
  const { speakers } = await ask("/api/speakers");
  el("names").replaceChildren(...speakers.map((name) => make("option", null, { value: name })));
  el("name").value = state.view.speaker;
  el("who-says").showModal();
  el("name").select();
}

function entry(row, open) {
  const item = make("li");
  const button = make("button", null, { type: "button" });
  const stage = { done: "done", skipped: "later", rejected: "no statement", open: "to do" }[row.stage];
  button.append(make("span", stage, { class: "tag" }), make("span", row.reason || "", row.reason ? { class: "tag" } : {}), row.quote, row.speaker ? ` — ${row.speaker}` : "");
  button.addEventListener("click", () => then(open));
  item.append(button);
  return item;
}

async function list(from) {
  const page = await ask(`/api/queue?from=${Math.max(from, 0)}`);
  state.listFrom = page.from;
  const rows = page.rows.map((row) => entry(row, async () => { el("list").close(); await go(row.place); }));
  el("lines").start = page.from + 1;
  el("lines").replaceChildren(...rows);
  el("earlier").disabled = page.from === 0;
  el("later").disabled = page.from + page.rows.length >= page.total;
  if (!el("list").open) el("list").showModal();
}

async function search() {
  const { finds, limit } = await ask(`/api/search?q=${encodeURIComponent(el("query").value)}`);
  const rows = finds.map((find) => entry(find, async () => {
    const reply = await ask("/api/go", { item: find.item });
    el("search").close();
    state.whole = null; state.pending = null; state.axis = 0;
    showProgress(reply.progress);
    show(reply.shown);
  }));
  if (!rows.length) rows.push(make("li", "Nothing has all of these words."));
  if (rows.length === limit) rows.push(make("li", "There are more; add a word."));
  el("finds").replaceChildren(...rows);
}

async function end() {
  await saveNote();
  const { farewell } = await ask("/api/end", {});
  document.querySelector("main").hidden = true;
  el("over").hidden = false;
  el("over").querySelector("h1").textContent = "Written";
  el("over-text").textContent = `${farewell}. You can close this page.`;
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  state.view = null;
  say("Ended");
}

const TOOLS = {
  list: () => list(state.view ? Math.floor(state.view.place / 100) * 100 : 0),
  search: () => { el("search").showModal(); el("query").select(); },
  help: () => { el("help").showModal(); el("help").scrollTop = 0; },
  end, speaker, mark, add,
  whole: loadWhole,
  respan: useSelection,
  unmark,
  next: () => step(1),
  previous: () => step(-1),
};

const DOES = {
  finish: () => act({ do: "finish" }),
  skip: () => act({ do: "skip" }),
  reject: () => act({ do: "reject" }),
  flag: () => act({ do: "flag", on: !state.view.flag }),
  undo,
};

function guidelines() {
  const all = Array.from(document.querySelectorAll("#axes details"));
  const open = all.some((d) => !d.open);
  for (const d of all) d.open = open;
}

// What a key means, or nothing. Codes are places on the keyboard, so that every layout has them.
function meaning(event) {
  const { code } = event;
  const bracket = code === "BracketLeft" || event.key === "[" || event.key === "{" ? false
    : code === "BracketRight" || event.key === "]" || event.key === "}" ? true : null;
  if (bracket !== null) return () => move(event.altKey ? "start" : "end", event.shiftKey ? "character" : "word", bracket);
  if (event.altKey) return null;
  if (event.key === "?") return TOOLS.help;
  if (event.key === "/") return TOOLS.search;
  if (event.shiftKey && /^Digit[123]$/.test(code)) {
    const value = Number(code.slice(5));
    return () => act({ do: "confidence", value: state.view.confidence === value ? null : value });
  }
  if (event.shiftKey) return null;
  for (let row = 0; row < ROWS.length; row += 1) {
    const column = ROWS[row].indexOf(code.replace("Numpad", "Digit"));
    const axis = state.session.axes[row];
    if (column >= 0 && axis && axis.classes[column]) return () => label(row, axis.classes[column].id);
  }
  const plain = {
    Digit0: () => label(state.axis, "?"), Numpad0: () => label(state.axis, "?"),
    Enter: () => (state.pending ? add() : DOES.finish()), NumpadEnter: () => (state.pending ? add() : DOES.finish()),
    Space: DOES.skip, Backspace: undo, Minus: DOES.reject, NumpadSubtract: DOES.reject, Escape: unmark,
    KeyF: DOES.flag, KeyN: () => el("note").focus(), KeyP: speaker, KeyJ: TOOLS.next, KeyK: TOOLS.previous,
    KeyM: mark, KeyV: useSelection, KeyO: loadWhole, KeyG: guidelines, KeyL: TOOLS.list,
  };
  return plain[code] || (event.key === "-" ? DOES.reject : null);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const target = event.target;
  if (target === el("note")) {
    if (event.key === "Escape") { target.blur(); event.preventDefault(); }
    return;
  }
  if (target.matches("input, textarea")) return;
  // A focused button keeps its own keys.
  if (target.matches("button, summary") && (event.code === "Space" || event.code === "Enter")) return;
  const work = state.session && meaning(event);
  if (!work) return;
  event.preventDefault();
  then(() => (state.view || work === undo || work === TOOLS.list || work === TOOLS.previous || work === TOOLS.help || work === TOOLS.search ? work() : null));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { tool, do: what, axis, sure, move: how } = button.dataset;
  if (button.hasAttribute("data-close")) return button.closest("dialog").close();
  if (tool) return then(TOOLS[tool]);
  if (what) return then(() => (state.view || what === "undo" ? DOES[what]() : null));
  if (sure) return then(() => act({ do: "confidence", value: state.view.confidence === Number(sure) ? null : Number(sure) }));
  if (how) { const [which, unit, way] = how.split("-"); return then(() => move(which, unit, way === "on")); }
  if (axis && state.view) return then(() => label(state.session.axes.findIndex((a) => a.id === axis), button.dataset.class));
});

el("note").addEventListener("blur", () => then(saveNote));
el("earlier").addEventListener("click", () => then(() => list(state.listFrom - 100)));
el("later").addEventListener("click", () => then(() => list(state.listFrom + 100)));
el("search-form").addEventListener("submit", (event) => { event.preventDefault(); then(search); });
el("speaker-form").addEventListener("submit", (event) => {
  event.preventDefault();
  el("who-says").close();
  then(() => act({ do: "speaker", name: el("name").value }));
});

then(async () => {
  state.session = await ask("/api/session");
  el("who").textContent = state.session.review ? "settling differences" : state.session.annotator;
  document.title = `sayso label · ${state.session.annotator}`;
  el("keys").replaceChildren(...KEYS.map(([keys, what]) => {
    const row = make("tr");
    row.append(make("td", keys), make("td", what));
    return row;
  }));
  showProgress(state.session.progress);
  if (state.session.remarks.length) trouble(state.session.remarks.join(" · "));
  await next();
});
