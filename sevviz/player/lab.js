/*
 * The lab's controls: which scheme in which scenario, its C to edit, what changed, saved files and links; and the bar of
 * views. Python reads the C and searches; here things are shown and choices handed on. `part` says which of the two.
 */

const PAUSE = 400; // milliseconds without a key before the C is read
const UNREAD = "Nothing was copied: the C in the editor is still being read. Try again when its verdict is here.";
const LINK = /#sevviz-lab=([\w-]+):([\w-]+):([\d.!~]{0,4000})(?:@(\d{1,6}))?$/u;

/** A number that no other widget of the document has: a notebook loads this module once for each of them. */
function freshNumber() {
  globalThis.sevvizWidgets = (globalThis.sevvizWidgets ?? 0) + 1;
  return globalThis.sevvizWidgets;
}

/** An element with attributes (functions are listeners) and children; what can have the focus keeps its keys. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  // JupyterLab takes single keys from whatever has the focus, unless told not to.
  if (element.matches("button, input, select, textarea, summary, [tabindex]")) element.setAttribute("data-lm-suppress-shortcuts", "true");
  return element;
}

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** What an address names as a moment of the lab, or null. */
export function readLink(address) {
  const found = LINK.exec(address);
  if (!found) return null;
  const [, scheme, scenario, choices, step] = found;
  return { scheme, scenario, schedule: choices.replaceAll(".", " "), step: step === undefined ? null : Number(step) };
}

export const writeLink = ({ scheme, scenario, schedule, step }) =>
  `#sevviz-lab=${scheme}:${scenario}:${schedule.trim().split(/\s+/u).join(".")}@${step}`;

class Controls {
  constructor(model, el) {
    this.id = `sevviz-lab-${freshNumber()}`;
    this.model = model;
    this.timer = 0;
    const { schemes, scenarios } = model.get("catalogue");
    this.scheme = this.select("Scheme", "scheme", schemes);
    this.scenario = this.select("Scenario", "scenario", scenarios);
    this.reset = h("button", { type: "button", click: () => this.ask("reset") }, "Back to the shipped text");
    this.buildEditor();
    this.verdict = h("p", { class: "sl-verdict", role: "status" });
    this.changes = h("ul", { class: "sl-changes" });
    this.remark = h("p", { class: "sl-remark", role: "status" });
    this.buildFiles();
    el.replaceChildren(h("section", { class: "sevviz-explain sevviz-lab", "aria-label": "Lab" },
      h("div", { class: "sl-row" }, this.scheme.box, this.scenario.box),
      this.editing, this.verdict, this.changes, this.remark, this.files));
    this.listen();
    this.arrive();
  }

  select(label, trait, entries) {
    const id = `${this.id}-${trait}`;
    const box = h("select", { id, change: () => this.set({ [trait]: box.value }) }, ...entries.map(({ name, title }) => h("option", { value: name }, title === name ? name : `${name}: ${title}`)));
    return { box: h("div", { class: "sl-choice" }, h("label", { for: id }, label), box), control: box };
  }

  // The editor: a text area with line numbers beside it and a bar behind the line of an error.

  buildEditor() {
    this.numbers = h("pre", { class: "sl-numbers", "aria-hidden": "true" });
    this.bar = h("div", { class: "sl-bar", hidden: true });
    this.problem = h("pre", { class: "sl-problem", id: `${this.id}-problem`, role: "alert" });
    this.text = h("textarea", {
      class: "sl-text", id: `${this.id}-text`, spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
      "aria-describedby": `${this.problem.id} ${this.id}-keys`, input: () => this.edited(), scroll: () => this.scrolled(), keydown: (event) => this.pressed(event),
    });
    this.summary = h("summary", {}, "Edit the C");
    this.editing = h("details", { class: "sl-editing", toggle: () => this.number() }, this.summary,
      h("label", { class: "sl-label", for: this.text.id }, "C of the scheme: what you write is searched as soon as you pause"),
      h("div", { class: "sl-editor" }, h("div", { class: "sl-gutter" }, this.numbers), h("div", { class: "sl-field" }, this.bar, this.text)),
      h("p", { class: "sl-keys", id: `${this.id}-keys` }, "Enter keeps the indentation; Tab leaves the editor; Ctrl+Enter reads the text at once."),
      this.problem, this.reset);
  }

