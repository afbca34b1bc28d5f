// The page works without this file: it tells of newer scores, and lets the keyboard walk through the leads.
"use strict";

const run = document.body.dataset.run;
const newer = document.querySelector(".newer");
if (run && newer) {
  setInterval(async () => {
    if (document.hidden || !newer.hidden) return;
    try {
      const answer = await fetch("/newest", { headers: { accept: "application/json" } });
      if (answer.ok && (await answer.json()).run !== run) newer.hidden = false;
    } catch {
      // The page cannot be reached for now: it will be asked again.
    }
  }, 60000);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q")?.focus();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  const leads = [...document.querySelectorAll("td.lead > a")];
  if (!step || !leads.length) return;
  const at = leads.indexOf(document.activeElement);
  leads[at < 0 ? 0 : Math.min(Math.max(at + step, 0), leads.length - 1)].focus();
});

// On a narrow screen a wide table scrolls: the keyboard must reach it.
const reach = () => {
  for (const table of document.querySelectorAll("table")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  }
};
addEventListener("resize", reach);
reach();
