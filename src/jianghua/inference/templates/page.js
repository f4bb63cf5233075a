"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const root = document.documentElement;

  const words = new Map();
  for (const term of all("#words dt")) words.set(term.textContent, term.nextElementSibling.dataset);

  function setLanguage(language) {
    const other = language === "zh" ? "en" : "zh";
    root.lang = language === "zh" ? "zh-CN" : "en";
    root.dataset.language = language;
    for (const node of all("[data-k]")) {
      const word = words.get(node.dataset.k);
      node.textContent = "brief" in node.dataset && language === "zh" ? word.brief : word[language];
    }
    const button = one("#language");
    button.textContent = button.dataset[other];
    button.lang = other === "zh" ? "zh-CN" : "en";
    document.title = words.get("name")[language];
  }

  function setNoise(shown) {
    one("#noise").setAttribute("aria-pressed", String(shown));
    for (const block of all(".noise")) block.hidden = !shown;
  }

  const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
  const pressed = (axis) =>
    all(`.choice[data-axis="${axis}"]`).filter(isPressed).map((button) => button.dataset.code);

  function matches(row, types, domains, review) {
    const own = row.dataset.d.split(" ");
    return (!types.length || types.includes(row.dataset.t))
      && (!domains.length || domains.some((code) => own.includes(code)))
      && (!review || "r" in row.dataset);
  }

  function applyFilters() {
    const [types, domains] = [pressed("task_type"), pressed("policy_domain")];
    const review = pressed("state").length > 0;
    const active = types.length + domains.length > 0 || review;
    let shown = 0;
    for (const entry of all("#index > ol > li")) {
      const article = document.getElementById(entry.dataset.doc);
      const rows = all(".row", article);
      for (const row of rows) row.hidden = active && !matches(row, types, domains, review);
      const count = rows.filter((row) => !row.hidden).length;
      const number = entry.querySelector("[data-n]");
      if (number) number.textContent = active ? `${count} / ${number.dataset.n}` : number.dataset.n;
      entry.hidden = article.hidden = active && count === 0;
      shown += count;
    }
    root.classList.toggle("filtered", active);
    one("#shown").textContent = active ? `${shown} / ${all(".row").length}` : "";
    one("#clear").disabled = !active;
    one("#none").hidden = !active || shown > 0;
  }

  function clearFilters() {
    for (const button of all(".choice")) button.setAttribute("aria-pressed", "false");
    applyFilters();
  }

  // A link to a paragraph that a filter hides would lead nowhere.
  function follow(hash) {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    if (!target || !target.matches("main *")) return;
    if (target.closest("[hidden]")) clearFilters();
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  }

  function onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "language") setLanguage(root.dataset.language === "zh" ? "en" : "zh");
    else if (button.id === "noise") setNoise(!isPressed(button));
    else if (button.id === "clear") { clearFilters(); one("#filter").focus(); }
    else if (button.id === "filter") {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      one("#filters").hidden = !open;
    } else if (button.classList.contains("choice")) {
      button.setAttribute("aria-pressed", String(!isPressed(button)));
      applyFilters();
    }
  }

  function onEscape(event) {
    if (event.key !== "Escape") return;
    const marks = all(".marks:hover, .marks:focus-within");
    for (const mark of marks) mark.classList.add("closed");
    const filter = one("#filter");
    if (marks.length || !filter || filter.getAttribute("aria-expanded") !== "true") return;
    filter.click();
    filter.focus();
  }

  const reopen = (event) => {
    const mark = event.target.closest?.(".marks");
    if (mark && !mark.contains(event.relatedTarget)) mark.classList.remove("closed");
  };
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("mouseout", reopen);
  document.addEventListener("focusout", reopen);
  window.addEventListener("hashchange", () => follow(location.hash));
  for (const tools of all(".tools")) tools.hidden = false;
  follow(location.hash);
})();
