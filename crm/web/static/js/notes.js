/* A note is on the screen at once, greyed; the server's own row takes its place. When it fails the words stay in the box. Only adding is
   shown early: a verdict, a send, a stop or an erasure waits for the server. */
"use strict";

(() => {
  const words = (form) => crm.one("[data-words]", form);
  const optimistic = (event) => {
    const from = event.detail?.ctx?.sourceElement;
    return from instanceof Element && from.matches("[data-optimistic]") ? from : null;
  };
  const drop = () => crm.one("#pending")?.remove();
  let sent = null;   /* the request that the greyed row stands for */
  const once = (line) => {   /* an answer that comes again brings a row that is there */
    const seen = new Set();
    crm.all(`${line} > li[id]`).forEach((row) => { if (seen.has(row.id)) row.remove(); seen.add(row.id); });
  };

  document.addEventListener("htmx:before:request", (event) => {
    const form = optimistic(event);
    /* a second press: the note is on its way, or its answer has taken the form's place */
    if (form && (crm.one("#pending") || !form.isConnected)) { event.preventDefault(); return; }
    const text = form && words(form).value.trim();
    if (!text) return;
    const row = crm.one("#pending-note").content.firstElementChild.cloneNode(true);
    row.id = "pending";
    sent = event.detail.ctx;
    crm.one(".words", row).textContent = text;
    crm.one(form.dataset.optimistic)?.prepend(row);
    performance.mark("note:shown");
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const form = optimistic(event);
    if (!form) return;
    drop();
    once(form.dataset.optimistic);
    performance.mark("note:saved");
    const box = crm.one(`#${CSS.escape(form.id)} [data-words]`);
    if (box?.value || box?.getAttribute("aria-invalid") === "true") { box.focus(); return; }   /* not saved */
    /* out of the box, onto what was saved: single keys work again, Z takes it back, N begins the next */
    const row = crm.one(`${form.dataset.optimistic} > li`);
    if (row) { row.tabIndex = -1; row.focus({ preventScroll: true }); }
    crm.say("Saved");
  });
  for (const bad of ["htmx:error", "htmx:response:error", "htmx:finally:request"]) {
    document.addEventListener(bad, (event) => { if (optimistic(event) && event.detail.ctx === sent) drop(); });
  }
})();
