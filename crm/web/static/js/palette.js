/* Search or do: a combobox. "Go to" comes from the server with the page, people and companies while typing, "Here" from this page's own keys. */
"use strict";

(() => {
  const dialog = crm.one("#palette");
  if (!dialog) return;
  const ask = crm.one("#palette-ask");
  const here = crm.one("#palette-here");
  const found = crm.one("#palette-found");
  const shown = () => crm.all("[role=option]:not([hidden])", dialog);
  const chosen = () => shown().findIndex((option) => option.getAttribute("aria-selected") === "true");

  function choose(at) {
    shown().forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const option = shown()[at];
    ask.setAttribute("aria-activedescendant", option ? option.id : "");
    option?.scrollIntoView({ block: "nearest" });
  }

  function narrow() {
    const words = ask.value.trim().toLowerCase();
    for (const group of crm.all("[role=group]", dialog)) {
      const options = crm.all("[role=option]", group);
      if (group !== found) options.forEach((one) => { one.hidden = words !== "" && !one.textContent.toLowerCase().includes(words); });
      group.hidden = options.every((one) => one.hidden);
    }
    const none = crm.one("#palette-none");
    none.classList.toggle("unseen", shown().length > 0);
    none.textContent = shown().length ? `${shown().length} results` : "Nothing found. Try a shorter word.";
    choose(0);
  }

  /* a button is called by its own words, a box to write in as the table of keys calls it */
  function words(target) {
    const own = [...target.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.nodeValue).join("").trim();
    const listed = crm.one(`#keys [data-with="${CSS.escape(target.dataset.hot)}"] span`)?.textContent;
    return target.matches("button, a") ? own || target.ariaLabel || listed : listed || target.ariaLabel;
  }
  function entry(target, place) {
    const option = document.createElement("div");
    option.role = "option";
    option.id = `palette-here-${place}`;
    const icon = crm.one(".icon", target) || crm.one(".icon", target.form || target.parentElement);
    if (icon) option.append(icon.cloneNode(true));
    const name = document.createElement("span");
    name.textContent = words(target);
    const push = document.createElement("span");
    push.className = "push";
    push.append(document.createElement("kbd"));
    push.firstChild.textContent = target.dataset.hot.toUpperCase();
    option.append(name, push);
    option.act = () => crm.acts.press(null, target.dataset.hot);
    return option;
  }
  function collect() {
    crm.all("[role=option]", here).forEach((one) => one.remove());
    here.append(...crm.all("main [data-hot]").filter((one) => one.checkVisibility()).map(entry));
  }

  crm.acts.palette = () => {
    if (dialog.open) return;
    collect();
    ask.value = "";
    found.replaceChildren();
    narrow();
    dialog.showModal();
    ask.focus();
  };
  function run(option) {
    dialog.close();
    if (option.act) option.act(); else location.assign(option.dataset.href);
  }

  ask.addEventListener("input", narrow);
  document.addEventListener("htmx:after:swap", (event) => { if (event.detail.ctx.sourceElement === ask) narrow(); });
  dialog.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) run(option);
  });
  dialog.addEventListener("keydown", (event) => {
    const options = shown();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose((chosen() + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    }
    if (event.key === "Enter" && options[chosen()]) { event.preventDefault(); run(options[chosen()]); }
  });
})();
