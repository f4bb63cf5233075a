"use strict";
// Text of documents reaches the page as textContent only.
(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const words = new Map(all("#words dt").map((term) => [term.textContent, term.nextElementSibling.textContent]));
  const noGist = document.body.dataset.noGist.split(" ");
  const labels = all(".label");
  let task = null;   // as the server gave it
  let parts = [];    // the paragraph, then its items; start and end in code points
  let active = 0;
  let unsure = false;
  let busy = false;

  function tell(text, bad = false) {
    one("#status").textContent = text;
    one("#status").classList.toggle("bad", bad);
  }

  async function ask(path, said) {
    const options = said === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said),
    };
    let answer;
    try {
      answer = await fetch(path, options);
    } catch {
      throw new Error(words.get("gone"));
    }
    const result = await answer.json().catch(() => ({ error: answer.statusText }));
    if (!answer.ok) throw new Error(result.error);
    return result;
  }

  const copyPart = (part) => ({ ...part, policy_domain: [...part.policy_domain] });

  async function open(place) {
    task = await ask(`/api/task/${place}`);
    const shown = task.decision ?? task.model;
    parts = [{ ...copyPart(shown), items: null }, ...(shown.items ?? []).map(copyPart)];
    unsure = task.decision?.uncertain ?? false;
    active = 0;
    showFacts();
    show();
  }

  const name = (axis, code) =>
    labels.find((label) => label.dataset.axis === axis && label.dataset.code === code)?.querySelector(".text").textContent ?? code;
  const listed = (said) => [name("task_type", said.task_type), ...said.policy_domain.map((code) => name("policy_domain", code))].join("、");

  function showFacts() {
    one("#place").textContent = task.title ?? task.id;
    one("#meta").textContent = `${task.date ?? words.get("undated")} · ${task.id} #${task.index}`;
    const why = task.reasons.map((reason) => words.get(`why.${reason}`)).join("；");
    one("#why").textContent = why && `${words.get("why")}：${why}`;
    one("#heading").textContent = task.heading ?? "";
    one("#before").textContent = task.before && `… ${task.before}`;
    one("#after").textContent = task.after && `${task.after} …`;
    one("#rules").textContent = task.rules ? `${words.get("rules")}：${listed(task.rules)}` : "";
    one("#no-items").hidden = task.model.items !== null;
    showCount(task.done);
  }

  function showCount(done) {
    one("#count").textContent = `${done} / ${task.total} ${words.get("done")}`;
    one("#progress").max = task.total;
    one("#progress").value = done;
  }

  function span(text, kind) {
    const node = document.createElement("span");
    node.textContent = text;
    if (kind) node.className = kind;
    return node;
  }

  function showText() {
    const chars = Array.from(task.text);
    const nodes = [];
    let at = 0;
    parts.slice(1).forEach((part, number) => {
      nodes.push(span(chars.slice(at, part.start).join("")));
      nodes.push(span(chars.slice(part.start, part.end).join(""), number + 1 === active ? "item now" : "item"));
      at = part.end;
    });
    nodes.push(span(chars.slice(at).join("")));
    one("#text").replaceChildren(...nodes);
    one("#text").className = `txt ${labelOf("task_type", parts[0].task_type)?.className.match(/c\d+/)?.[0] ?? ""}`;
  }

  const labelOf = (axis, code) => labels.find((label) => label.dataset.axis === axis && label.dataset.code === code);

  function showParts() {
    one("#parts").replaceChildren(...(parts.length < 2 ? [] : parts.map((part, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "part";
      button.setAttribute("aria-pressed", String(number === active));
      const text = number === 0 ? words.get("whole") : Array.from(task.text).slice(part.start, part.end).slice(0, 16).join("");
      button.textContent = number === 0 ? text : `${number}. ${text}`;
      button.addEventListener("click", () => { active = number; show(); });
      return button;
    })));
  }

  function showLabels() {
    const part = parts[active];
    const model = active === 0 ? task.model : null;
    for (const label of labels) {
      const { axis, code } = label.dataset;
      const chosen = axis === "task_type" ? part.task_type === code : part.policy_domain.includes(code);
      label.setAttribute("aria-pressed", String(chosen));
      const said = model && (axis === "task_type" ? model.task_type === code : model.policy_domain.includes(code));
      label.classList.toggle("by-model", Boolean(said));
      const score = active === 0 ? task.scores[axis][code] : undefined;
      label.querySelector(".score").textContent = score >= 0.01 ? `${Math.round(100 * score)}%` : "";
    }
  }

  function show() {
    showText();
    showParts();
    showLabels();
    const part = parts[active];
    const gist = one("#gist");
    gist.disabled = noGist.includes(part.task_type);
    gist.value = gist.disabled ? "" : part.gist;
    one(".part-name").textContent = parts.length > 1 ? (active === 0 ? words.get("whole") : `${words.get("items")} ${active}`) : "";
    one("#unsure").setAttribute("aria-pressed", String(unsure));
    one("#add").disabled = task.model.items === null;
    one("#drop").disabled = active === 0;
  }

  function choose(label) {
    const part = parts[active];
    const { axis, code } = label.dataset;
    if (axis === "task_type") part.task_type = code;
    else if (part.policy_domain.includes(code)) part.policy_domain = part.policy_domain.filter((other) => other !== code);
    else part.policy_domain.push(code);
    show();
  }

  function addItem() {
    const chosen = getSelection();
    const text = one("#text");
    if (task.model.items === null || !chosen.rangeCount || chosen.isCollapsed || !text.contains(chosen.anchorNode) || !text.contains(chosen.focusNode)) return;
    const range = chosen.getRangeAt(0);
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const start = Array.from(before.toString()).length;
    const end = start + Array.from(range.toString()).length;
    if (start === end || parts.slice(1).some((part) => part.start < end && start < part.end)) return;
    const added = { start, end, task_type: parts[0].task_type, policy_domain: [...parts[0].policy_domain], gist: "" };
    parts = [parts[0], ...[...parts.slice(1), added].sort((a, b) => a.start - b.start)];
    active = parts.indexOf(added);
    show();
  }

  function dropItem() {
    if (active === 0) return;
    parts.splice(active, 1);
    active = Math.min(active, parts.length - 1);
    show();
  }

  const gistOf = (part) => (noGist.includes(part.task_type) ? "" : part.gist);
  const said = (part) => ({ task_type: part.task_type, policy_domain: part.policy_domain, gist: gistOf(part) });

  async function save() {
    if (busy || !task) return;
    busy = true;
    one("#save").disabled = true;
    const items = parts.slice(1).map((part) => ({ ...said(part), start: part.start, end: part.end }));
    try {
      const result = await ask(`/api/task/${task.place}`, { ...said(parts[0]), uncertain: unsure, items });
      if (result.next === null) showCount(result.done);
      else await open(result.next);
      tell(result.next === null ? words.get("all_done") : words.get("saved"));
    } catch (error) {
      tell(words.get("not_saved") + error.message, true);
    }
    busy = false;
    one("#save").disabled = false;
  }

  async function move(step) {
    if (busy || !task) return;
    try {
      await open((task.place + step + task.total) % task.total);
      tell("");
    } catch (error) {
      tell(error.message, true);
    }
  }

  function cell(tag, text) {
    const node = document.createElement(tag);
    node.textContent = text;
    return node;
  }

  const figure = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

  function line(cells) {
    const row = document.createElement("tr");
    row.append(...cells.map((text, place) => cell(place ? "td" : "th", text)));
    return row;
  }

  async function showAgreement() {
    const button = one("#agreement");
    const opened = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(opened));
    one("#agreed").hidden = !opened;
    if (!opened) return;
    try {
      const pairs = await ask("/api/agreement");
      const names = pairs.map((pair) => pair.coders.map((coder) => (coder === "model" ? words.get("model") : coder)).join(` ${words.get("with")} `));
      const [summary, detail] = all("#agreed table");
      summary.tBodies[0].replaceChildren(...pairs.map((pair, n) => line([names[n], pair.paragraphs,
        figure(pair.task_type.kappa), figure(pair.task_type.agreement), figure(pair.policy_domain.kappa), figure(pair.policy_domain.agreement)])));
      detail.tHead.rows[0].replaceChildren(cell("th", words.get("kappa")), ...names.map((text) => cell("th", text)));
      detail.tBodies[0].replaceChildren(...labels.map((label) => line([label.querySelector(".text").textContent,
        ...pairs.map((pair) => figure(pair[label.dataset.axis].per_label[label.dataset.code]))])));
      if (!pairs.length) tell(words.get("nobody"));
    } catch (error) {
      tell(error.message, true);
    }
  }

  function toggleUnsure() {
    unsure = !unsure;
    show();
  }

  function step(by) {
    active = Math.min(parts.length - 1, Math.max(0, active + by));
    show();
  }

  const keys = {
    ArrowLeft: () => move(-1), ArrowRight: () => move(1), ArrowUp: () => step(-1), ArrowDown: () => step(1),
    Enter: save, z: toggleUnsure, n: addItem, x: dropItem, c: () => one("#gist").focus(),
  };

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !task) return;
    const writing = event.target.matches("input");
    if (writing && event.key === "Escape") { event.target.blur(); return; }
    if (writing && event.key === "Enter") { event.preventDefault(); event.target.blur(); save(); return; }
    const pressable = event.target.closest("button");
    if (writing || (pressable && event.key === "Enter" && !pressable.matches(".label, .part"))) return;
    if (event.key.length === 1 && one("#shortcuts").getAttribute("aria-pressed") !== "true") return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const label = labels.find((candidate) => candidate.dataset.key === key);
    if (event.key.startsWith("Arrow") && event.shiftKey) return;  // selecting text
    if (!label && !keys[key]) return;
    event.preventDefault();
    if (label) choose(label); else keys[key]();
  }

  function onClick(event) {
    const button = event.target.closest("button");
    if (!button || !task) return;
    if (button.matches(".label")) choose(button);
    else if (button.id === "shortcuts") button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    else ({ agreement: showAgreement, save, add: addItem, drop: dropItem, unsure: toggleUnsure,
            back: () => move(-1), forward: () => move(1) })[button.id]?.();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  one("#gist").addEventListener("input", (event) => { parts[active].gist = event.target.value; });
  open(Number(document.body.dataset.start)).catch((error) => tell(error.message, true));
})();
