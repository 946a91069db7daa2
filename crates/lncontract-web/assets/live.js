// Makes pages live and copies text. Pages are complete without it: UI.md sections 9 and 10.
(() => {
  "use strict";
  const status = document.querySelector("[data-live-status]");
  const say = (text, tone) => {
    if (!status || status.textContent === text) return;
    status.textContent = text;
    status.dataset.tone = tone;
  };
  const clock = () => new Date().toISOString().slice(11, 16) + " UTC";
  const touched = new WeakSet();
  document.addEventListener("input", (event) => event.target.form && touched.add(event.target.form));

  // A form that somebody is in, or has begun to fill, is never swapped from under them.
  const busy = (part) => {
    const forms = part.matches("form") ? [part] : [...part.querySelectorAll("form")];
    const around = part.closest("form");
    if (around) forms.push(around);
    return forms.some((form) => touched.has(form) || form.contains(document.activeElement));
  };

  const stale = (part) => {
    if (part.querySelector(":scope > [data-stale]")) return;
    const line = document.createElement("p");
    line.className = "fine";
    line.dataset.stale = "";
    line.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Reload";
    line.append("This page has changed. ", link);
    part.prepend(line);
  };

  const place = (element, root) => {
    const path = [];
    for (let at = element; at && at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
    return path;
  };

  const swap = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML) return;
    if (busy(part)) return stale(part);
    const open = [...part.querySelectorAll("details")].map((details) => details.open);
    const focus = part.contains(document.activeElement) ? place(document.activeElement, part) : null;
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((details, at) => { details.open = open[at] ?? details.open; });
    if (focus) focus.reduce((at, child) => at?.children[child], part)?.focus({ preventScroll: true });
  };

  let asked = false;
  const refresh = async () => {
    if (asked || document.hidden) { asked = true; return; }
    asked = true;
    await new Promise((done) => setTimeout(done, 150)); // Changes come in bursts: one fetch for all of them.
    asked = false;
    try {
      const answer = await fetch(location.href, { headers: { "x-lncontract-live": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const fresh = page.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
        if (fresh) swap(part, fresh);
      }
      say("Live", "good");
    } catch { say(`As of ${clock()}, reconnecting`, "warn"); }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && asked) { asked = false; refresh(); } });

  if (document.querySelector("[data-live]")) {
    let lost = false;
    const events = new EventSource("/events");
    events.addEventListener("hello", () => { say("Live", "good"); if (lost) refresh(); lost = false; });
    events.addEventListener("changed", refresh);
    events.addEventListener("error", () => { if (!lost) say(`As of ${clock()}, reconnecting`, "warn"); lost = true; });
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(from.dataset.text ?? from.value ?? from.textContent);
    button.lastChild.textContent = "Copied";
  });
  // A chosen file goes into the field that a paste would go into.
  document.addEventListener("change", async (event) => {
    const into = event.target.dataset?.into;
    const [file] = (into && event.target.files) || [];
    if (file) document.getElementById(into).value = await file.text();
  });
  // Copying figures gives plain digits: the narrow spaces between groups are left out.
  document.addEventListener("copy", (event) => {
    const text = String(getSelection());
    if (!/\d\u202f\d/.test(text)) return;
    event.clipboardData.setData("text/plain", text.replace(/(\d)\u202f(?=\d)/g, "$1"));
    event.preventDefault();
  });
})();
