// The rating page by keyboard: which question is current, what a key answers, when the
// answer is complete, and the time the page was in use. One kind of question does for
// all: a digit chooses the option that carries it, in the question that is current.
// Everything is delegated from the document, so a swapped page needs no set-up of its own.
"use strict";

const rating = (() => {
  const IDLE_MS = 60_000;
  const SECTIONS = { flag: "flag", correction: "correction", comment: "comment" };

  const form = () => document.querySelector("form[data-rating]");
  const isMarking = () => window.consiliumMarks?.isBusy() ?? false;

  // --- keys: the page's defaults, or what the person made of them ----------------------

  const settings = () => document.getElementById("key-bindings");
  const areKeysOn = () => settings()?.dataset.isOn !== "no";

  function actionOf(event) {
    const bindings = JSON.parse(settings()?.dataset.bindings || "{}");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = Object.entries(bindings).find(([, bound]) => bound === key);
    return found ? found[0] : null;
  }

  // --- questions -----------------------------------------------------------------------

  const isAsked = (question) => !question.hidden;
  const questions = () =>
    [...(form()?.querySelectorAll("[data-question]") ?? [])].filter(isAsked);

  function isAnswered(question) {
    const field = question.querySelector("textarea, input[type=text]");
    return (field?.value.trim() || question.querySelector("input:checked")) ? true : false;
  }

  const isOpen = (question) => "required" in question.dataset && !isAnswered(question);

  function current() {
    const all = questions();
    const marked = all.find((one) => one.classList.contains("is-current"));
    return marked || all.find(isOpen) || all[0];
  }

  function mark(question) {
    for (const one of form()?.querySelectorAll("[data-question]") ?? []) {
      one.classList.toggle("is-current", one === question);
    }
  }

  function go(question) {
    if (question) {
      mark(question);
      question.scrollIntoView({ block: "nearest" });
    }
  }

  function step(by) {
    const all = questions();
    const at = all.indexOf(current());
    go(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  }

  // The first question of the next turn, answer or panel.
  function stepGroup(by) {
    const groupOf = (one) => one.closest(".turn, .answer, .panel, .decision");
    const firsts = questions().filter(
      (one, at, all) => at === 0 || groupOf(one) !== groupOf(all[at - 1]),
    );
    const at = firsts.findIndex((one) => groupOf(one) === groupOf(current()));
    go(firsts[Math.min(Math.max(at + by, 0), firsts.length - 1)]);
  }

  // On to what is open after this question, else to what is open before it.
  function advance(from) {
    const all = questions();
    const at = all.indexOf(from);
    go(all.slice(at + 1).find(isOpen) || all.find(isOpen) || from);
  }

  // --- answering -----------------------------------------------------------------------

  function choose(question, input) {
    if (!input) {
      return;
    }
    input.checked = input.type === "checkbox" ? !input.checked : true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    if (input.type === "radio" || input.dataset.missing) {
      advance(question);
    }
  }

  function answerDigit(digit) {
    const question = current();
    const field = question?.querySelector("input[type=text]");
    if (field) {
      // A score is typed, and this is its first digit.
      field.value = digit;
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (question) {
      choose(question, question.querySelector(`[data-digit="${digit}"]`));
    }
  }

  function answerMissing(why) {
    const question = current();
    choose(question, question?.querySelector(`[data-missing="${why}"]`));
  }

  function isComplete() {
    return form().querySelector("[name=outside_practice]").checked || !questions().some(isOpen);
  }

  function submit() {
    const button = form().querySelector("button[type=submit]:not([formaction])");
    if (button && !button.disabled) {
      form().requestSubmit(button);
    }
  }

  function submitOrShowGap() {
    const text = current()?.querySelector("textarea, input[type=text]");
    if (text && isOpen(current())) {
      text.focus();
    } else if (isComplete()) {
      submit();
    } else {
      go(questions().find(isOpen));
    }
  }

  // --- what depends on an answer ----------------------------------------------------------

  function valuesOf(name) {
    const named = form().querySelectorAll(`[name="${CSS.escape(name)}"]:checked`);
    return [...named].map((one) => one.value);
  }

  function showConditional() {
    for (const question of form()?.querySelectorAll("[data-condition]") ?? []) {
      const wanted = question.dataset.values.split(" ");
      const isMet = valuesOf(question.dataset.condition).some((one) => wanted.includes(one));
      question.hidden = !isMet;
      // What is not asked is not sent.
      question.disabled = !isMet;
    }
  }

  // "Does not apply" and "none of these" rule the values out, and a value rules them out.
  function keepConsistent(input) {
    const question = input.closest("[data-question]");
    if (!question || input.type === "radio" || (input.type === "checkbox" && !input.checked)) {
      return;
    }
    const isExclusive = (one) => "missing" in one.dataset || one.dataset.digit === "-";
    for (const other of question.querySelectorAll("input[type=checkbox]:checked")) {
      if (other !== input && (isExclusive(input) || isExclusive(other))) {
        other.checked = false;
      }
    }
    if (input.dataset.missing) {
      for (const text of question.querySelectorAll("textarea, input[type=text]")) {
        text.value = "";
      }
    }
  }

  // --- sections ------------------------------------------------------------------------------

  function open(id) {
    const section = document.getElementById(id);
    if (!section) {
      // A correction that is asked for is no section, but always there.
      form().querySelector(`[name=${id}_text]`)?.focus();
      return;
    }
    section.open = true;
    section.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    section.scrollIntoView({ block: "nearest" });
  }

  function openGuideline(key = current()?.dataset.keyOf) {
    const section = document.getElementById("guideline");
    const part = key && document.getElementById(`guide-${key}`);
    const isShown = section.open && (!part || part.classList.contains("is-current"));
    for (const one of section.querySelectorAll(".guide-part")) {
      one.classList.toggle("is-current", !isShown && one === part);
    }
    section.open = !isShown;
    if (!isShown) {
      (part || section).scrollIntoView({ block: "nearest" });
    }
  }

  function openKeys() {
    document.getElementById("keys").showModal();
  }

  function undo() {
    const url = form().dataset.undoUrl;
    if (url) {
      location.assign(url);
    }
  }

  // --- keys ------------------------------------------------------------------------------------

  const ACTIONS = {
    next: () => step(1),
    previous: () => step(-1),
    next_turn: () => stepGroup(1),
    previous_turn: () => stepGroup(-1),
    not_applicable: () => answerMissing("na"),
    outside: () => answerMissing("outside"),
    mark: () => window.consiliumMarks?.start(),
    omission: () => window.consiliumMarks?.startOmission(),
    guideline: () => openGuideline(),
    question: () => open("question"),
    help: openKeys,
    undo,
  };

  function isTyping(target) {
    return (
      target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])") ||
      target.isContentEditable
    );
  }

  function onKey(event) {
    if (!form() || isMarking() || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
      return;
    }
    if (isTyping(event.target)) {
      leaveField(event);
      return;
    }
    if (areKeysOn()) {
      act(event);
    }
  }

  function leaveField(event) {
    const isOneLine = event.key === "Enter" && event.target.matches("input[type=text]");
    if (event.key !== "Escape" && !isOneLine) {
      return;
    }
    if (isOneLine) {
      event.preventDefault();
      const question = event.target.closest("[data-question]");
      if (question) {
        advance(question);
      }
    }
    event.target.blur();
  }

  // The number row where its digits need Shift (French).
  function digitOf(event) {
    const onRow = event.shiftKey ? null : event.code.match(/^Digit([1-9])$/);
    return /^[1-9-]$/.test(event.key) ? event.key : onRow && onRow[1];
  }

  function act(event) {
    const action = actionOf(event);
    const digit = digitOf(event);
    const isScrolling = event.key.startsWith("Arrow") && questions().length < 2;
    if (action && !isScrolling) {
      (ACTIONS[action] ?? (() => open(SECTIONS[action])))();
    } else if (digit) {
      answerDigit(digit);
    } else if (event.key === "n") {
      answerMissing("na");
    } else if (event.key === "Enter" && !event.target.matches("button, a, summary")) {
      submitOrShowGap();
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- the clock: seconds in view and in use -------------------------------------------

  let lastSign = Date.now();

  function tick() {
    const field = form()?.querySelector("[name=active_seconds]");
    const isInUse = document.visibilityState === "visible" && Date.now() - lastSign < IDLE_MS;
    if (field && isInUse) {
      field.value = Number(field.value || 0) + 1;
    }
    showTime(Number(field?.value || 0));
  }

  function showTime(seconds) {
    const shown = document.querySelector("[data-active-time]");
    if (shown) {
      const rest = String(seconds % 60).padStart(2, "0");
      shown.textContent = `${Math.floor(seconds / 60)}:${rest}`;
    }
  }

  // --- each new page ----------------------------------------------------------------------

  function begin() {
    if (!form()) {
      return;
    }
    const waiting = "[data-open-keys], [data-copy-answer], [data-needs-script], [data-active]";
    for (const one of document.querySelectorAll(waiting)) {
      one.hidden = false;
    }
    showConditional();
    mark(current());
  }

  // The sides of a pair scroll as one, by how far each has come.
  function scrollTogether(event) {
    const isLinked = document.querySelector("[data-link-scrolling]:checked");
    if (!isLinked || !event.target.matches?.("[data-item]")) {
      return;
    }
    const from = event.target;
    const share = from.scrollTop / Math.max(from.scrollHeight - from.clientHeight, 1);
    for (const other of document.querySelectorAll("[data-item]")) {
      const top = Math.round(share * (other.scrollHeight - other.clientHeight));
      if (other !== from && Math.abs(other.scrollTop - top) > 1) {
        other.scrollTop = top;
      }
    }
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => {
    if (!event.target.closest("form[data-rating]")) {
      return;
    }
    keepConsistent(event.target);
    showConditional();
    const name = event.target.name;
    const isNone = name === "none_acceptable" || event.target.value === "neither";
    const section = document.getElementById("correction");
    if (isNone && event.target.checked && section) {
      section.open = true;
    }
    if (event.target.matches("[data-link-scrolling]")) {
      document.querySelector(".answers")?.classList.toggle("is-linked", event.target.checked);
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keys]")) {
      openKeys();
    }
  });
  document.addEventListener("scroll", scrollTogether, { passive: true, capture: true });
  // A closed dialog must not keep the focus, or Enter would press its button.
  document.addEventListener("close", () => document.activeElement?.blur(), true);
  document.addEventListener("focusin", (event) => {
    const question = event.target.closest("[data-question]");
    if (question) {
      mark(question);
    }
  });
  for (const name of ["pointerdown", "pointermove", "keydown", "scroll"]) {
    document.addEventListener(name, () => (lastSign = Date.now()), { passive: true });
  }
  setInterval(tick, 1000);

  // A reply belongs to the task it was asked for; a late one never replaces another.
  document.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.xhr.askedFor = event.detail.target?.dataset?.assignment;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = event.detail.xhr.askedFor;
    const shown = document.getElementById("assignment")?.dataset.assignment;
    if (asked && shown && asked !== shown) {
      event.detail.shouldSwap = false;
    }
  });
  // Another task stands here now: what was said about the one before goes, and the way
  // back to it is shown.
  const shownNow = () => document.getElementById("assignment")?.dataset.assignment;
  let shownBefore = null;
  document.addEventListener("htmx:beforeSwap", () => {
    shownBefore = shownNow();
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (shownBefore && shownNow() && shownNow() !== shownBefore) {
      document.querySelector(".messages")?.remove();
      document.querySelector("[data-submitted]")?.removeAttribute("hidden");
    }
  });
  document.addEventListener("htmx:afterSettle", begin);
  document.addEventListener("consilium:restored", begin);
  document.addEventListener("DOMContentLoaded", begin);
  return { begin };
})();
