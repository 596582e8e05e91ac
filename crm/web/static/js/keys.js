/* Keys. The table is the sheet under "?" (macros/keys.html): what is not listed there does nothing. Single letters are off while writing
   and while something is open, and the sheet has a switch that turns them off (WCAG 2.1.4). Every key has a button somewhere. */
"use strict";

(() => {
  const table = new Map(crm.all("#keys [data-keys]").map((row) => [row.dataset.keys.toLowerCase(), row.dataset]));
  const SECOND_KEY = 1200;   /* milliseconds to press T after G */
  let led = 0;

  /* the last of several: what was added last is nearest to what is being looked at */
  const carrier = (letter) => crm.all(`[data-hot="${CSS.escape(letter)}"]`).filter((one) => one.checkVisibility()).pop();
  crm.acts.press = (_element, letter) => {
    const target = carrier(letter);
    if (!target) return;
    if (target.matches("input, textarea, select")) { target.focus(); target.select?.(); } else target.click();
  };
  crm.acts.submit = (element) => element?.form?.requestSubmit();

  const singles = () => crm.one("[data-single-keys]")?.checked !== false;
  const open = () => document.querySelector("dialog[open], .menu:popover-open") !== null;

  function escape(event) {
    if (crm.writing(event.target)) event.target.blur(); else crm.clearToasts();
  }

  document.addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    const pressed = event.key.toLowerCase();
    if (mod && pressed === "k") { event.preventDefault(); crm.acts.palette(); return; }
    if (mod && pressed === "enter") {
      if (event.target.form) { event.preventDefault(); crm.acts.submit(event.target); }
      return;
    }
    if (open()) return;
    if (pressed === "escape") { escape(event); return; }
    if (mod || event.altKey || crm.writing(event.target) || !singles()) return;

    const second = event.timeStamp - led < SECOND_KEY && led > 0 ? table.get(`g ${pressed}`) : undefined;
    led = pressed === "g" ? event.timeStamp : 0;
    const row = second || table.get(pressed);
    if (!row?.act) return;
    event.preventDefault();
    crm.acts[row.act]?.(document.activeElement, row.with);
  });
})();
