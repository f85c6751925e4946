"use strict";
// One statement at a time. Every change goes to the server first and is shown as the server has it: what the page
// says is saved is on the disk. Text becomes text nodes only, never markup.

const ROWS = [
  ["Digit1", "Digit2", "Digit3", "Digit4", "Digit5"],
  ["KeyQ", "KeyW", "KeyE", "KeyR", "KeyT"],
  ["KeyA", "KeyS", "KeyD"],
  ["KeyZ", "KeyX", "KeyC"],
];

const el = (id) => document.getElementById(id);
const state = { session: null, view: null, progress: null, whole: null, pending: null, axis: 0, started: Date.now(), done: 0, listFrom: 0, asking: 0, taught: "" };
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
  showTeaching();
}

// What the labels teach is asked for beside the work, never in its way: a page that cannot know it still labels.
async function showTeaching() {
  clearTimeout(state.asking);
  let teaching;
  try {
    const reply = await fetch("/api/curve");
    if (!reply.ok) return;
    teaching = await reply.json();
  } catch {
    return;
  }
  const known = JSON.stringify(teaching);
  if (known !== state.taught) {
    state.taught = known;
    el("taught").textContent = Curve.summary(teaching);
    el("curves").replaceChildren(...teaching.axes.map((axis) => Curve.figure(axis, teaching.learning)));
  }
  const soon = teaching.learning || teaching.axes.some((axis) => !axis.missing && !axis.curve);
  clearTimeout(state.asking);
  state.asking = soon ? setTimeout(showTeaching, 1000) : 0;
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
