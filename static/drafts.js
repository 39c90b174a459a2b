// Unfinished answers: on the server within two seconds, on this device until they are
// there. What is typed is never lost to a closed tab, a lost connection, an expired
// sign-in or a second window; docs/explanation/drafts.md says what happens when.
"use strict";

const drafts = (() => {
  const PAUSE_MS = 1000;
  const RETRY_MS = 3000;
  const KEPT_MS = 24 * 3600 * 1000;
  const PREFIX = "draft:";
  const NOT_KEPT = new Set([
    "csrfmiddlewaretoken",
    "idempotency_key",
    "lease_no",
    "shown_sha256",
    "page_id",
    "page_seq",
    "draft_version",
    "mode",
    "revises",
  ]);

  // The form on the page and what is known of its draft; null without one.
  let page = null;

  function begin() {
    const form = document.querySelector("form[data-draft-url]");
    if (page?.form === form) {
      return;
    }
    close(page);
    page = form && {
      form,
      uid: form.closest("[data-assignment]").dataset.assignment,
      url: form.dataset.draftUrl,
      version: Number(form.elements.draft_version.value),
      seq: Number(form.elements.page_seq.value),
      changes: 0,
      saved: 0,
      timer: null,
      isSaving: false,
      isClosed: false,
      takesOver: false,
    };
    showClocks();
    if (page) {
      purge();
      restore();
    }
  }

  function close(one) {
    if (one) {
      one.isClosed = true;
      clearTimeout(one.timer);
    }
  }

  // --- on this device, until the server has it ------------------------------------------

  function entriesOf(form) {
    return [...new FormData(form)].filter(([name]) => !NOT_KEPT.has(name));
  }

  function keepHere() {
    const kept = {
      at: Date.now(),
      version: page.version,
      by: page.form.elements.page_id.value,
      fields: entriesOf(page.form),
    };
    try {
      localStorage.setItem(PREFIX + page.uid, JSON.stringify(kept));
    } catch (error) {
      // A full or forbidden store: the server still gets it in a second.
      console.warn("The draft is not kept on this device:", error.message);
    }
  }

  function keptHere(uid) {
    const text = localStorage.getItem(PREFIX + uid);
    return text ? JSON.parse(text) : null;
  }

  const forget = (uid) => localStorage.removeItem(PREFIX + uid);

  function purge() {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && Date.now() - keptHere(key.slice(PREFIX.length)).at > KEPT_MS) {
        localStorage.removeItem(key);
      }
    }
  }

  function forgetAll() {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) {
        localStorage.removeItem(key);
      }
    }
  }

  function restore() {
    const kept = keptHere(page.uid);
    if (!kept) {
      return;
    }
    // The server's draft is of the same page as this one, or says the same.
    const isNewer = kept.by === page.form.dataset.savedBy || kept.version >= page.version;
    if (spelled(kept.fields) === spelled(entriesOf(page.form))) {
      forget(page.uid);
    } else if (!isNewer) {
      page.other = kept;
      say("other_window", "This device holds another draft of this answer.", "");
    } else {
      fill(kept.fields);
      changed();
    }
  }

  const spelled = (fields) =>
    JSON.stringify(fields.filter(([name, value]) => value && name !== "active_seconds"));

  function fill(fields) {
    const values = new Map();
    for (const [name, value] of fields) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
    for (const element of page.form.elements) {
      if (!element.name || NOT_KEPT.has(element.name) || element.type === "submit") {
        continue;
      }
      const given = values.get(element.name) ?? [];
      if (element.type === "radio" || element.type === "checkbox") {
        element.checked = given.includes(element.value);
      } else {
        element.value = given[0] ?? "";
        openAround(element);
      }
    }
    page.form.dispatchEvent(new Event("consilium:restored", { bubbles: true }));
  }

  function openAround(element) {
    const section = element.closest("details");
    if (section && element.type !== "hidden" && element.value) {
      section.open = true;
    }
  }

  // --- on the server -----------------------------------------------------------------------

  function changed() {
    page.changes += 1;
    keepHere();
    if (!page.timer && !page.isSaving) {
      page.timer = setTimeout(save, PAUSE_MS);
    }
  }

  function body(one) {
    one.seq += 1;
    const data = new FormData(one.form);
    data.set("page_seq", one.seq);
    data.set("draft_version", one.version);
    if (one.takesOver) {
      data.set("takes_over", "1");
    }
    return data;
  }

  async function save({ keepalive = false } = {}) {
    const one = page;
    if (!one || one.isClosed || one.isSaving || one.changes === one.saved) {
      return;
    }
    clearTimeout(one.timer);
    one.timer = null;
    one.isSaving = !keepalive;
    const changes = one.changes;
    try {
      const response = await fetch(one.url, {
        method: "POST",
        body: body(one),
        headers: { Accept: "application/json" },
        keepalive,
      });
      const reply = await readReply(response);
      if (!one.isClosed) {
        settle(one, response.status, reply, changes);
      }
    } catch (error) {
      retry(one, "Not saved: no connection.", error);
    } finally {
      one.isSaving = false;
    }
    if (!one.isClosed && !one.timer && one.changes !== one.saved && !one.isStopped) {
      one.timer = setTimeout(save, PAUSE_MS);
    }
  }

  async function readReply(response) {
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    return isJson ? response.json() : {};
  }

  function settle(one, status, reply, changes) {
    if (status === 200) {
      one.version = reply.version;
      one.saved = changes;
      one.takesOver = false;
      one.isStopped = false;
      hush();
      showSaved(reply.saved_at);
      if (one.changes === changes) {
        forget(one.uid);
      }
    } else if (status === 401) {
      stop(one, "signed_out", "You were signed out.", "", reply.sign_in);
    } else if (status === 409 || status === 422 || status === 404) {
      stop(one, reply.why ?? "refused", reply.message ?? "This task is no longer yours.", reply.next_step ?? "");
    } else {
      retry(one, "Not saved: the server does not answer.", new Error(`status ${status}`));
    }
  }

  function retry(one, text, error) {
    console.warn("Draft not saved:", error.message);
    if (!one.isClosed) {
      status(`${text} It is kept on this device.`);
      one.timer = setTimeout(save, RETRY_MS);
    }
  }

  // No sense in trying again until a person has decided.
  function stop(one, why, title, text, link) {
    one.isStopped = true;
    say(why, title, text, link);
  }

  // --- what the rater sees ------------------------------------------------------------------

  function status(text) {
    const line = document.querySelector("[data-saved]");
    if (line) {
      line.textContent = text;
    }
  }

  function clockOf(moment) {
    return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }

  const showSaved = (moment) => status(`Saved ${clockOf(moment)}`);

  function showClocks() {
    for (const time of document.querySelectorAll("time[data-clock]")) {
      time.textContent = clockOf(time.dateTime);
    }
  }

  function say(why, title, text, link) {
    const box = document.querySelector("[data-draft-problem]");
    if (!box) {
      return;
    }
    box.querySelector("[data-draft-title]").textContent = title;
    const line = box.querySelector("[data-draft-text]");
    line.textContent = text || "What you typed stays here and on this device.";
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = "Sign in and go on";
      line.append(" ", anchor);
    }
    box.querySelector("[data-draft-choice]").hidden = why !== "other_window";
    box.hidden = false;
    status("");
  }

  function hush() {
    const box = document.querySelector("[data-draft-problem]");
    if (box) {
      box.hidden = true;
    }
  }

  function keepThis() {
    if (page.other) {
      fill(page.other.fields);
      page.other = null;
    }
    page.takesOver = true;
    page.isStopped = false;
    hush();
    changed();
  }

  function seeOther() {
    forget(page.uid);
    close(page);
    location.reload();
  }

  // --- when ------------------------------------------------------------------------------------

  function onChange(event) {
    if (page && event.target.form === page.form && event.target.name) {
      changed();
    }
  }

  document.addEventListener("input", onChange);
  document.addEventListener("change", onChange);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      save({ keepalive: true });
    }
  });
  window.addEventListener("pagehide", () => save({ keepalive: true }));
  window.addEventListener("online", () => save());
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-draft-keep]")) {
      keepThis();
    } else if (event.target.closest("[data-draft-see]")) {
      seeOther();
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-sign-out]")) {
      // A ward's computer: the next person finds nothing.
      forgetAll();
    }
  });

  // Stored as an answer: there is no draft any more.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig } = event.detail;
    const isSubmit = page && requestConfig.elt === page.form;
    if (isSubmit && xhr.status < 300) {
      close(page);
      forget(page.uid);
    }
  });
  document.addEventListener("htmx:afterSettle", begin);
  document.addEventListener("DOMContentLoaded", begin);
  return { begin };
})();
