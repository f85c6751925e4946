"use strict";
// Offsets are Unicode code points everywhere but in the browser, which counts UTF-16 units.

const Points = {
  // The code points of a text, one string each.
  of(text) {
    return Array.from(text);
  },

  // How many code points the first `units` UTF-16 units hold.
  fromUnits(text, units) {
    return Array.from(text.slice(0, units)).length;
  },

  // The boundaries, in code points, of what a reader sees as one character.
  characters(text) {
    const bounds = [0];
    let at = 0;
    const segments = typeof Intl === "object" && Intl.Segmenter
      ? Array.from(new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text), (s) => s.segment)
      : Array.from(text);
    for (const segment of segments) {
      at += Array.from(segment).length;
      bounds.push(at);
    }
    return bounds;
  },

  // The code points where words begin and where they end.
  words(text) {
    const starts = [];
    const ends = [];
    let at = 0;
    for (const part of text.split(/(\s+)/u)) {
      const length = Array.from(part).length;
      if (part.trim()) {
        starts.push(at);
        ends.push(at + length);
      }
      at += length;
    }
    return { starts, ends };
  },

  // The selected stretch of an element's text in code points, or null.
  selected(element) {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.selectNodeContents(element);
    before.setEnd(range.startContainer, range.startOffset);
    const start = Array.from(before.toString()).length;
    const end = start + Array.from(range.toString()).length;
    return end > start ? { start, end } : null;
  },
};
