"use strict";
// Keys and buttons, and how the page begins.

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
  ["i", "what the labels so far teach a model"],
];

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

function teaching() {
  const box = el("teaching");
  box.open = !box.open;
  if (box.open) box.scrollIntoView({ block: "nearest" });
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
    KeyM: mark, KeyV: useSelection, KeyO: loadWhole, KeyG: guidelines, KeyI: teaching, KeyL: TOOLS.list,
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
  then(() => (state.view || work === undo || work === teaching || work === TOOLS.list || work === TOOLS.previous || work === TOOLS.help || work === TOOLS.search ? work() : null));
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
