// The key settings: the key that is pressed in a field becomes what the field says.
// Without this script the character or the name of the key is typed.
"use strict";

(() => {
  const NAMED = /^(Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down)|Insert|Delete|Backspace)$/;
  const FUNCTION = /^F([2-489]|10)$/;
  const form = document.querySelector("form[data-keys]");
  const said = form.querySelector("[data-key-said]");
  let before = "";

  const fieldOf = (event) => (event.target.matches("[name^=key-]") ? event.target : null);

  // What the field shall say; null for keys that stay with the form and the browser.
  function nameOf(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) {
      return null;
    }
    if (event.key === " ") {
      return "Space";
    }
    if (event.key.length === 1) {
      return event.key.toLowerCase();
    }
    return NAMED.test(event.key) || FUNCTION.test(event.key) ? event.key : null;
  }

  function put(field, key) {
    field.value = key;
    field.select();
    said.textContent = `${field.labels[0].textContent}: ${key}`;
  }

  form.addEventListener("focusin", (event) => {
    const field = fieldOf(event);
    if (field) {
      before = field.value;
      field.select();
    }
  });

  form.addEventListener("keydown", (event) => {
    const field = fieldOf(event);
    const key = field && (event.key === "Escape" ? before : nameOf(event));
    if (key !== null && field) {
      event.preventDefault();
      put(field, key);
    }
  });

  // A field may have the focus before this script runs.
  if (document.activeElement && form.contains(document.activeElement)) {
    before = document.activeElement.value;
    document.activeElement.select?.();
  }
  form.querySelector("[data-without-script]").hidden = true;
  form.querySelector("[data-with-script]").hidden = false;
})();
