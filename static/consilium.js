// What every page needs: the CSRF header for htmx, a word when the server is away,
// and focus that follows what was swapped in.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) {
    event.detail.headers["X-CSRFToken"] = token.content;
  }
});

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, () => {
    document.getElementById("offline").hidden = false;
  });
}

document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("offline").hidden = true;
});

document.addEventListener("htmx:afterSettle", (event) => {
  const target =
    event.detail.elt.querySelector("[data-take-focus]") ||
    (event.detail.elt.id === "assignment" ? event.detail.elt.querySelector("h1") : null);
  if (target) {
    target.focus({ preventScroll: !target.hasAttribute("data-take-focus") });
  }
});
