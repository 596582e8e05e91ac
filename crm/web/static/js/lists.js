/* Lists: J and K move real focus, X selects, a bar says what a bulk act would leave out. On a wide screen a queue opens beside itself. */
"use strict";

(() => {
  const links = () => [
    ...crm.all(".queue-item > a, .board-card .title a"),
    ...crm.all("[data-list] tbody tr").map((row) => row.querySelector("a")),   /* a row's own link is its first */
  ].filter((one) => one?.checkVisibility());

  function move(by) {
    const all = links();
    if (!all.length) return;
    const current = all.findIndex((one) => one === document.activeElement);
    const at = current < 0 ? all.findIndex((one) => one.hasAttribute("aria-current")) : current;
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    next.focus();
    next.closest("li, tr").scrollIntoView({ block: "nearest" });
    if (crm.wide() && next.matches("[hx-get]")) next.click();
  }
  crm.acts.next = () => move(1);
  crm.acts.previous = () => move(-1);
  crm.acts.select = () => {
    const box = document.activeElement?.closest("tr")?.querySelector("[data-pick]");
    if (box) { box.checked = !box.checked; count(); }
  };

  /* the bulk bar */
  const boxes = () => crm.all("[data-pick]");
  function count() {
    const bar = crm.one("[data-bulk]");
    if (!bar) return;
    const on = boxes().filter((box) => box.checked);
    const said = (state) => on.filter((box) => box.dataset.pick === state).length;
    bar.hidden = on.length === 0;
    crm.one("[data-bulk-count]", bar).textContent = on.length;
    crm.one("[data-bulk-note]", bar).textContent = [
      said("no") && `${said("no")} may not be written to: left out`,
      said("wait") && `${said("wait")} not yet: waits`,
    ].filter(Boolean).join(", ");
    const every = crm.one("[data-pick-all]");
    if (!every) return;
    every.checked = on.length > 0 && on.length === boxes().length;
    every.indeterminate = on.length > 0 && !every.checked;
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-pick-all], [data-pick]")) count();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-pick-none]")) return;
    boxes().forEach((box) => { box.checked = false; });
    count();
  });
  document.addEventListener("htmx:after:swap", count);
  addEventListener("pageshow", count);   /* Firefox keeps ticks over a reload */

  /* chosen in a form: its button says how many */
  const choices = () => crm.all("form:has([data-how-many]) input[type=checkbox]");
  const tell = () => crm.all("[data-how-many]").forEach((words) => {
    words.dataset.before ??= words.textContent;
    const on = choices().filter((box) => box.checked).length;
    words.textContent = on ? `${words.dataset.howMany} ${on}` : words.dataset.before;
  });
  document.addEventListener("change", tell);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-choose=all]")) return;
    event.preventDefault();   /* without script the page comes again with all of them ticked */
    choices().forEach((box) => { box.checked = true; });
    tell();
  });
  addEventListener("pageshow", tell);

  /* the queue: mark what is open; when it leaves the list, its neighbour opens */
  let neighbour = null;
  let opened = null;   /* what a click opened: the queue asks the server again and again, which does not know */
  document.addEventListener("htmx:before:request", (event) => {
    const link = event.target;
    if (!(link instanceof Element)) return;
    if (link.matches(".queue-item > a")) {
      if (!crm.wide()) { event.preventDefault(); location.assign(link.href); return; }
      opened = link.getAttribute("href");
      crm.all(".queue-item > a[aria-current]").forEach((one) => one.removeAttribute("aria-current"));
      link.setAttribute("aria-current", "true");
    } else if (link.closest("[data-leaves]")) {
      const all = links();
      const at = all.findIndex((one) => one.hasAttribute("aria-current"));
      neighbour = at < 0 ? null : all[at + 1] || all[at - 1] || null;
    }
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const from = event.detail?.ctx?.sourceElement;
    if (from instanceof Element && from.matches(".queue-item > a")) crm.one("#pane").scrollTop = 0;   /* the next one from its top */
    if (!(from instanceof Element) || from.id !== "queue") { if (from?.matches?.("form")) opened = null; return; }
    const mine = opened && crm.all(".queue-item > a").find((one) => one.getAttribute("href") === opened);
    if (!mine) return;
    crm.all(".queue-item > a[aria-current]").forEach((one) => one.removeAttribute("aria-current"));
    mine.setAttribute("aria-current", "true");
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!neighbour || crm.one(".queue-item > a[aria-current]")) return;
    const next = neighbour;
    neighbour = null;
    if (next.isConnected) { next.focus(); next.click(); }
  });

  /* a board: drag, or the menu on every card (WCAG 2.5.7); both press the same form of the card */
  let held = null;
  const column = (event) => (held && event.target instanceof Element ? event.target.closest("[data-column]") : null);
  document.addEventListener("dragstart", (event) => {
    held = event.target instanceof Element ? event.target.closest(".board-card[draggable=true]") : null;
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    requestAnimationFrame(() => held?.classList.add("held"));
  });
  document.addEventListener("dragover", (event) => {
    const over = column(event);
    crm.all(".board-column.over").forEach((one) => one.classList.toggle("over", one === over));
    if (over) { event.preventDefault(); over.classList.add("over"); }
  });
  document.addEventListener("drop", (event) => {
    const over = column(event);
    if (!over) return;
    event.preventDefault();
    crm.one(`button[name=to][value="${CSS.escape(over.dataset.column)}"]`, held)?.click();
  });
  document.addEventListener("dragend", () => {
    held?.classList.remove("held");
    held = null;
    crm.all(".board-column.over").forEach((one) => one.classList.remove("over"));
  });
})();
