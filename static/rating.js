// The rating page by keyboard, the time it was in use, and drafts that survive a reload.
// Everything is delegated from the document, so a swapped page needs no set-up of its own.
"use strict";

const rating = (() => {
  const IDLE_MS = 60_000;
  const SECTIONS = { f: "flag", c: "correction", m: "comment", g: "guideline" };
  const PREFERENCES = {
    0: "neither",
    1: "left_much",
    2: "left_slight",
    3: "tie",
    4: "right_slight",
    5: "right_much",
  };

  const form = () => document.querySelector("form[data-rating]");
  const criteria = () => [...document.querySelectorAll("[data-criterion]")];
  const isAnswered = (criterion) => criterion.querySelector("input:checked") !== null;

  // --- which criterion the number keys go to ---------------------------------------

  function mark(criterion) {
    for (const other of criteria()) {
      other.classList.toggle("is-current", other === criterion);
    }
  }

  function current() {
    const marked = document.querySelector("[data-criterion].is-current");
    return marked || criteria().find((one) => !isAnswered(one)) || criteria()[0];
  }

  function step(by) {
    const all = criteria();
    const at = all.indexOf(current());
    mark(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
    current().scrollIntoView({ block: "nearest" });
  }

  // --- answering ---------------------------------------------------------------------

  function choose(name, value) {
    const input = form().querySelector(`input[name="${name}"][value="${value}"]`);
    if (input) {
      input.checked = true;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  function rate(digit) {
    const criterion = current();
    const name = criterion.querySelector("input[type=radio]").name;
    choose(name, digit === "0" ? "na" : digit);
    const next = criteria().find((one) => !isAnswered(one));
    mark(next || criterion);
    if (next) {
      next.scrollIntoView({ block: "nearest" });
    }
  }

  function isComplete() {
    if (form().querySelector("[name=outside_practice]").checked) {
      return true;
    }
    if (form().dataset.rating === "pair") {
      return form().querySelector("[name=preference]:checked") !== null;
    }
    return criteria().every(isAnswered);
  }

  function submit() {
    const button = form().querySelector("button[type=submit]");
    if (button && !button.disabled) {
      form().requestSubmit(button);
    }
  }

  function open(id) {
    const section = document.getElementById(id);
    section.open = !section.open || id !== "guideline";
    const field = section.querySelector("input, select, textarea");
    if (section.open && field) {
      field.focus();
    }
    section.scrollIntoView({ block: "nearest" });
  }

  function number(digit) {
    if (form().dataset.rating === "pair") {
      choose("preference", PREFERENCES[digit]);
    } else {
      rate(digit);
    }
  }

  // Single keys may be switched off: they clash with speech input (WCAG 2.1.4).
  const areKeysOn = () => localStorage.getItem("single-keys") !== "off";

  function isTyping(target) {
    return (
      target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])") ||
      target.isContentEditable
    );
  }

  function onKey(event) {
    if (!form() || document.querySelector("dialog[open]")) {
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
      if (event.key === "Escape") {
        event.target.blur();
      }
      return;
    }
    if (areKeysOn()) {
      act(event);
    }
  }

  // The number row where its digits need Shift (French), and n for 0.
  function digitOf(event) {
    const onRow = event.shiftKey ? null : event.code.match(/^Digit([0-5])$/);
    const key = event.key === "n" ? "0" : event.key;
    return /^[0-5]$/.test(key) ? key : onRow && onRow[1];
  }

  function act(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const digit = digitOf(event);
    const isPair = form().dataset.rating === "pair";
    if (digit) {
      number(digit);
    } else if (key in SECTIONS) {
      open(SECTIONS[key]);
    } else if (key === "?") {
      openKeys();
    } else if (!isPair && (key === "ArrowDown" || key === "ArrowUp")) {
      step(key === "ArrowDown" ? 1 : -1);
    } else if (key === "Enter" && !event.target.matches("button, a, summary")) {
      if (isComplete()) {
        submit();
      } else {
        const open = criteria().find((one) => !isAnswered(one));
        if (open) {
          mark(open);
          open.scrollIntoView({ block: "nearest" });
        }
      }
    } else {
      return;
    }
    event.preventDefault();
  }

  function openKeys() {
    document.querySelector("[data-keys-switch]").checked = areKeysOn();
    document.getElementById("keys").showModal();
  }

  // --- the clock: seconds in view and in use -------------------------------------------

  let lastSign = Date.now();

  function tick() {
    const field = form()?.querySelector("[name=active_seconds]");
    const isInUse = document.visibilityState === "visible" && Date.now() - lastSign < IDLE_MS;
    if (field && isInUse) {
      field.value = Number(field.value || 0) + 1;
    }
  }

  // --- drafts ---------------------------------------------------------------------------

  function draftKey(field) {
    const task = field.closest("[data-assignment]");
    return task ? `draft:${task.dataset.assignment}:${field.name}` : null;
  }

  function keepDraft(event) {
    if (event.target.matches("[data-draft]")) {
      const key = draftKey(event.target);
      if (key) {
        sessionStorage.setItem(key, event.target.value);
      }
    }
  }

  function restoreDrafts() {
    for (const field of document.querySelectorAll("[data-draft]")) {
      const kept = sessionStorage.getItem(draftKey(field) ?? "");
      if (kept && !field.value) {
        field.value = kept;
        field.closest("details").open = true;
      }
    }
  }

  function dropDrafts(uid) {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(`draft:${uid}:`)) {
        sessionStorage.removeItem(key);
      }
    }
  }

  // --- each new page ----------------------------------------------------------------------

  function begin() {
    if (!form()) {
      return;
    }
    for (const button of document.querySelectorAll("[data-open-keys], [data-copy-answer]")) {
      button.hidden = false;
    }
    restoreDrafts();
    if (criteria().length) {
      mark(current());
    }
  }

  function copyAnswer() {
    const side = form().querySelector("[name=correction_of]:checked")?.value || "only";
    const answer = document.querySelector(`[data-answer="${side}"]`);
    const field = form().querySelector("[name=correction_text]");
    if (answer && !field.value) {
      field.value = answer.textContent;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    field.focus();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("input", keepDraft);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) {
      localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
    }
    if (event.target.matches("[name=preference][value=neither]:checked")) {
      document.getElementById("correction").open = true;
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keys]")) {
      openKeys();
    } else if (event.target.closest("[data-copy-answer]")) {
      copyAnswer();
    }
  });
  // A closed dialog must not keep the focus, or Enter would press its button.
  document.addEventListener("close", () => document.activeElement?.blur(), true);
  document.addEventListener("focusin", (event) => {
    const criterion = event.target.closest("[data-criterion]");
    if (criterion) {
      mark(criterion);
    }
  });
  for (const name of ["pointerdown", "pointermove", "keydown", "scroll"]) {
    document.addEventListener(name, () => (lastSign = Date.now()), { passive: true });
  }
  setInterval(tick, 1000);

  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status < 300 && event.detail.target.dataset.assignment) {
      dropDrafts(event.detail.target.dataset.assignment);
    }
  });
  document.addEventListener("htmx:afterSettle", begin);
  document.addEventListener("DOMContentLoaded", begin);
  return { begin };
})();
