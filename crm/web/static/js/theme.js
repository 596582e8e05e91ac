/* In <head>, before the first paint. The theme is the one thing this program keeps in the browser's storage. */
"use strict";
try {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch {
  /* storage is switched off: the system's theme counts */
}
