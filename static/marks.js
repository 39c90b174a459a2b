// Marks in a text: errors as ranges, omissions as points; by mouse, touch or a caret that
// the keyboard drives. The text is never rewritten: marks are painted over it (CSS Custom
// Highlight API) and kept in the hidden field `marks` in code points, with their quote.
// Inside this file offsets are UTF-16 units, as in the DOM; they change at its edge only.
"use strict";

const consiliumMarks = (() => {
  const WINDOW = 240;
  const SETTLED_MS = 400;
  // Pixels: a line of text, and what may stand over the page's lower edge.
  const LINE = 32;
  const BAR = 220;
  const LOWEST = 240;
  const NARROW = "(max-width: 43.75rem)";
  const SEVERITIES = ["minor", "major", "critical"];
  const PAINTS = [...SEVERITIES.map((one) => `mark-${one}`), "mark-point", "mark-caret", "mark-range", "mark-flash"];
  const segmenters = Object.fromEntries(
    ["grapheme", "word", "sentence"].map((granularity) => [
      granularity,
      new Intl.Segmenter(undefined, { granularity }),
    ]),
  );

  // What is marked and what is going on. `caret` and `draft` are null when not in use.
  let field = null;
  let answers = [];
  let marks = [];
  let painted = new Map();
  let caret = null;
  let draft = null;
  let isPlacing = false;
  let lastPointer = "mouse";
  let pressed = null;

  const byId = (id) => document.getElementById(id);
  const isBusy = () => caret !== null || draft !== null;

  // --- texts ------------------------------------------------------------------------------

  function read(element) {
    // Chrome cuts long texts into several nodes; one node makes offsets simple.
    element.normalize();
    const node = element.firstChild ?? element.appendChild(document.createTextNode(""));
    const text = node.data;
    return { element, node, text, starts: startsOf(text), item: Number(element.dataset.item) };
  }

  const isHigh = (text, at) => {
    const unit = text.charCodeAt(at);
    return unit >= 0xd800 && unit <= 0xdbff && at + 1 < text.length;
  };

  // Where each code point begins, in units; null where the two are the same.
  function startsOf(text) {
    if (!/[\ud800-\udbff]/.test(text)) {
      return null;
    }
    const starts = [];
    for (let at = 0; at < text.length; at += isHigh(text, at) ? 2 : 1) {
      starts.push(at);
    }
    return Uint32Array.from([...starts, text.length]);
  }

  const toUnits = ({ starts, text }, points) =>
    starts ? (starts[points] ?? text.length) : Math.min(points, text.length);

  function toPoints({ starts }, units) {
    if (!starts) {
      return units;
    }
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      [low, high] = starts[middle] < units ? [middle + 1, high] : [low, middle];
    }
    return low;
  }

  // A piece of the text around an offset, cut at white space, so that looking for a word
  // costs the same in a note of 20,000 words.
  function pieceAround(text, at, reach = WINDOW) {
    let from = Math.max(0, at - reach);
    let to = Math.min(text.length, at + reach);
    while (from > 0 && !/\s/.test(text[from - 1]) && at - from < 4 * reach) {
      from -= 1;
    }
    while (to < text.length && !/\s/.test(text[to]) && to - at < 4 * reach) {
      to += 1;
    }
    return { from, piece: text.slice(from, to) };
  }

  function segmentAt(text, at, granularity) {
    const reach = granularity === "sentence" ? 8 * WINDOW : WINDOW;
    const { from, piece } = pieceAround(text, at, reach);
    const found = segmenters[granularity].segment(piece).containing(Math.min(at - from, piece.length - 1));
    return found && { start: from + found.index, end: from + found.index + found.segment.length, isWord: found.isWordLike };
  }

  const graphemeAt = (text, at) => segmentAt(text, at, "grapheme") ?? { start: at, end: at };

  function nextGrapheme(text, at) {
    return at >= text.length ? text.length : graphemeAt(text, at).end;
  }

  function previousGrapheme(text, at) {
    return at <= 0 ? 0 : graphemeAt(text, at - 1).start;
  }

  function nextWord(text, at) {
    let to = at >= text.length ? at : segmentAt(text, at, "word").end;
    while (to < text.length && !segmentAt(text, to, "word").isWord) {
      to = segmentAt(text, to, "word").end;
    }
    return to;
  }

  function previousWord(text, at) {
    let to = at;
    do {
      to = to <= 0 ? 0 : segmentAt(text, to - 1, "word").start;
    } while (to > 0 && !segmentAt(text, to, "word").isWord);
    return to;
  }

  // Widen a range to whole words, sentences or at least whole visible characters.
  function snapped(text, start, end, mode) {
    let [from, to] = [start, end];
    while (from < to && /\s/.test(text[from])) {
      from += 1;
    }
    while (to > from && /\s/.test(text[to - 1])) {
      to -= 1;
    }
    if (from >= to) {
      return [from, to];
    }
    const granularity = mode === "character" ? "grapheme" : mode;
    const [first, last] = [segmentAt(text, from, granularity), segmentAt(text, to - 1, granularity)];
    to = last.end;
    while (to > first.start && /\s/.test(text[to - 1])) {
      to -= 1;
    }
    return [first.start, to];
  }

  function rangeOf(answer, start, end) {
    const range = new Range();
    range.setStart(answer.node, start);
    range.setEnd(answer.node, end);
    return range;
  }

  // --- painting -----------------------------------------------------------------------------

  const highlight = (name) => CSS.highlights?.get(name);

  function prepareHighlights() {
    for (const name of CSS.highlights ? PAINTS : []) {
      CSS.highlights.set(name, new Highlight());
    }
    // The place where somebody works is painted over what is marked there.
    for (const name of CSS.highlights ? ["mark-range", "mark-caret", "mark-flash"] : []) {
      CSS.highlights.get(name).priority = 1;
    }
  }

  function paint(mark) {
    const answer = answers.find((one) => one.item === mark.item);
    if (!answer || !CSS.highlights) {
      return;
    }
    const start = toUnits(answer, mark.start);
    const end = mark.end === mark.start ? start : start + mark.quote.length;
    const isPoint = start === end;
    const shown = isPoint ? graphemeAt(answer.text, Math.min(start, answer.text.length - 1)) : { start, end };
    const range = rangeOf(answer, shown.start, shown.end);
    const name = isPoint ? "mark-point" : `mark-${mark.severity}`;
    highlight(name).add(range);
    painted.set(mark.id, { name, range });
  }

  function unpaint(mark) {
    const done = painted.get(mark.id);
    highlight(done?.name)?.delete(done.range);
    painted.delete(mark.id);
  }

  function paintOnly(name, answer, start, end) {
    const layer = highlight(name);
    layer?.clear();
    if (layer && answer && start < end) {
      layer.add(rangeOf(answer, start, end));
    }
  }

  // --- the list of findings --------------------------------------------------------------------

  function save() {
    field.value = JSON.stringify(marks);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function say(text) {
    byId("mark-live").textContent = text;
  }

  const lineWith = (mark) => byId("findings").querySelector(`[data-mark="${CSS.escape(mark.id)}"]`);

  function show() {
    byId("findings").replaceChildren(...marks.map(lineOf));
    renumber();
  }

  // One line, not all 500 of them.
  function showOne(mark) {
    const old = lineWith(mark);
    if (old) {
      old.replaceWith(lineOf(mark));
    } else {
      byId("findings").append(lineOf(mark));
    }
    renumber();
  }

  function renumber() {
    [...byId("findings").children].forEach((line, at) => {
      for (const button of line.querySelectorAll("button")) {
        button.setAttribute("aria-label", `${button.textContent.trim()} finding ${at + 1}`);
      }
    });
    byId("findings-empty").hidden = marks.length > 0;
  }

  function lineOf(mark) {
    const line = byId("finding-template").content.cloneNode(true).firstElementChild;
    const label = labelInput(mark.label);
    const put = (name, text) => (line.querySelector(`[data-${name}]`).textContent = text);
    line.dataset.mark = mark.id;
    put("label", label?.dataset.name ?? mark.label);
    put("severity", mark.severity);
    put("place", placeOf(mark));
    put("quote", shortened(mark.quote));
    line.querySelector("[data-quote]").hidden = !mark.quote;
    put("suggestion", mark.suggestion && shortened(mark.suggestion));
    line.querySelector("[data-severity]").classList.add(mark.severity);
    return line;
  }

  // Which answer, where there are several, and what a point stands for.
  function placeOf(mark) {
    const answer = answers.find((one) => one.item === mark.item);
    const heading = answers.length > 1 && answer.element.closest("section")?.querySelector("h2");
    const isWhole = mark.start === mark.end && toUnits(answer, mark.start) === answer.text.length;
    const missing = isWhole ? "missing from the whole answer" : "missing here";
    return [heading && heading.textContent.trim(), !mark.quote && missing].filter(Boolean).join(", ");
  }

  const shortened = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

  function count() {
    return `${marks.length} finding${marks.length === 1 ? "" : "s"}`;
  }

  function remove(mark) {
    const line = lineWith(mark);
    const hadFocus = line.contains(document.activeElement);
    const next = line.nextElementSibling ?? line.previousElementSibling;
    unpaint(mark);
    marks = marks.filter((one) => one !== mark);
    for (const one of marks) {
      one.relations = one.relations.filter((relation) => relation.to !== mark.id);
    }
    line.remove();
    renumber();
    save();
    say(`Deleted, ${count()}`);
    if (hadFocus) {
      // Never on a button that deletes: the next Enter was meant for the page.
      (next?.querySelector("[data-mark-do=show]") ?? document.querySelector("[data-mark-do=start]")).focus();
    }
  }

  function flash(mark) {
    const answer = answers.find((one) => one.item === mark.item);
    const start = toUnits(answer, mark.start);
    const end = Math.min(Math.max(start + mark.quote.length, nextGrapheme(answer.text, start)), answer.text.length);
    paintOnly("mark-flash", answer, start, end);
    scrollTo(answer, start);
    setTimeout(() => highlight("mark-flash")?.clear(), 1500);
  }

  const boxAt = (answer, at) =>
    rangeOf(answer, at, Math.min(at + 1, answer.text.length)).getBoundingClientRect();

  // Two lines are left free on each side, so that the next line can be pointed at.
  function scrollTo(answer, at) {
    const { element } = answer;
    if (element.scrollHeight > element.clientHeight + 1) {
      const [line, frame] = [boxAt(answer, at), element.getBoundingClientRect()];
      element.scrollTop += Math.max(line.bottom + 2 * LINE - frame.bottom, 0);
      element.scrollTop -= Math.max(frame.top + 2 * LINE - line.top, 0);
    }
    const box = boxAt(answer, at);
    const bottom = window.innerHeight - BAR;
    if (box.top < 80 || box.bottom > bottom) {
      window.scrollBy({ top: box.top - window.innerHeight / 3 });
    }
  }

  // --- the palette -------------------------------------------------------------------------------

  const palette = () => byId("mark-palette");
  const form = () => byId("mark-form");
  const labelInput = (key) => palette().querySelector(`[name=label][value="${CSS.escape(key)}"]`);
  const inPalette = (selector) => [...palette().querySelectorAll(selector)];

  // A range or a point that is being described; `mark` if it is there already.
  function describe(answer, start, end, mark = null) {
    draft = { answer, start, end, mark, focus: document.activeElement, hasLabel: false };
    isPlacing = false;
    byId("mark-hint").hidden = true;
    fillPalette(mark, start === end ? "omission" : "span");
    palette().hidden = false;
    aim(answer, start, end);
    (inPalette("[name=label]:checked")[0] ?? inPalette("label:not([hidden]) [name=label]")[0])?.focus();
  }

  // What the palette speaks of; what is filled in already stays when it is aimed anew.
  function aim(answer, start, end) {
    Object.assign(draft, { answer, start, end });
    const quote = answer.text.slice(start, end);
    byId("mark-palette-quote").textContent = quote ? `“${shortened(quote)}”` : "What is missing here?";
    paintOnly("mark-range", answer, start, end);
    place(answer, start, end);
  }

  function fillPalette(mark, kind) {
    let digit = 0;
    for (const input of inPalette("[name=label]")) {
      const isShown = input.dataset.kind === kind;
      input.closest("label").hidden = !isShown;
      input.dataset.digit = isShown ? (digit += 1) : "";
      input.closest("label").querySelector("kbd").textContent = isShown ? digit : "";
      input.checked = isShown && mark?.label === input.value;
    }
    const labels = inPalette("label:not([hidden]) [name=label]");
    if (labels.length === 1) {
      labels[0].checked = true;
      draft.hasLabel = true;
    }
    for (const input of inPalette("[name=severity]")) {
      input.checked = mark?.severity === input.value;
    }
    for (const input of inPalette("[name=assertions]")) {
      input.checked = mark?.assertions.includes(input.value) ?? false;
    }
    for (const name of ["suggestion", "code_system", "code"]) {
      const input = palette().querySelector(`[name=${name}]`);
      if (input) {
        input.value = mark?.[name] ?? "";
      }
    }
    fillRelations(mark);
    byId("mark-palette-delete").hidden = !mark;
    byId("mark-palette-error").textContent = "";
  }

  function fillRelations(mark) {
    const select = palette().querySelector("[name=relation_to]");
    if (!select) {
      return;
    }
    const options = marks
      .map((one, at) => new Option(`${at + 1}. ${shortened(one.quote || "missing")}`, one.id))
      .filter((option) => option.value !== mark?.id);
    select.replaceChildren(new Option("No other finding", ""), ...options);
    select.value = mark?.relations[0]?.to ?? "";
    palette().querySelector("[name=relation_kind]").value = mark?.relations[0]?.kind ?? "causes";
    select.closest(".field").hidden = options.length === 0;
  }

  function place(answer, start, end) {
    const box = palette();
    box.style.left = box.style.top = box.style.maxHeight = "";
    if (matchMedia(NARROW).matches) {
      return;
    }
    scrollTo(answer, start);
    const to = Math.max(end, Math.min(start + 1, answer.text.length));
    const rects = [...rangeOf(answer, start, to).getClientRects()];
    const at = rects[rects.length - 1] ?? answer.element.getBoundingClientRect();
    // The words in question stay in view; what does not fit beside them scrolls.
    const [above, below] = [at.top - 16, window.innerHeight - at.bottom - 16];
    const isBelow = below >= Math.min(box.offsetHeight, above);
    box.style.maxHeight = `${Math.max(isBelow ? below : above, LOWEST)}px`;
    const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 16);
    const top = isBelow ? at.bottom + 8 : at.top - box.offsetHeight - 8;
    box.style.left = `${Math.max(left, 8)}px`;
    box.style.top = `${Math.max(Math.min(top, window.innerHeight - box.offsetHeight - 8), 8)}px`;
  }

  function store() {
    const data = new FormData(form());
    if (!data.get("label") || !data.get("severity")) {
      byId("mark-palette-error").textContent = "Choose what it is and how severe.";
      return;
    }
    const { answer, start, end } = draft;
    const quote = answer.text.slice(start, end);
    const to = data.get("relation_to");
    const mark = {
      id: draft.mark?.id ?? newId(),
      kind: start === end ? "omission" : "span",
      item: answer.item,
      start: toPoints(answer, start),
      end: toPoints(answer, end),
      quote,
      label: data.get("label"),
      severity: data.get("severity"),
      suggestion: (data.get("suggestion") ?? "").trim(),
      assertions: data.getAll("assertions"),
      code_system: (data.get("code_system") ?? "").trim(),
      code: (data.get("code") ?? "").trim(),
      relations: to ? [{ to, kind: data.get("relation_kind") }] : [],
    };
    if (draft.mark) {
      unpaint(draft.mark);
      marks[marks.indexOf(draft.mark)] = mark;
    } else {
      marks.push(mark);
    }
    paint(mark);
    save();
    showOne(mark);
    closePalette();
    say(`Marked, ${count()}`);
  }

  function newId() {
    let n = marks.length + 1;
    while (marks.some((one) => one.id === `m${n}`)) {
      n += 1;
    }
    return `m${n}`;
  }

  function closePalette() {
    // The button that opened it may have been drawn anew with its line.
    const focus = draft?.focus.isConnected || !draft?.mark
      ? draft?.focus
      : lineWith(draft.mark)?.querySelector("[data-mark-do=edit]");
    draft = null;
    palette().hidden = true;
    highlight("mark-range")?.clear();
    getSelection().removeAllRanges();
    showCaret();
    if (focus?.isConnected && focus !== document.body && !caret) {
      focus.focus({ preventScroll: true });
    } else {
      document.activeElement?.blur();
    }
  }

  function onPaletteKey(event) {
    const isText = event.target.matches("textarea, select, input[type=text]");
    if (event.key === "Escape") {
      closePalette();
    } else if (event.key === "Enter" && (!event.target.matches("textarea, button") || event.ctrlKey)) {
      store();
    } else if (!isText && digitOf(event)) {
      pickDigit(digitOf(event));
    } else {
      return false;
    }
    return true;
  }

  // The number row, too, where its digits need Shift (French).
  function digitOf(event) {
    const onRow = event.shiftKey ? null : event.code?.match(/^Digit([1-9])$/);
    return /^[1-9]$/.test(event.key) ? event.key : onRow?.[1];
  }

  // The first digit says what it is, the next how severe.
  function pickDigit(digit) {
    const name = draft.hasLabel ? "severity" : "label";
    const input = inPalette(`label:not([hidden]) [name=${name}]`).find((one) => one.dataset.digit === digit);
    if (input) {
      input.checked = true;
      input.focus();
      draft.hasLabel = true;
    }
  }

  // --- the caret -----------------------------------------------------------------------------------

  function start() {
    if (!field || isBusy()) {
      return;
    }
    const answer = answers.find((one) => one.element.getBoundingClientRect().bottom > 80) ?? answers[0];
    caret = { answer, anchor: 0, focus: 0, isOmission: false, goalX: null };
    document.activeElement?.blur();
    hint("Move with the arrows, extend with Shift, mark with Enter, leave with Escape.");
    moveTo(0);
  }

  function startOmission() {
    if (!field || draft) {
      return;
    }
    start();
    caret.isOmission = true;
    isPlacing = true;
    hint("Go, or click, to where it is missing and press Enter; o marks no particular place.", true);
  }

  function stopCaret() {
    caret = null;
    isPlacing = false;
    highlight("mark-caret")?.clear();
    highlight("mark-range")?.clear();
    byId("mark-hint").hidden = true;
    say("Marking ended");
  }

  function hint(text, isForOmission = false) {
    byId("mark-hint").hidden = false;
    byId("mark-hint-text").textContent = text;
    byId("mark-anywhere").hidden = !isForOmission;
  }

  function moveTo(at, { isExtending = false, keepsGoal = false } = {}) {
    caret.focus = at;
    caret.anchor = isExtending ? caret.anchor : at;
    caret.goalX = keepsGoal ? caret.goalX : null;
    showCaret();
    const text = caret.answer.text;
    if (at < text.length) {
      const word = segmentAt(text, at, "word");
      say(text.slice(word.start, word.end).trim() || "space");
    }
  }

  function showCaret() {
    if (!caret) {
      return;
    }
    const { answer, anchor, focus } = caret;
    const at = graphemeAt(answer.text, Math.min(focus, answer.text.length - 1));
    paintOnly("mark-caret", answer, at.start, at.end);
    paintOnly("mark-range", answer, Math.min(anchor, focus), Math.max(anchor, focus));
    scrollTo(answer, Math.min(focus, answer.text.length - 1));
  }

  function lineAway(by) {
    const { answer, focus } = caret;
    const at = Math.min(focus, answer.text.length - 1);
    scrollTo(answer, at);
    const box = boxAt(answer, at);
    caret.goalX ??= box.left + 1;
    const y = box.top + box.height / 2 + by * Math.max(box.height, 16) * 1.3;
    const found = positionAt(caret.goalX, y);
    if (found?.node === answer.node) {
      return found.offset;
    }
    return by < 0 ? 0 : answer.text.length;
  }

  function positionAt(x, y) {
    const position = document.caretPositionFromPoint?.(x, y);
    if (position) {
      return { node: position.offsetNode, offset: position.offset };
    }
    const range = document.caretRangeFromPoint?.(x, y);
    return range && { node: range.startContainer, offset: range.startOffset };
  }

  function otherAnswer(by) {
    const at = answers.indexOf(caret.answer);
    caret.answer = answers[(at + by + answers.length) % answers.length];
    moveTo(0);
  }

  const MOVES = {
    ArrowRight: (text, at, isWord) => (isWord ? nextWord(text, at) : nextGrapheme(text, at)),
    ArrowLeft: (text, at, isWord) => (isWord ? previousWord(text, at) : previousGrapheme(text, at)),
    ArrowDown: () => lineAway(1),
    ArrowUp: () => lineAway(-1),
    Home: (text, at) => text.lastIndexOf("\n", at - 1) + 1,
    End: (text, at) => (text.indexOf("\n", at) + 1 || text.length + 1) - 1,
  };

  // Left is onward where a text is read from the right.
  function inReadingOrder(key) {
    const isMirrored = getComputedStyle(caret.answer.element).direction === "rtl";
    const mirror = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };
    return (isMirrored && mirror[key]) || key;
  }

  function onCaretKey(event) {
    const move = MOVES[inReadingOrder(event.key)];
    if (move) {
      const isWord = event.ctrlKey || event.altKey;
      const at = move(caret.answer.text, caret.focus, isWord);
      moveTo(at, { isExtending: event.shiftKey, keepsGoal: event.key === "ArrowUp" || event.key === "ArrowDown" });
    } else if (event.key === "Escape") {
      stopCaret();
    } else if (event.key === "Enter") {
      markAtCaret();
    } else if (event.key === "Tab") {
      otherAnswer(event.shiftKey ? -1 : 1);
    } else if (event.key === "o" && !event.ctrlKey && !event.metaKey) {
      markMissing();
    } else {
      return false;
    }
    return true;
  }

  function markAtCaret() {
    const { answer, anchor, focus } = caret;
    if (caret.isOmission) {
      caret.isOmission = false;
      describe(answer, focus, focus);
    } else if (anchor !== focus) {
      const ends = [Math.min(anchor, focus), Math.max(anchor, focus)];
      const [from, to] = snapped(answer.text, ...ends, "character");
      describe(answer, from, to);
    } else {
      const at = Math.min(focus, answer.text.length - 1);
      describe(answer, ...snapped(answer.text, at, nextGrapheme(answer.text, at), "word"));
    }
  }

  // At the caret; asked for twice, missing from the answer as a whole.
  function markMissing() {
    const { answer, focus, isOmission } = caret;
    caret.isOmission = false;
    const at = isOmission ? answer.text.length : focus;
    describe(answer, at, at);
  }

  // --- mouse and touch -----------------------------------------------------------------------------

  const answerOf = (target) => answers.find((one) => one.element.contains(target));

  // Of the answer in which it began, if it began in one.
  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) {
      return null;
    }
    const range = selection.getRangeAt(0);
    const answer =
      answerOf(selection.anchorNode) ?? answers.find((one) => range.intersectsNode(one.element));
    return answer && { answer, start: offsetIn(answer, range, "start"), end: offsetIn(answer, range, "end") };
  }

  // A selection may run out of the answer; it is cut off at its ends.
  function offsetIn(answer, range, side) {
    const [node, offset] = [range[`${side}Container`], range[`${side}Offset`]];
    if (node === answer.node) {
      return offset;
    }
    const whole = rangeOf(answer, 0, answer.text.length);
    return whole.comparePoint(node, offset) < 0 ? 0 : answer.text.length;
  }

  function modeOf(event) {
    if (event.shiftKey) {
      return "character";
    }
    if (event.altKey) {
      return "sentence";
    }
    return document.querySelector("[name=mark-mode]:checked")?.value ?? "word";
  }

  function describeSelection(mode) {
    const found = selected();
    const [start, end] = found ? snapped(found.answer.text, found.start, found.end, mode) : [0, 0];
    if (start >= end) {
      return;
    }
    if (draft) {
      aim(found.answer, start, end);
    } else {
      describe(found.answer, start, end);
    }
  }

  // A new error can be aimed anew: the third click of three, or a better selection.
  const isFixed = () => draft !== null && (draft.mark !== null || draft.start === draft.end);

  // A drag counts where it began: most end beside the last word.
  function onPointerUp(event) {
    const isInAnswer = pressed ?? answerOf(event.target);
    const isPlain = event.pointerType !== "touch" && event.button === 0 && !event.ctrlKey;
    pressed = null;
    if (field && isInAnswer && isPlain && !isPlacing && !isFixed()) {
      // After the browser has settled its own selection.
      setTimeout(() => describeSelection(modeOf(event)), 0);
    }
  }

  function placePoint(event) {
    const found = positionAt(event.clientX, event.clientY);
    const answer = answers.find((one) => one.node === found?.node);
    if (answer) {
      caret = null;
      highlight("mark-caret")?.clear();
      const at = found.offset >= answer.text.length ? answer.text.length : graphemeAt(answer.text, found.offset).start;
      describe(answer, at, at);
    }
  }

  let settling = null;
  function onSelectionChange() {
    clearTimeout(settling);
    const button = byId("mark-touch");
    if (!field || !button || lastPointer !== "touch") {
      return;
    }
    settling = setTimeout(() => (button.hidden = draft !== null || !selected()), SETTLED_MS);
  }

  // --- each new page ---------------------------------------------------------------------------------

  const fieldHere = () => document.querySelector("form[data-rating] [name=marks]");

  // A swap elsewhere on the page must not end what somebody is marking.
  function beginIfNew() {
    if (fieldHere() !== field) {
      begin();
    }
  }

  function begin() {
    const found = fieldHere();
    caret = null;
    draft = null;
    isPlacing = false;
    field = found;
    prepareHighlights();
    painted = new Map();
    answers = [];
    if (!field) {
      return;
    }
    palette().hidden = byId("mark-hint").hidden = true;
    answers = [...document.querySelectorAll("form[data-rating] [data-item]")].map(read);
    marks = JSON.parse(field.value || "[]").filter(fits);
    marks.forEach(paint);
    for (const one of document.querySelectorAll("[data-marks-tools]")) {
      one.hidden = false;
    }
    show();
  }

  // A mark whose quote is not there any more would be refused; it is left out here.
  function fits(mark) {
    const answer = answers.find((one) => one.item === mark.item);
    const start = answer && toUnits(answer, mark.start);
    return answer && answer.text.slice(start, start + mark.quote.length) === mark.quote;
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (isBusy() && !event.isComposing && !isTypingOutside(event.target)) {
        onBusyKey(event);
      } else if (event.key === "Delete" && !isBusy()) {
        deleteFocused(event);
      }
    },
    true,
  );

  // Whoever writes in another field writes there: no letter may be taken for a key.
  const isTypingOutside = (target) =>
    target.matches?.("textarea, select, input:not([type=radio]):not([type=checkbox])") &&
    !palette().contains(target);

  function deleteFocused(event) {
    const line = event.target.closest?.("[data-mark]");
    const mark = line && marks.find((one) => one.id === line.dataset.mark);
    if (mark) {
      event.preventDefault();
      remove(mark);
    }
  }

  document.addEventListener("focusin", (event) => {
    if (caret && !draft && isTypingOutside(event.target)) {
      stopCaret();
    }
  });

  function onBusyKey(event) {
    const isDone = draft ? onPaletteKey(event) : onCaretKey(event);
    if (isDone) {
      event.preventDefault();
    }
    // Keys of the page wait until marking is over.
    event.stopImmediatePropagation();
  }
  document.addEventListener(
    "pointerdown",
    (event) => {
      lastPointer = event.pointerType;
      pressed = answerOf(event.target) ?? null;
    },
    true,
  );
  document.addEventListener("pointerup", onPointerUp);
  document.addEventListener("selectionchange", onSelectionChange);
  document.addEventListener("click", (event) => {
    // A click, not a press: a finger that scrolls has placed nothing.
    if (field && isPlacing && answerOf(event.target)) {
      placePoint(event);
      return;
    }
    const button = event.target.closest?.("[data-mark-do]");
    if (!button || !field) {
      return;
    }
    const mark = marks.find((one) => one.id === button.closest("[data-mark]")?.dataset.mark);
    ({
      start: () => start(),
      omission: () => startOmission(),
      anywhere: () => describe(caret?.answer ?? answers[0], ...wholeOf(caret?.answer ?? answers[0])),
      cancel: () => (draft ? closePalette() : stopCaret()),
      save: () => store(),
      touch: () => ((byId("mark-touch").hidden = true), describeSelection(modeOf(event))),
      show: () => flash(mark),
      edit: () => edit(mark),
      delete: () => remove(mark),
      drop: () => dropDraft(),
    })[button.dataset.markDo]();
  });

  const wholeOf = (answer) => [answer.text.length, answer.text.length];

  function edit(mark) {
    const answer = answers.find((one) => one.item === mark.item);
    const at = toUnits(answer, mark.start);
    describe(answer, at, at + mark.quote.length, mark);
  }

  function dropDraft() {
    const { mark } = draft;
    closePalette();
    remove(mark);
  }

  document.addEventListener("htmx:afterSettle", beginIfNew);
  document.addEventListener("consilium:restored", begin);
  document.addEventListener("DOMContentLoaded", begin);
  return { start, startOmission, isBusy };
})();
window.consiliumMarks = consiliumMarks;
