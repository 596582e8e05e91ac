/* In the demo the calendar runs fast: the clock in the header goes on between two looks at the server. */
"use strict";

(() => {
  const written = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Amsterdam", weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
  let began = performance.now();
  let last = "";
  setInterval(() => {
    const clock = crm.one("#clock");
    if (!clock || document.hidden) return;
    if (clock.dateTime !== last) { last = clock.dateTime; began = performance.now(); }
    const at = Date.parse(clock.dateTime) + (performance.now() - began) * Number(clock.dataset.speed);
    clock.textContent = written.format(new Date(at)).replaceAll(",", "");
  }, 500);
})();
