"use strict";
// The learning curve of each axis: macro-F1 against the number of labels, with what it is worth in words.

const Curve = {
  WIDTH: 300,
  HEIGHT: 150,
  LEFT: 34,
  RIGHT: 12,
  TOP: 10,
  BOTTOM: 30,

  shape(tag, attributes, text) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  },

  // A picture of one curve; the caption says the same in words.
  chart(curve) {
    const { WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, shape } = Curve;
    const most = Math.max(...curve.points.map(([n]) => n), 1);
    const x = (n) => LEFT + (n / most) * (WIDTH - LEFT - RIGHT);
    const y = (f1) => HEIGHT - BOTTOM - f1 * (HEIGHT - TOP - BOTTOM);
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Learning curve of ${curve.axis}` });
    for (const f1 of [0, 0.5, 1]) {
      svg.append(shape("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(f1), y2: y(f1) }));
      svg.append(shape("text", { x: LEFT - 6, y: y(f1) + 4, "text-anchor": "end" }, String(f1)));
    }
    svg.append(shape("line", { class: "baseline", x1: LEFT, x2: WIDTH - RIGHT, y1: y(curve.baseline), y2: y(curve.baseline) }));
    const [last] = curve.points.slice(-1);
    if (curve.interval) svg.append(shape("line", { class: "interval", x1: x(last[0]), x2: x(last[0]), y1: y(curve.interval[0]), y2: y(curve.interval[1]) }));
    svg.append(shape("polyline", { class: "line", points: curve.points.map(([n, f1]) => `${x(n)},${y(f1)}`).join(" ") }));
    for (const [n, f1] of curve.points) {
      const dot = shape("circle", { cx: x(n), cy: y(f1), r: 3.5 });
      dot.append(shape("title", {}, `${f1.toFixed(2)} with ${n} labels`));
      svg.append(dot);
    }
    // Numbers from the right, each with room; the last one says most.
    let room = Infinity;
    for (const [n] of curve.points.slice().reverse()) {
      if (room - x(n) < 22) continue;
      room = x(n);
      svg.append(shape("text", { x: x(n), y: HEIGHT - BOTTOM + 14, "text-anchor": "middle" }, String(n)));
    }
    svg.append(shape("text", { class: "name", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 3, "text-anchor": "middle" }, "labels learned from"));
    return svg;
  },

  // In one line, for when the pictures are folded away.
  summary(teaching) {
    const of = ({ axis, needed, curve }) => {
      const point = curve && curve.points.slice(-1)[0];
      if (point) return `${axis}: macro-F1 ${point[1].toFixed(2)}`;
      return needed ? `${axis}: at least ${needed} more labels needed` : axis;
    };
    return teaching.axes.map(of).join(" · ");
  },

  figure({ axis, labels, missing, curve }, learning) {
    const figure = document.createElement("figure");
    const title = document.createElement("h3");
    title.textContent = axis;
    const caption = document.createElement("figcaption");
    figure.append(title);
    if (curve && curve.points.length) figure.append(Curve.chart(curve));
    if (curve) caption.textContent = curve.worth;
    else if (missing) caption.textContent = `${labels} labels so far. A curve needs five of each class: ${missing}. The sample brings them; do not look for them.`;
    else caption.textContent = learning ? "Learning…" : "Enough labels; the curve comes in a moment.";
    figure.append(caption);
    return figure;
  },
};