  edited() {
    this.number();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hand(), PAUSE);
  }

  hand() {
    clearTimeout(this.timer);
    if (this.text.value !== this.model.get("text")) this.set({ text: this.text.value, code: "" }); // until Python has searched it
  }

  number() {
    const lines = this.text.value.split("\n").length;
    setText(this.numbers, Array.from({ length: lines }, (_, index) => index + 1).join("\n"));
  }

  scrolled() {
    this.numbers.style.transform = `translateY(${-this.text.scrollTop}px)`;
    this.bar.style.transform = `translateY(${-this.text.scrollTop}px)`;
  }

  pressed(event) {
    event.stopPropagation(); // JupyterLab's shortcuts, such as Shift+Enter, are not for text that is being written
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      this.hand();
      return;
    }
    const before = this.text.value.slice(0, this.text.selectionStart);
    const indent = /(?:^|\n)([ \t]*)[^\n]*$/u.exec(before)[1] + (/\{[ \t]*$/u.test(before) ? "\t" : "");
    // insertText keeps the browser's undo; where it is gone, the text is put in all the same.
    if (!document.execCommand("insertText", false, `\n${indent}`)) this.text.setRangeText(`\n${indent}`, this.text.selectionStart, this.text.selectionEnd, "end");
    this.edited();
  }

  showError() {
    const error = this.model.get("error");
    const wrong = Boolean(error.message);
    setText(this.problem, wrong ? error.message : "");
    this.problem.classList.toggle("sl-some", wrong);
    this.text.setAttribute("aria-invalid", `${wrong}`);
    this.bar.hidden = !error.line;
    if (error.line) this.bar.style.top = `calc(${error.line - 1} * var(--sl-line) + 6px)`;
    setText(this.summary, wrong ? "Edit the C (it has an error; below is the last text that could be read)" : this.model.get("edited") ? "Edit the C (edited)" : "Edit the C");
    this.reset.hidden = !this.model.get("edited");
  }

  // Files and links.

  buildFiles() {
    const field = (name, label, hint) => {
      const input = h("input", { type: "text", id: `${this.id}-${name}`, placeholder: hint, autocomplete: "off", keydown: (event) => event.stopPropagation() });
      return [input, h("div", { class: "sl-choice" }, h("label", { for: input.id }, label), input)];
    };
    const [name, nameBox] = field("name", "Name", "my-deadlock");
    const [note, noteBox] = field("note", "Note", "what it shows");
    this.note = note;
    this.saved = h("select", { id: `${this.id}-saved` });
    this.load = h("button", { type: "button", click: () => this.saved.value && this.ask("load", { name: this.saved.value }) }, "Load");
    this.files = h("details", { class: "sl-files" }, h("summary", {}, "Save, load, share"),
      h("div", { class: "sl-row" }, nameBox, noteBox, h("button", { type: "button", click: () => this.ask("save", { name: name.value.trim(), note: note.value }) }, "Save")),
      h("div", { class: "sl-row" }, h("div", { class: "sl-choice" }, h("label", { for: this.saved.id }, "Saved here"), this.saved), this.load),
      h("div", { class: "sl-row" },
        h("button", { type: "button", click: () => this.copyLink() }, "Copy link"),
        h("button", { type: "button", click: () => this.copyCode() }, "Copy as Python")));
  }

  showSaved() {
    const names = this.model.get("saved");
    this.saved.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    this.load.setAttribute("aria-disabled", `${names.length === 0}`);
  }

  /** A link names a scheme and holds no C: where it would open other C than this, it is not made. */
  copyLink() {
    const reason = this.unread() ? UNREAD : this.model.get("no_link");
    if (reason) setText(this.remark, reason);
    else this.copy(location.href.split("#")[0] + writeLink(this.model.get("moment")), "Link copied. It opens this moment when the lab's cell is run.");
  }

  copyCode() {
    if (this.unread()) setText(this.remark, UNREAD);
    else this.copy(this.model.get("code"), this.model.get("code_told"));
  }

  /** Whether the editor holds C that Python has not answered for. */
  unread() {
    return this.text.value !== this.model.get("text") || !this.model.get("code");
  }

  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      setText(this.remark, done);
    } catch {
      setText(this.remark, `The browser does not allow copying. Here it is: ${text}`);
    }
  }

  /** A link that names a moment of the lab opens it, once for a page. */
  arrive() {
    // JupyterLab drops the fragment while it starts; what the page was opened with is still on record.
    const address = [location.href, performance.getEntriesByType("navigation")[0]?.name ?? ""].find((url) => readLink(url));
    if (!address || window.sevvizArrived === address) return;
    window.sevvizArrived = address;
    this.ask("open", readLink(address));
  }

  // To and from Python.

  set(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
  }

  ask(action, more = {}) {
    this.set({ request: { action, at: Date.now(), ...more } });
  }

  listen() {
    const { model } = this;
    const parts = {
      scheme: () => (this.scheme.control.value = model.get("scheme")),
      scenario: () => (this.scenario.control.value = model.get("scenario")),
      text: () => {
        if (this.text.value !== model.get("text")) this.text.value = model.get("text");
        this.number();
      },
      error: () => this.showError(),
      edited: () => this.showError(),
      verdict: () => setText(this.verdict, model.get("verdict")),
      changes: () => this.changes.replaceChildren(...model.get("changes").map((change) => h("li", {}, change))),
      remark: () => setText(this.remark, model.get("remark")),
      saved: () => this.showSaved(),
    };
    this.stops = Object.entries(parts).map(([name, show]) => {
      show();
      model.on(`change:${name}`, show);
      return () => model.off(`change:${name}`, show);
    });
  }

  stop() {
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }
}

/** The bar under the stepper: which view is shown below it, by toggle buttons. */
function showBar(model, el) {
  const buttons = model.get("views").map(({ name, title }) => h("button", {
    type: "button", class: "sl-tab", "data-name": name, "aria-pressed": "false",
    click: () => {
      model.set("view", model.get("view") === name ? "" : name);
      model.save_changes();
    },
  }, title));
  const show = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", `${button.dataset.name === model.get("view")}`);
  };
  el.replaceChildren(h("section", { class: "sevviz-explain sevviz-lab", "aria-label": "Views" },
    h("div", { class: "sl-tabs", role: "group", "aria-label": "View under the stepper; press again to close" }, ...buttons)));
  show();
  model.on("change:view", show);
  return () => model.off("change:view", show);
}

function render({ model, el }) {
  if (model.get("part") === "bar") return showBar(model, el);
  const controls = new Controls(model, el);
  return () => controls.stop();
}

export default { render };
