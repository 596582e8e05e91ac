/* Toasts stay until the next one, Escape or their cross: no time limit is the only way back (WCAG 2.2.1). */
"use strict";

crm.toast = (text, again) => {
  const toast = crm.one("#plain-toast").content.firstElementChild.cloneNode(true);
  crm.one("span", toast).textContent = text;
  if (again) {
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.textContent = again.label;
    button.addEventListener("click", () => { toast.remove(); again.act(); });
    crm.one("[data-toast-close]", toast).before(button);
  }
  crm.one("#toasts").replaceChildren(toast);
};
crm.clearToasts = () => crm.one("#toasts")?.replaceChildren();

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-toast-close]")) event.target.closest(".toast").remove();
});

/* a request that failed tells so, whoever sent it, unless the answer brought words of its own */
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  const from = event.detail.ctx.sourceElement;
  if (response.status === 422 || text?.includes("<hx-partial")) return;
  if (from instanceof Element && from.getAttribute("hx-trigger")?.startsWith("every")) return;
  crm.toast(response.status === 401 || response.status === 403
    ? "That was not done: sign in again in another tab, then try once more."
    : "That did not work. Nothing was changed.");
});
document.addEventListener("htmx:error", (event) => {
  const from = event.detail?.ctx?.sourceElement;
  if (!from || from.getAttribute("hx-trigger")?.startsWith("every")) return;
  crm.toast("No connection. What you typed is still here.", from.matches("form")
    ? { label: "Try again", act: () => from.requestSubmit() } : undefined);
});

/* said once: a page that is loaded again, or found in the history, does not claim it anew */
{
  const here = new URL(location.href);
  if (["did", "said"].some((name) => here.searchParams.has(name))) {
    ["did", "said"].forEach((name) => here.searchParams.delete(name));
    history.replaceState(history.state, "", here);
  }
}
