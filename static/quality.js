// Blocks ask again every fifteen seconds, but only while they can be seen and nobody is
// in the middle of one: what is open or focused is not swapped away.
"use strict";

const EVERY = 15000;
const inView = new WeakSet();

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      inView.add(target);
    } else {
      inView.delete(target);
    }
  }
});

function watch(root) {
  const blocks = root.matches?.("[data-live]") ? [root] : root.querySelectorAll("[data-live]");
  for (const block of blocks) {
    watcher.observe(block);
  }
}

function isInUse(block) {
  return block.contains(document.activeElement) || block.querySelector("details[open]") !== null;
}

setInterval(() => {
  if (document.visibilityState !== "visible") {
    return;
  }
  for (const block of document.querySelectorAll("[data-live]")) {
    if (inView.has(block) && !isInUse(block)) {
      htmx.trigger(block, "look");
    }
  }
}, EVERY);

document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
watch(document);
