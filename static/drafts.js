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
    if (page && page.form === form) {
      return;
    }
    const before = page;
    leave(before);
    page = form && pageOf(form);
    showClocks();
    if (page) {
      purge();
      goOn(before);
    }
  }

  function pageOf(form) {
    const fields = form.elements;
    return {
      form,
      uid: form.closest("[data-assignment]").dataset.assignment,
      id: fields.page_id.value,
      // The answer that is being changed; empty for the first one.
      basis: fields.revises?.value ?? "",
      url: form.dataset.draftUrl,
      version: Number(fields.draft_version.value),
      seq: Number(fields.page_seq.value),
      changes: 0,
      saved: 0,
      sent: null,
      timer: null,
      isSaving: false,
      isClosed: false,
      isStopped: false,
      isSubmitted: false,
      takesOver: false,
      // The page whose text this one took up from the device.
      continues: "",
      // What this device holds besides: offered, never filled in unasked. `first` is
      // what was offered, once `other` has changed places with what is shown.
      other: null,
      first: null,
    };
  }

  // The same task again is a refused submit: this window goes on where it was.
  function goOn(before) {
    const isSame = before?.uid === page.uid && before.basis === page.basis;
    page.takesOver = Boolean(isSame && !before.isStopped);
    restore(isSame ? before.id : null);
    if (isSame && isDirty(before)) {
      changed();
    }
  }

  const isDirty = (one) => one.changes !== one.saved;

  function leave(one) {
    if (one) {
      const isElsewhere = !one.form.isConnected && one.uid !== shownUid();
      if (isElsewhere && !one.isSubmitted) {
        save({ keepalive: true });
      }
      close(one);
    }
  }

  const shownUid = () => document.querySelector("[data-assignment]")?.dataset.assignment;

  function close(one) {
    one.isClosed = true;
    clearTimeout(one.timer);
  }

  // --- on this device, until the server has it ------------------------------------------

  // Each page keeps its own: two windows never overwrite each other's.
  const keyOf = (kept) => `${PREFIX}${kept.uid}:${kept.by}`;

  function entriesOf(form) {
    return [...new FormData(form)].filter(([name]) => !NOT_KEPT.has(name));
  }

  function shownOn(one) {
    const { uid, basis, version, id: by } = one;
    return { at: Date.now(), uid, basis, version, by, fields: entriesOf(one.form) };
  }

  function keepHere(kept) {
    try {
      localStorage.setItem(keyOf(kept), JSON.stringify(kept));
      return true;
    } catch (error) {
      // A full or forbidden store: the server still gets it in a second.
      console.warn("The draft is not kept on this device:", error.message);
      return false;
    }
  }

  function allKept() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
      return keys.map((key) => JSON.parse(localStorage.getItem(key)));
    } catch (error) {
      console.warn("Drafts on this device cannot be read:", error.message);
      return [];
    }
  }

  function forget(kept) {
    try {
      localStorage.removeItem(keyOf(kept));
    } catch (error) {
      console.warn("The draft on this device cannot be removed:", error.message);
    }
  }

  const forgetOwn = (one) => forget({ uid: one.uid, by: one.id });

  function purge() {
    allKept()
      .filter((kept) => Date.now() - kept.at > KEPT_MS)
      .forEach(forget);
  }

  function restore(ownId) {
    const shown = spelled(entriesOf(page.form));
    const different = [];
    for (const kept of allKept().filter((one) => one.uid === page.uid)) {
      if (spelled(kept.fields) === shown) {
        forget(kept);
      } else {
        different.push(kept);
      }
    }
    different.sort((one, two) => one.at - two.at);
    const newest = different.filter((kept) => isNewer(kept, ownId)).at(-1);
    const others = different.filter((kept) => kept !== newest);
    if (newest) {
      takeUp(newest);
    }
    if (others.length > 0) {
      page.other = others.at(-1);
      say("other_window", "This device holds another draft of this answer.", "Look at both, then keep one.");
    }
  }

  // The server's draft came from the same page as this one, or this one was made after it.
  function isNewer(kept, ownId) {
    const isSamePage = kept.by === page.form.dataset.savedBy || kept.by === ownId;
    return kept.basis === page.basis && (isSamePage || kept.version >= page.version);
  }

  function takeUp(kept) {
    // A save of that page may still be under way, and is older than this.
    page.continues = kept.by;
    fill(kept.fields);
    if (changed()) {
      forget(kept);
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

  // Returns whether this device holds it now.
  function changed() {
    page.changes += 1;
    const isKept = keepHere(shownOn(page));
    if (!page.timer && !page.isSaving) {
      page.timer = setTimeout(save, PAUSE_MS);
    }
    return isKept;
  }

  function body(one) {
    one.seq += 1;
    const data = new FormData(one.form);
    data.set("page_seq", one.seq);
    data.set("draft_version", one.version);
    if (one.continues) {
      data.set("continues", one.continues);
    }
    if (one.takesOver) {
      data.set("takes_over", "1");
    }
    return data;
  }

  // On leaving, also while a save is under way: the server keeps the later number.
  async function save({ keepalive = false } = {}) {
    const one = page;
    if (!one || one.isClosed || (one.isSaving && !keepalive) || !isDirty(one)) {
      return;
    }
    clearTimeout(one.timer);
    one.timer = null;
    one.isSaving = true;
    const { changes, takesOver } = one;
    try {
      const response = await fetch(one.url, {
        method: "POST",
        body: body(one),
        headers: { Accept: "application/json" },
        keepalive,
      });
      const reply = await readReply(response);
      if (!one.isClosed) {
        settle(one, response.status, reply, { changes, takesOver });
      }
    } catch (error) {
      retry(one, "Not saved: no connection.", error);
    } finally {
      one.isSaving = false;
    }
    if (!one.isClosed && !one.timer && isDirty(one) && !one.isStopped) {
      one.timer = setTimeout(save, PAUSE_MS);
    }
  }

  async function readReply(response) {
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    return isJson ? response.json() : {};
  }

  function settle(one, status, reply, { changes, takesOver }) {
    if (status === 200) {
      one.version = Math.max(one.version, reply.version);
      one.saved = Math.max(one.saved, changes);
      one.takesOver = one.takesOver && !takesOver;
      one.isStopped = false;
      if (!one.other) {
        hush();
      }
      showSaved(reply.saved_at);
      if (!isDirty(one)) {
        forgetOwn(one);
      }
    } else if (status === 401) {
      stop(one, "signed_out", "You were signed out.", "", { href: reply.sign_in, text: "Sign in and go on" });
    } else if (status === 403 && !reply.message) {
      const again = { href: location.pathname, text: "Load it again" };
      stop(one, "outdated", "This page was opened in an earlier sign-in.", "", again);
    } else if ([403, 404, 409, 422].includes(status)) {
      stop(one, reply.why ?? "refused", reply.message ?? "This task is no longer yours.", reply.next_step ?? "");
    } else {
      retry(one, "Not saved: the server does not answer.", new Error(`status ${status}`));
    }
  }

  function retry(one, text, error) {
    console.warn("Draft not saved:", error.message);
    if (!one.isClosed) {
      status(`${text} It is kept on this device.`);
      clearTimeout(one.timer);
      one.timer = setTimeout(save, RETRY_MS);
    }
  }

  // No sense in trying again until a person has decided, or goes on typing.
  function stop(one, why, title, text, link) {
    one.isStopped = true;
    keepHere(shownOn(one));
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

  const showSaved = (moment) => status(`Draft saved ${clockOf(moment)}`);

  function showClocks() {
    for (const time of document.querySelectorAll("time[data-clock]")) {
      time.textContent = clockOf(time.dateTime);
    }
  }

  function say(why, title, text, link) {
    status("");
    const box = document.querySelector("[data-draft-problem]");
    const line = box?.querySelector("[data-draft-text]");
    // Said once: a link that is made anew with each key cannot be clicked.
    if (!box || (!box.hidden && box.dataset.said === title)) {
      return;
    }
    box.dataset.said = title;
    box.querySelector("[data-draft-title]").textContent = title;
    line.textContent = text || "What you typed stays here and on this device.";
    if (link?.href) {
      const anchor = document.createElement("a");
      anchor.href = link.href;
      anchor.textContent = link.text;
      line.append(" ", anchor);
    }
    box.querySelector("[data-draft-choice]").hidden = why !== "other_window";
    box.hidden = false;
  }

  function hush() {
    const box = document.querySelector("[data-draft-problem]");
    if (box) {
      box.hidden = true;
    }
  }

  function keepThis() {
    [page.other, page.first].filter(Boolean).forEach(forget);
    page.other = null;
    page.first = null;
    page.takesOver = true;
    page.isStopped = false;
    hush();
    changed();
  }

  // The one on the server is shown by loading the page again, which offers this one; the
  // one on this device changes places with what is shown. Both are there until one is kept.
  function seeOther() {
    if (!page.other) {
      keepHere(shownOn(page));
      close(page);
      location.reload();
      return;
    }
    const shown = shownOn(page);
    const aside = { ...shown, by: `${page.id}-aside` };
    keepHere(aside);
    page.first ??= page.other;
    fill(page.other.fields);
    page.other = aside;
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
      save({ keepalive: true });
      allKept().forEach(forget);
    }
  });

  const isSubmit = (event) => page && event.detail.requestConfig?.elt === page.form;

  document.addEventListener("htmx:beforeSend", (event) => {
    if (isSubmit(event)) {
      page.sent = spelled(entriesOf(page.form));
    }
  });
  // Stored as an answer: there is no draft any more, but for what came after it.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (isSubmit(event) && event.detail.xhr.status < 300) {
      page.isSubmitted = true;
      close(page);
      if (spelled(entriesOf(page.form)) === page.sent) {
        forgetOwn(page);
      }
    }
  });
  for (const name of ["htmx:afterSettle", "htmx:historyRestore", "DOMContentLoaded"]) {
    document.addEventListener(name, begin);
  }
  return { begin };
})();
