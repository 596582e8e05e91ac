/* What every page needs: the acts by name, menus and dialogs, the theme, drafts. The server renders, htmx swaps, these files add keys.
   crm is shared by the other files; they load after this one, in the order of layouts/staff.html. */
"use strict";

const crm = {
  one: (selector, root = document) => root.querySelector(selector),
  all: (selector, root = document) => [...root.querySelectorAll(selector)],
  wide: () => matchMedia("(min-width: 68rem)").matches,

  /* spoken, not shown */
  say(text) {
    const box = crm.one("#say");
    if (!box) return;
    box.textContent = "";
    setTimeout(() => { box.textContent = text; }, 40);
  },

  writing: (target) => target instanceof Element
    && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null,

  /* name -> function(element or null, word); the table of keys and data-do use the same names */
  acts: {
    keys: () => crm.one("#keys").showModal(),
    theme: () => crm.nextTheme(),
    go: (_element, address) => location.assign(address),
  },

  nextTheme() {
    const root = document.documentElement;
    const order = ["", "light", "dark"];
    const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    try {
      if (next) localStorage.setItem("theme", next); else localStorage.removeItem("theme");
    } catch { /* storage is switched off: it holds until the next page */ }
    const words = `Theme: ${next || "follow the system"}`;
    crm.all("[data-do=theme][aria-label]").forEach((button) => button.setAttribute("aria-label", words));
    crm.say(words);
  },
};

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const off = target.closest("[aria-disabled=true]");
  if (off) { event.preventDefault(); crm.say(off.title); return; }
  const doer = target.closest("[data-do]");
  if (doer) crm.acts[doer.dataset.do]?.(doer, doer.dataset.with);
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement) target.close();   /* a click on the veil */
});

/* menus: beside what opened them, arrows move inside */
let invoker = null;
document.addEventListener("click", (event) => {
  invoker = event.target instanceof Element ? event.target.closest("[popovertarget]") || invoker : invoker;
}, true);
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.matches(".menu") || event.newState !== "open" || !invoker) return;
  const from = invoker.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = from.bottom + 4 + size.height < innerHeight;
  menu.style.top = `${Math.max(8, below ? from.bottom + 4 : from.top - size.height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(from.left, innerWidth - size.width - 8))}px`;
  crm.one("a, button, input", menu)?.focus();
}, true);
document.addEventListener("keydown", (event) => {
  const menu = event.target instanceof Element ? event.target.closest(".menu") : null;
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = crm.all("a, button, input", menu);
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  items[(at + items.length) % items.length]?.focus();
  event.preventDefault();
});

/* what was typed is never put in storage (it is about people); leaving asks instead */
const unsaved = (root = document) => crm.all("textarea", root)
  .some((box) => box.closest("form[data-draft]") && box.value.trim() && box.value !== box.defaultValue);
let leaving = false;
document.addEventListener("submit", (event) => { leaving = !event.defaultPrevented; });
addEventListener("beforeunload", (event) => { if (!leaving && unsaved()) event.preventDefault(); });

/* the same where only a part of the page is about to go */
document.addEventListener("htmx:before:request", (event) => {
  const { target, sourceElement } = event.detail?.ctx ?? {};
  if (!(target instanceof Element) || target.id === "queue" || target.matches("form")) return;
  const drafts = crm.all("form[data-draft]", target).filter((form) => unsaved(form) && !form.contains(sourceElement));
  if (drafts.length && !confirm("What you typed is not saved. Leave it?")) event.preventDefault();
});

/* nothing asks the server again in a tab that nobody sees */
document.addEventListener("htmx:before:request", (event) => {
  const every = event.target instanceof Element && event.target.getAttribute("hx-trigger")?.startsWith("every");
  if (every && (document.hidden || signedOut)) event.preventDefault();
});
let signedOut = false;   /* said once, not at every look */

/* who signed in again in another tab goes on here: this page's forms get the new session's token */
const takeOver = async () => {
  const answer = await fetch("/around", { headers: { "HX-Request": "true", "X-Poll": "yes" } }).catch(() => null);
  const token = answer?.ok && answer.headers.get("X-CSRF-Token");
  if (!token) return;
  signedOut = false;
  const given = JSON.stringify({ "X-CSRF-Token": token });
  if (document.body.getAttribute("hx-headers:inherited") === given) return;
  document.body.setAttribute("hx-headers:inherited", given);
  crm.all("input[name=csrf_token]").forEach((box) => { box.value = token; });
  crm.toast("You are signed in again. What you typed is still here: save it now.");
};
document.addEventListener("htmx:response:error", (event) => {
  const { status } = event.detail.ctx.response;
  signedOut ||= status === 401;
  if (status === 403) takeOver();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && signedOut) takeOver(); });

/* charts: the number under the pointer; the table below the chart holds the same */
document.addEventListener("pointermove", (event) => {
  const hit = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
  let tip = crm.one(".tip");
  if (!hit) { tip?.remove(); return; }
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-hidden", "true");
    document.body.append(tip);
  }
  tip.textContent = hit.dataset.tip;
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${event.clientY + 14}px`;
});

/* a button that copies what stands in a field */
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  const field = button && crm.one(button.dataset.copy);
  if (!field) return;
  field.select();
  navigator.clipboard?.writeText(field.value).then(() => crm.toast("Copied"), () => crm.toast("Press Ctrl C to copy"));
});
