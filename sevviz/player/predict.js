// A prediction: pick, commit, and only then see what the search found. Both stay side by side.
// Walks data that Python made; it decides nothing itself.

const SUPPRESS = "data-lm-suppress-shortcuts"; // JupyterLab's cell keys stay away from this control

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children) made.append(child);
  return made;
}

let count = 0;

export function mount(el, payload, options = {}) {
  const name = `sevviz-predict-${++count}`;
  const root = node("form", { class: "sevviz-predict", "aria-labelledby": `${name}-q` });
  const status = node("p", { class: "sevviz-predict-status", role: "status", "aria-live": "polite" });
  const rows = payload.options.map((option, index) => {
    const box = node("input", { type: "checkbox", id: `${name}-${index}`, [SUPPRESS]: "true" });
    const label = node("label", { for: box.id }, option.text);
    const truth = node("p", { class: "sevviz-predict-truth" });
    const row = node("li", {}, box, label, truth);
    return { option, index, box, truth, row };
  });
  const commit = node("button", { type: "submit", [SUPPRESS]: "true" }, payload.words.commit);
  root.append(
    node("p", { class: "sevviz-predict-question", id: `${name}-q` }, payload.question),
    node("p", { class: "sevviz-predict-hint" }, payload.words.hint),
    node("ul", {}, ...rows.map((r) => r.row)),
    commit,
    status,
  );

  function reveal(picked) {
    root.classList.add("committed");
    let right = 0;
    for (const { option, index, box, truth, row } of rows) {
      const guess = picked.includes(index);
      const hit = guess === option.happens;
      right += hit;
      box.checked = guess;
      box.disabled = true;
      row.classList.add(hit ? "hit" : "miss");
      const you = guess ? payload.words.you_yes : payload.words.you_no;
      truth.textContent = `${hit ? "✓" : "✗"} ${you} ${option.truth}`;
    }
    commit.remove();
    status.textContent = `${payload.words.score.replace("{right}", right).replace("{all}", rows.length)} ${payload.explanation}`;
  }

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const picked = rows.filter((r) => r.box.checked).map((r) => r.index);
    const focused = document.activeElement === commit;
    reveal(picked);
    if (focused) {
      status.tabIndex = -1;
      status.setAttribute(SUPPRESS, "true");
      status.focus();
    }
    options.onCommit?.(picked);
  });
  // Enter inside a checkbox commits too early for a form that cannot be taken back.
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
  });
  el.append(root);
  if (options.committed) reveal(options.committed);
  return { reveal };
}

function render({ model, el }) {
  const committed = model.get("committed");
  mount(el, model.get("payload"), {
    committed: committed ?? undefined,
    onCommit(picked) {
      model.set("committed", picked);
      model.save_changes();
    },
  });
}

export default { render };
