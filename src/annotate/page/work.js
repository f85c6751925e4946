"use strict";
// What the annotator does: labels, spans, missed statements, speakers, search.

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
