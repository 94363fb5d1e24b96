// A prediction: pick, commit, and only then see what the search found. Both stay side by side.
// Walks data that Python made; it decides nothing itself.

const SUPPRESS = "data-lm-suppress-shortcuts"; // JupyterLab's cell keys stay away from this control

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children) made.append(child);
  return made;
}

/** Words in which the name of an error keeps its minus sign: a line would else end after it. */
function words(text) {
  return text.split(/(-E[A-Z]+)/).map((part) => (part.startsWith("-E") ? node("span", { class: "sevviz-predict-errno" }, part) : part));
}

/** A number that no other widget of the document has: a notebook loads this module once for each of them. */
function freshNumber() {
  globalThis.sevvizWidgets = (globalThis.sevvizWidgets ?? 0) + 1;
  return globalThis.sevvizWidgets;
}

/** What the reader chose for an option, and what is so: for those who see the mark, and as the class of the row. */
function judged(guess, { happens }, { one, words }) {
  if (one && !guess) return happens ? { kind: "answer", text: words.answer } : { kind: "", text: "" };
  const hit = guess === happens;
  return { kind: hit ? "hit" : "miss", text: `${hit ? "✓" : "✗"} ${guess ? words.you_yes : words.you_no}` };
}

/** A button that shows a schedule; only a page that has a stepper for it knows where. */
function shower(schedule, onShow) {
  const label = `Show it below: ${schedule}`;
  const button = node("button", { type: "button", class: "sevviz-predict-show", "aria-label": label, [SUPPRESS]: "true" }, "Show it below");
  button.addEventListener("click", () => onShow(schedule));
  return button;
}

/**
 * Put a question into an element. Options: `committed` (what was ticked before: the question begins answered),
 * `onCommit(picked)`, and `onShow(schedule)` where there is a stepper to show a schedule in. Returns {reveal(picked)}.
 */
export function mount(el, payload, options = {}) {
  const name = `sevviz-predict-${freshNumber()}`;
  const [type, group] = payload.one ? ["radio", "radiogroup"] : ["checkbox", "group"];
  const root = node("form", { class: "sevviz-predict", "aria-labelledby": `${name}-q` });
  const status = node("p", { class: "sevviz-predict-status", role: "status", "aria-live": "polite" });
  const rows = payload.options.map((option, index) => {
    const box = node("input", { type, name, id: `${name}-${index}`, [SUPPRESS]: "true" });
    box.required = type === "radio";
    const label = node("label", { for: box.id }, ...words(option.text));
    const truth = node("p", { class: "sevviz-predict-truth" });
    const row = node("li", {}, box, label, truth);
    return { option, index, box, truth, row };
  });
  const commit = node("button", { type: "submit", [SUPPRESS]: "true" }, payload.words.commit);
  root.append(
    node("p", { class: "sevviz-predict-question", id: `${name}-q` }, ...words(payload.question)),
    node("p", { class: "sevviz-predict-hint" }, payload.words.hint),
    node("div", { role: group, "aria-labelledby": `${name}-q` }, node("ul", {}, ...rows.map((r) => r.row))),
    commit,
    status,
  );

  function reveal(picked) {
    root.classList.add("committed");
    let right = 0;
    for (const { option, index, box, truth, row } of rows) {
      const guess = picked.includes(index);
      right += guess === option.happens;
      box.checked = guess;
      box.disabled = true;
      const { kind, text } = judged(guess, option, payload);
      if (kind) row.classList.add(kind);
      truth.replaceChildren(...words(`${text} ${option.truth}`.trim()));
      if (options.onShow && option.schedule) truth.append(" ", shower(option.schedule, options.onShow));
    }
    commit.remove();
    const { score, right_one, wrong_one } = payload.words;
    const told = payload.one ? (right === rows.length ? right_one : wrong_one) : score.replace("{right}", right).replace("{all}", rows.length);
    status.replaceChildren(...words(`${told} ${payload.explanation}`.trim()));
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
  // Enter inside a box commits too early for a form that cannot be taken back.
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.type === type) event.preventDefault();
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
