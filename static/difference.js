// What differs, word by word: a correction from its answer, and the sides of a pair.
"use strict";

const difference = (() => {
  const MAX_STEPS = 500;
  const PAUSE_MS = 200;
  const words = (text) => text.match(/\s+|[^\s]+/gu) ?? [];

  // Myers' shortest edit script over words: [kind, word] with kind "=", "-" or "+".
  // Texts too far apart are told apart as a whole: a diff of everything says nothing.
  function editsOf(before, after) {
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) {
      start += 1;
    }
    let end = 0;
    while (
      end < before.length - start &&
      end < after.length - start &&
      before[before.length - 1 - end] === after[after.length - 1 - end]
    ) {
      end += 1;
    }
    const same = (list) => list.map((word) => ["=", word]);
    return [
      ...same(before.slice(0, start)),
      ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
      ...same(before.slice(before.length - end)),
    ];
  }

  function middle(a, b) {
    const trace = [];
    let front = new Map([[1, 0]]);
    for (let d = 0; d <= Math.min(a.length + b.length, MAX_STEPS); d += 1) {
      const next = new Map();
      for (let k = -d; k <= d; k += 2) {
        const isDown = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
        let x = isDown ? front.get(k + 1) ?? 0 : front.get(k - 1) + 1;
        while (x < a.length && x - k < b.length && a[x] === b[x - k]) {
          x += 1;
        }
        next.set(k, x);
        if (x >= a.length && x - k >= b.length) {
          return walkBack(a, b, [...trace, front], d);
        }
      }
      trace.push(front);
      front = next;
    }
    return [...a.map((word) => ["-", word]), ...b.map((word) => ["+", word])];
  }

  function walkBack(a, b, trace, steps) {
    const edits = [];
    let [x, y] = [a.length, b.length];
    for (let d = steps; d >= 0; d -= 1) {
      const front = trace[d];
      const k = x - y;
      const isDown = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
      const before = isDown ? k + 1 : k - 1;
      const fromX = front.get(before) ?? 0;
      const fromY = fromX - before;
      while (x > fromX && y > fromY && x > 0 && y > 0) {
        edits.push(["=", a[x - 1]]);
        x -= 1;
        y -= 1;
      }
      if (d > 0) {
        edits.push(isDown ? ["+", b[y - 1]] : ["-", a[x - 1]]);
        [x, y] = [fromX, fromY];
      }
    }
    return edits.reverse();
  }

  // --- a correction -------------------------------------------------------------------------

  const answers = () => [...document.querySelectorAll("[data-item]")];

  function correctedAnswer() {
    const chosen = document.querySelector("[name=correction_of]:checked");
    const all = answers();
    return all.length === 1 ? all[0] : chosen && all[Number(chosen.value)];
  }

  function showCorrection() {
    const box = document.querySelector("[data-difference]");
    const field = document.querySelector("[name=correction_text]");
    const answer = correctedAnswer();
    if (!box || !field) {
      return;
    }
    box.hidden = !field.value.trim() || !answer;
    if (!box.hidden) {
      const edits = editsOf(words(answer.textContent), words(field.value));
      box.querySelector("[data-difference-text]").replaceChildren(...nodesOf(edits));
    }
  }

  function nodesOf(edits) {
    const nodes = [];
    let last = null;
    for (const [kind, word] of edits) {
      if (last?.kind !== kind) {
        const name = { "=": "span", "-": "del", "+": "ins" }[kind];
        last = { kind, node: document.createElement(name) };
        nodes.push(last.node);
      }
      last.node.append(word);
    }
    return nodes;
  }

  function copyAnswer() {
    const field = document.querySelector("[name=correction_text]");
    let answer = correctedAnswer();
    if (!answer) {
      const first = document.querySelector("[name=correction_of]");
      first.checked = true;
      answer = correctedAnswer();
    }
    if (!field.value) {
      field.value = answer.textContent;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    field.focus();
  }

  // --- a pair: painted over the text, which stays as it is -------------------------------------

  function showPair() {
    for (const name of ["only-left", "only-right"]) {
      CSS.highlights?.delete(name);
    }
    const [left, right] = answers();
    if (!CSS.highlights || !right || !document.querySelector("[data-show-difference]:checked")) {
      return;
    }
    const edits = editsOf(words(left.textContent), words(right.textContent));
    paint("only-left", left, edits, "-");
    paint("only-right", right, edits, "+");
  }

  function paint(name, element, edits, wanted) {
    element.normalize();
    const ranges = [];
    let at = 0;
    for (const [kind, word] of edits) {
      if (kind === wanted && word.trim()) {
        ranges.push(rangeOf(element, at, at + word.length));
      }
      if (kind === "=" || kind === wanted) {
        at += word.length;
      }
    }
    CSS.highlights.set(name, new Highlight(...ranges));
  }

  function rangeOf(element, start, end) {
    const range = new Range();
    const node = element.firstChild;
    range.setStart(node, start);
    range.setEnd(node, end);
    return range;
  }

  let waiting = null;
  document.addEventListener("input", (event) => {
    if (event.target.matches("[name=correction_text]")) {
      clearTimeout(waiting);
      waiting = setTimeout(showCorrection, PAUSE_MS);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[name=correction_of]")) {
      showCorrection();
    } else if (event.target.matches("[data-show-difference]")) {
      showPair();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-copy-answer]")) {
      copyAnswer();
    }
  });
  for (const name of ["htmx:afterSettle", "DOMContentLoaded", "consilium:restored"]) {
    document.addEventListener(name, () => {
      showCorrection();
      showPair();
    });
  }
  return { editsOf };
})();
