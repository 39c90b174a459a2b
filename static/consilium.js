// What every page needs: the CSRF header for htmx, a word when a request fails,
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

// A refused form: its first wrong field; without one, what is wrong; else the heading.
function whereToLook(swapped) {
  return (
    swapped.querySelector("[data-wrong] :is(input:not([type=hidden]), select, textarea)") ||
    swapped.querySelector("[data-take-focus]") ||
    (swapped.id === "assignment" ? swapped.querySelector("h1") : null)
  );
}

document.addEventListener("htmx:afterSettle", (event) => {
  const target = whereToLook(event.detail.elt);
  if (target) {
    target.focus({ preventScroll: true });
    if (!target.matches("h1")) {
      // After htmx has scrolled to the top.
      requestAnimationFrame(() => target.scrollIntoView({ block: "center" }));
    }
  }
});
