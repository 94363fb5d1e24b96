/*
 * The player: walks a state graph that Python made (sevviz/payload.py describes the payload, format 1) and shows it.
 * It knows no lock rule: who can step, why not, and what a step means are looked up; the only things worked out here
 * are walks over those facts, such as "since which step". The interface's whole state is a schedule and a step in it.
 *
 * One module for both homes: anywidget calls render(), an exported page calls mount().
 */

const FORMAT = 1;

// ---------------------------------------------------------------------------------------------------------------
// The walk: facts of the payload, and paths through them. No document is touched here.

/** The payload with accessors. Task numbers count from 1, states and objects from 0. */
export function readGraph(payload) {
  if (payload.format !== FORMAT) {
    throw new Error(`this player reads format ${FORMAT}, the data have format ${payload.format}: update sevviz`);
  }
  const { states, edges, strings } = payload;
  const tasks = payload.tasks.length;
  const objects = payload.objects.length;
  const open = new Set(states.open);
  const endless = new Set(payload.livelock);
  const graph = {
    payload,
    tasks,
    text: (number) => (number < 0 ? "" : strings[number]),
    value: (state, object) => states.values[state * objects + object],
    condition: (state, task) => payload.conditions[states.conditions[state * tasks + task - 1]],
    position: (state, task) => payload.positions[task - 1][states.positions[state * tasks + task - 1]],
    classOf: (state) => states.class[state],
    deadlock: (state) => payload.deadlocks[states.deadlock[state]] ?? null,
    isOpen: (state) => open.has(state),
    onLivelock: (state) => endless.has(state),
    edgesOf(state) {
      const found = [];
      for (let edge = edges.start[state]; edge < edges.start[state + 1]; edge += 1) found.push(edge);
      return found;
    },
    actor: (edge) => edges.actor[edge],
    target: (edge) => edges.target[edge],
    sentence: (edge) => strings[edges.sentence[edge]],
    faults: (edge) => payload.fault_sets[edges.faults[edge]].map((number) => payload.faults[number]),
  };
  graph.edge = (state, actor) => graph.edgesOf(state).find((edge) => graph.actor(edge) === actor);
  graph.movesOf = (state) => graph.edgesOf(state).map(graph.actor);
  return graph;
}

/** Actors from here down are stores that overtake an unlock: -(OVERTAKE + task), as in sevviz/model.py. */
const OVERTAKE = 1000;

/** The number of the task that an actor is about. */
export const taskOf = (actor) => (actor < -OVERTAKE ? -actor - OVERTAKE : Math.abs(actor));

/** One choice as schedules write it: 2 a step, 2! a fatal signal, 2~ a store that overtakes. */
const formatActor = (actor) => `${taskOf(actor)}${actor > 0 ? "" : actor < -OVERTAKE ? "~" : "!"}`;

export const formatSchedule = (actors) => actors.map(formatActor).join(" ");

/** The actors that a schedule string names, as far as it can be read, and what is wrong with the rest ("" if nothing). */
export function parseSchedule(written, tasks) {
  const token = tasks <= 9 ? /\d[!~]?|[^\s,]/gu : /\d+[!~]?|[^\s,]/gu;
  const actors = [];
  for (const [found] of written.matchAll(token)) {
    const task = Number.parseInt(found, 10);
    const step = actors.length + 1;
    if (Number.isNaN(task)) {
      return { actors, problem: `Step ${step}: “${found}” is not a task; write task numbers 1 to ${tasks}, 2! is a fatal signal to task 2.` };
    }
    if (task < 1 || task > tasks) {
      return { actors, problem: `Step ${step}: there is no task ${task}; tasks are 1 to ${tasks}.` };
    }
    actors.push({ "!": -task, "~": -(OVERTAKE + task) }[found.at(-1)] ?? task);
  }
  return { actors, problem: "" };
}

/** Follow a schedule from the start as far as it goes: the states, edges and faults on the way, and why it ended. */
export function walk(graph, actors) {
  const path = { states: [0], edges: [], faults: [], problem: "" };
  const warned = new Set();
  for (const actor of actors) {
    const state = path.states.at(-1);
    const edge = graph.edge(state, actor);
    if (edge === undefined) {
      path.problem = whyNot(graph, path, actor);
      break;
    }
    path.faults.push(newFaults(graph, state, edge, warned));
    path.edges.push(edge);
    path.states.push(graph.target(edge));
  }
  return path;
}

/** The numbers of the positions at which the tasks are in a state. */
export function positionsIn({ payload, tasks }, state) {
  return payload.states.positions.slice(state * tasks, (state + 1) * tasks);
}

/** The faults of a step without warnings already given: a task seen to fall asleep is not warned again on waking. */
function newFaults(graph, state, edge, warned) {
  const key = (task, span) => `${task}@${span}`;
  const actor = graph.actor(edge);
  const fresh = graph.faults(edge).filter((f) => f.kind !== "sleep-in-atomic" || !warned.has(key(f.task, f.span)));
  const taken = actor > 0 ? key(actor, graph.position(state, actor).span) : "";
  for (const fault of fresh) warned.add(key(fault.task, fault.span));
  warned.delete(taken);
  return fresh;
}

/** The last step up to `step` at which an object got its present value; 0: it has had it from the start. */
export function since(graph, path, step, object) {
  for (let k = step; k > 0; k -= 1) {
    if (graph.value(path.states[k], object) !== graph.value(path.states[k - 1], object)) return k;
  }
  return 0;
}

/** Why a task cannot step after `step` steps, in words; "" if it can. */
export function reasonOf(graph, path, step, task) {
  const condition = graph.condition(path.states[step], task);
  return graph.text(condition.reason).replace("{since}", since(graph, path, step, condition.object));
}

function whyNot(graph, path, actor) {
  const step = path.states.length - 1;
  const state = path.states[step];
  const task = taskOf(actor);
  const condition = graph.condition(state, task);
  const can = graph.movesOf(state);
  const possible = can.length ? `possible: ${can.map(formatActor).join(", ")}` : "nothing can step";
  let reason = reasonOf(graph, path, step, task);
  if (graph.isOpen(state)) reason = "this page does not hold that step; run the notebook for it";
  else if (actor < -OVERTAKE) reason = "has no store here that may overtake an unlock";
  else if (actor < 0 && condition.kind !== "returned") reason = condition.signalled ? "has had its fatal signal" : "gets no fatal signal in this scenario";
  return whyNotText(step + 1, task, reason, possible);
}

const whyNotText = (step, task, reason, possible) => `Step ${step} cannot be taken: task ${task} ${reason}; ${possible}.`;

/** The number of the last step that left a safe state for one that is not; 0 while the run is safe. */
export function lastChoice(graph, path, step) {
  const classAt = (k) => graph.classOf(path.states[k]);
  if (["safe", "finished", "unknown"].includes(classAt(step))) return 0;
  for (let k = step; k > 0; k -= 1) if (classAt(k - 1) === "safe") return k;
  return 0;
}

/** The actors of forced moves from a state: while there is exactly one. Ends where a state or a deadlock comes (back). */
export function forcedFrom(graph, state) {
  const actors = [];
  const seen = new Set([state]);
  for (let at = state; ;) {
    const edges = graph.edgesOf(at);
    if (edges.length !== 1 || graph.isOpen(at)) return actors;
    actors.push(graph.actor(edges[0]));
    at = graph.target(edges[0]);
    if (seen.has(at) || (graph.deadlock(at) && !graph.deadlock(state))) return actors;
    seen.add(at);
  }
}

/** The first step of a path at which something goes wrong: a fault, or a deadlock that closes; 0 if there is none. */
export function firstFailure(graph, path) {
  const wrong = (k) => path.faults[k - 1].length > 0 || graph.deadlock(path.states[k]) !== null;
  for (let k = 1; k < path.states.length; k += 1) if (wrong(k)) return k;
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------
// Small tools for the document. Data go in as text only, never as markup.

/** An element with properties and children. `data`/`aria-*`/`class` are attributes, functions are listeners. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  const shown = children.filter((child) => child !== null && child !== undefined);
  element.append(...(tag === "option" ? shown : shown.flatMap((child) => (typeof child === "string" ? unbroken(child) : child))));
  // JupyterLab takes single keys from whatever has the focus, unless told not to (its shortcut manager reads this).
  if (element.matches("button, input, select, summary, [tabindex]")) element.setAttribute("data-lm-suppress-shortcuts", "true");
  return element;
}

/** A text as pieces: -EBUSY and a->b stay in one line, which a browser would break behind the hyphen. */
function unbroken(text) {
  return text.split(/(\w+\)?->\w+|-E[A-Z]{2,}\b)/u).flatMap((part, index) => {
    if (index % 2 === 0) return part || [];
    const whole = document.createElement("span");
    whole.className = "sv-unbroken";
    whole.textContent = part;
    return whole;
  });
}

const setText = (element, text) => {
  if (element.textContent !== text) element.replaceChildren(...unbroken(text));
};

const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

/** A disabled button would drop the focus to the page; this one keeps it and says that it does nothing now. */
const setEnabled = (button, enabled) => setAttribute(button, "aria-disabled", enabled ? "false" : "true");
const isEnabled = (button) => button.getAttribute("aria-disabled") !== "true";

/** A box as high as the tallest of the texts that it may show (found among the longest), so that nothing below moves. */
function slot(live, candidates) {
  const longest = [...new Set(candidates)].sort((a, b) => b.length - a.length).slice(0, 8);
  const ghosts = longest.map((text) => h("span", { class: "sv-ghost", "aria-hidden": "true" }, text));
  return h("div", { class: "sv-slot" }, live, ...ghosts);
}

/** An SVG of our own making, without anything that could run or that could clash with another one on the page. */
function importSvg(source) {
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return null;
  const svg = document.importNode(parsed, true);
  for (const element of svg.querySelectorAll("script, foreignObject, style, a[href]")) element.remove();
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    for (const { name } of [...element.attributes]) {
      if (name.startsWith("on") || name.endsWith("href")) element.removeAttribute(name);
    }
    if (element.id) {
      element.dataset.id = element.id;
      element.removeAttribute("id");
    }
  }
  for (const title of svg.querySelectorAll("title")) title.remove();
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  const { width, height } = svg.viewBox.baseVal;
  // Its texts have 13 units: readable where they can be, and not larger than those around.
  svg.style.maxWidth = `${width * 1.1}px`;
  svg.style.maxHeight = `${Math.min(height * 1.1, 400)}px`;
  return svg;
}

/** A number that no other widget of the document has: a notebook loads this module once for each of them. */
function freshNumber() {
  globalThis.sevvizWidgets = (globalThis.sevvizWidgets ?? 0) + 1;
  return globalThis.sevvizWidgets;
}

// ---------------------------------------------------------------------------------------------------------------
// The C listing.

const C_WORDS = new Set("break continue do else for goto if return switch while case default sizeof".split(" "));
const C_TYPES = new Set("atomic_t bool char const int long mutex signed spinlock_t static struct unsigned void".split(" "));
const C_TOKEN = /(\/\*[\s\S]*?\*\/|\/\/[^\n]*)|("(?:\\.|[^"\\])*")|([A-Za-z_]\w*)|(\d\w*)|([^])/gu;

/** For each line of a C text, its pieces [text, class]. */
function tokenize(text) {
  const lines = [[]];
  for (const [piece, comment, quoted, word, number] of text.matchAll(C_TOKEN)) {
    let kind = "";
    if (comment) kind = "sv-comment";
    else if (quoted || number) kind = "sv-number";
    else if (word) kind = C_WORDS.has(word) ? "sv-keyword" : C_TYPES.has(word) ? "sv-type" : "";
    piece.split("\n").forEach((part, index) => {
      if (index) lines.push([]);
      const before = lines.at(-1).at(-1);
      if (part && before?.[1] === kind) before[0] += part;
      else if (part) lines.at(-1).push([part, kind]);
    });
  }
  while (lines.length > 1 && lines.at(-1).length === 0) lines.pop();
  return lines;
}

/** The pieces of a line, cut at the edges of the spans [from, to) and marked where a span covers them. */
function cutLine(pieces, spans) {
  const cuts = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const nodes = [];
  let column = 1;
  for (const [text, kind] of pieces) {
    const inside = cuts.filter((cut) => cut > column && cut < column + text.length);
    let start = column;
    for (const end of [...inside, column + text.length]) {
      const covered = spans.some(({ from, to }) => from <= start && end <= to);
      const part = text.slice(start - column, end - column);
      nodes.push(...(kind || covered ? [h("span", { class: `${kind}${covered ? " sv-here" : ""}` }, ...unbroken(part))] : unbroken(part)));
      start = end;
    }
    column += text.length;
  }
  return nodes;
}

class Listing {
  constructor(graph) {
    this.graph = graph;
    this.rows = graph.payload.sources.map((source) => tokenize(source.text).map((pieces, index) => this.row(pieces, index + 1)));
    const blocks = this.rows.map((rows, index) => this.block(rows, index));
    const marks = Math.max(2, Math.min(graph.tasks, 4));
    this.box = h("div", { class: "sv-code", tabindex: "0", role: "group", "aria-label": "C source" }, ...blocks);
    this.box.style.setProperty("--sv-marks", `${marks}`); // not as an attribute: exported pages forbid inline styles
    this.shown = new Map(); // task -> the place that its marker has: "source:line"
    this.dirty = [];
    this.at = null; // the line that was revealed last
    // A notebook shows an element some time after it was made, and until then nothing can be scrolled.
    const seen = new ResizeObserver(() => {
      if (!this.box.clientHeight) return;
      seen.disconnect();
      this.begin();
    });
    seen.observe(this.box);
  }

  /** Begin at the code: the head comment says in other places, too, what it says. */
  begin() {
    const lines = this.graph.payload.sources[0].text.split("\n");
    const end = lines[0].startsWith("/*") ? lines.findIndex((line) => line.includes("*/")) : -1;
    const first = lines.findIndex((line, index) => index > end && line.trim());
    if (end > 0 && first > 0) this.box.scrollTop = this.rows[0][first].line.offsetTop;
    if (this.at) this.reveal(this.at);
  }

  row(pieces, number) {
    const marks = h("span", { class: "sv-marks" });
    const code = h("code", {}, ...cutLine(pieces, []));
    const [indent] = /^\t*/u.exec(pieces.map(([text]) => text).join(""));
    code.style.setProperty("--sv-tabs", `${indent.length}`);
    const line = h("div", { class: "sv-line" }, marks, h("span", { class: "sv-number-cell" }, `${number}`), code);
    return { line, marks, code, pieces };
  }

  block(rows, index) {
    const lines = rows.map((row) => row.line);
    if (index === 0) return h("div", {}, ...lines);
    return h("div", {}, h("div", { class: "sv-file" }, this.graph.payload.sources[index].name), ...lines);
  }

  /** Put each task's marker at its line. `fresh` is the task that has just stepped. */
  show(state, fresh) {
    for (const row of this.dirty) this.clear(row);
    this.dirty = [];
    const spans = new Map();
    let changed = null;
    for (let task = 1; task <= this.graph.tasks; task += 1) {
      const position = this.graph.position(state, task);
      if (!position.span) {
        this.shown.delete(task);
        continue;
      }
      const row = this.mark(state, task, position, spans, fresh);
      const place = position.span.join(":");
      if (this.shown.get(task) !== place && (task === fresh || changed === null)) changed = row;
      this.shown.set(task, place);
    }
    for (const [row, found] of spans) row.code.replaceChildren(...cutLine(row.pieces, found));
    if (changed) this.reveal(changed.line);
  }

  mark(state, task, position, spans, fresh) {
    const [source, line, column, endLine, endColumn] = position.span;
    const kind = lookOf(this.graph.condition(state, task));
    const row = this.touch(source, line);
    const now = task === fresh ? " sv-fresh" : "";
    row.marks.append(h("span", { class: `sv-mark sv-${kind}${now}` }, `${task}`));
    row.line.classList.add("sv-at");
    for (let n = line; n <= endLine; n += 1) {
      const found = { from: n === line ? column : 1, to: n === endLine ? endColumn : Infinity };
      const touched = this.touch(source, n);
      spans.set(touched, [...(spans.get(touched) ?? []), found]);
    }
    for (const caller of position.calls) {
      const called = this.touch(source, caller);
      called.marks.append(h("span", { class: "sv-mark sv-caller" }, `${task}`));
    }
    return row;
  }

  touch(source, line) {
    const row = this.rows[source][line - 1];
    if (!this.dirty.includes(row)) this.dirty.push(row);
    return row;
  }

  clear(row) {
    row.marks.replaceChildren();
    row.line.classList.remove("sv-at");
    row.code.replaceChildren(...cutLine(row.pieces, []));
  }

  /** Scroll the box, and never the page, until a line is well inside it; leave it alone if it already is. */
  reveal(line) {
    this.at = line;
    const box = this.box;
    const margin = 2 * line.offsetHeight;
    const top = line.offsetTop;
    const above = top - margin < box.scrollTop;
    const below = top + margin + line.offsetHeight > box.scrollTop + box.clientHeight;
    if (above || below) box.scrollTop = top - box.clientHeight / 3;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// How a task looks in a state: the same word for its marker, card and lane.

const LOOKS = {
  running: ["running", "·"],
  holding: ["holds a lock", "h"],
  atomic: ["atomic context", "a"],
  sleeping: ["sleeps", "z"],
  spinning: ["spins", "s"],
  "no-cpu": ["no CPU", "c"],
  fault: ["fault", "!"],
  returned: ["returned", "r"],
  stopped: ["stopped", "–"],
};

function lookOf(condition) {
  if (condition.kind === "faulted") return "fault";
  if (condition.kind !== "running") return condition.kind;
  if (condition.atomic) return "atomic";
  return condition.holds.length ? "holding" : "running";
}

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// ---------------------------------------------------------------------------------------------------------------
// One card per task.

class Card {
  constructor(player, task) {
    const { graph, id } = player;
    const { arrow, label } = graph.payload.tasks[task - 1];
    const texts = graph.payload.positions[task - 1];
    this.task = task;
    this.graph = graph;
    const reasons = [...this.reasons(), ...texts.map((position) => this.place(position))];
    this.mark = h("span", { class: "sv-mark", "aria-hidden": "true" }, `${task}`);
    this.look = h("span", { class: "sv-look" });
    this.about = h("p", { class: "sv-about", id: `${id}-about-${task}` });
    this.reason = h("p", { class: "sv-reason", id: `${id}-reason-${task}` });
    this.step = h("button", {
      type: "button", class: "sv-step", "aria-keyshortcuts": `${task}`,
      "aria-describedby": `${this.about.id} ${this.reason.id}`, click: () => player.choose(task),
    }, `Step ${task}`);
    this.signal = graph.payload.signals
      ? h("button", { type: "button", class: "sv-signal", "aria-keyshortcuts": `Shift+${task}`, click: () => player.choose(-task) }, `Fatal signal to ${task}`)
      : null;
    this.overtake = graph.payload.weak
      ? h("button", { type: "button", class: "sv-signal", title: "Weak memory order: the store behind an unlock becomes visible before it", click: () => player.choose(-OVERTAKE - task) }, `Store of ${task} overtakes`)
      : null;
    this.box = h("div", { class: "sv-card", role: "group", "aria-label": `Task ${task}: ${label}` },
      h("div", { class: "sv-card-head" }, this.mark, h("span", { class: "sv-name" }, arrow), slot(this.look, this.looks())),
      h("div", { class: "sv-buttons" }, this.step, this.signal, this.overtake),
      slot(this.about, texts.map((position) => graph.text(position.about))),
      slot(this.reason, reasons));
  }

  looks() {
    return this.graph.payload.conditions.map((condition) => this.words(condition, lookOf(condition)))
      .concat(`${LOOKS.fault[0]} · ${LOOKS.atomic[0]}`);
  }

  reasons() {
    const { graph } = this;
    return graph.payload.conditions.map((condition) => graph.text(condition.reason).replace("{since}", "99"));
  }

  place(position) {
    if (!position.span) return "";
    const locals = this.graph.text(position.locals);
    return `${this.graph.text(position.function)}()${locals ? `: ${locals}` : ""}`;
  }

  show(view) {
    const { state, path, step, fresh, faults } = view;
    const condition = this.graph.condition(state, this.task);
    const position = this.graph.position(state, this.task);
    const moves = this.graph.movesOf(state);
    const blamed = faults.some((fault) => fault.task === this.task);
    const look = blamed ? "fault" : lookOf(condition);
    const returned = condition.kind === "returned";
    setAttribute(this.mark, "class", `sv-mark sv-${look}`);
    setText(this.look, this.words(condition, look));
    setText(this.about, upper(this.graph.text(position.about)));
    const reason = returned ? "" : upper(reasonOf(this.graph, path, step, this.task));
    setText(this.reason, reason || this.place(position));
    this.reason.classList.toggle("sv-where", !reason);
    setEnabled(this.step, moves.includes(this.task));
    if (this.signal) setEnabled(this.signal, moves.includes(-this.task));
    if (this.overtake) setEnabled(this.overtake, moves.includes(-OVERTAKE - this.task));
    this.box.classList.toggle("sv-fresh", fresh === this.task);
    this.box.classList.toggle("sv-blocked", Boolean(condition.holder));
    this.box.classList.toggle("sv-ring", view.deadlock?.tasks.includes(this.task) ?? false);
  }

  words(condition, look) {
    const words = [];
    if (condition.kind === "returned") words.push(condition.result === null ? "returned" : `returned ${condition.result}`);
    else words.push(LOOKS[look][0]);
    if (condition.atomic && look !== "atomic") words.push("atomic context");
    if (condition.signalled && condition.kind !== "returned") words.push("signal pending");
    return words.join(" · ");
  }
}

// ---------------------------------------------------------------------------------------------------------------
// The wait-for picture and its twin in words: what holds what.

class Objects {
  constructor(graph) {
    this.graph = graph;
    this.svg = graph.payload.picture ? importSvg(graph.payload.picture) : null;
    this.parts = new Map();
    for (const part of this.svg?.querySelectorAll("[data-id]") ?? []) this.parts.set(part.dataset.id, part);
    this.rows = graph.payload.objects.map((object) => this.row(object));
    const table = h("table", { class: "sv-objects" },
      h("caption", {}, "What holds what"),
      h("thead", {}, h("tr", {}, ...["lock or field", "now"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...this.rows.map((row) => row.line)));
    this.picture = this.svg ? h("div", { class: "sv-picture" }, this.svg) : null;
    this.svg?.setAttribute("role", "img");
    this.box = h("div", { class: "sv-side" }, this.picture, table);
  }

  row(object) {
    const [old, now] = [h("span", { class: "sv-old" }), h("span", { class: "sv-now" })];
    const name = h("th", { scope: "row" }, h("span", { class: "sv-object" }, object.name), " ", h("span", { class: "sv-kind" }, object.kind));
    const line = h("tr", {}, name, h("td", {}, old, now));
    return { line, old, now };
  }

  words(object, value) {
    const isLock = ["mutex", "spinlock"].includes(this.graph.payload.objects[object].kind);
    if (!isLock) return `${value}`;
    return value ? `task ${value}` : "free";
  }

  show({ state, before, deadlock }) {
    this.rows.forEach((row, object) => {
      const value = this.graph.value(state, object);
      const old = this.graph.value(before, object);
      setText(row.old, old === value ? "" : `${this.words(object, old)} → `);
      setText(row.now, this.words(object, value));
      row.line.classList.toggle("sv-changed", old !== value);
      row.line.classList.toggle("sv-taken", this.words(object, value) !== "free" && value !== 0);
    });
    if (this.svg) this.draw(state, before, deadlock);
  }

  /** The ids of the arrows of a state. */
  arrows(state) {
    const found = new Set();
    for (let task = 1; task <= this.graph.tasks; task += 1) {
      const condition = this.graph.condition(state, task);
      for (const lock of condition.holds) found.add(`h-${lock}-${task}`);
      if (condition.keeps_cpu) found.add(`h-cpu-${task}`);
      if (condition.holder) found.add(`w-${task}-${condition.object < 0 ? "cpu" : condition.object}`);
    }
    return found;
  }

  draw(state, before, deadlock) {
    const now = this.arrows(state);
    const earlier = this.arrows(before);
    const ring = new Set(deadlock?.parts ?? []);
    for (const [id, part] of this.parts) {
      const isArrow = /^[hw]-/u.test(id);
      part.classList.toggle("sv-off", isArrow && !now.has(id));
      part.classList.toggle("sv-on", now.has(id));
      part.classList.toggle("sv-fresh", now.has(id) && !earlier.has(id));
      part.classList.toggle("sv-ring", ring.has(id) && (!isArrow || now.has(id)));
      part.classList.toggle("sv-bystander", ring.size > 0 && !ring.has(id));
    }
    setAttribute(this.svg, "aria-label", this.told(now));
  }

  told(arrows) {
    const named = (lock) => (lock === "cpu" ? "a CPU" : this.graph.payload.objects[lock].name);
    const each = [...arrows].map((id) => {
      const [kind, first, second] = id.split("-");
      if (kind === "w") return `task ${first} waits for ${named(second)}`;
      return `task ${second} ${first === "cpu" ? "keeps" : "holds"} ${named(first)}`;
    });
    return `Wait-for graph: ${each.length ? each.join(", ") : "nobody holds or waits for anything"}`;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Lanes: one row per task, one column per state of the schedule.

class Lanes {
  constructor(player) {
    this.player = player;
    this.graph = player.graph;
    this.grid = h("div", { class: "sv-grid", role: "img", click: (event) => this.clicked(event) });
    this.box = h("div", { class: "sv-lanes", tabindex: "0", role: "group", "aria-label": "Lanes of the tasks" }, this.grid);
    this.columns = [];
  }

  clicked(event) {
    const cell = event.target.closest("[data-step]");
    if (cell) this.player.goTo(Number(cell.dataset.step));
  }

  /** Build the lanes of a schedule; `show` only moves the mark of the present in them. */
  build(path) {
    const steps = path.states.map((_, step) => step);
    const head = steps.map((step) => h("span", { class: "sv-cell sv-count", "data-step": `${step}` }, `${step}`));
    this.columns = steps.map((step) => [head[step]]);
    const rows = [h("span", { class: "sv-lane-name sv-count" }, "step"), ...head];
    for (let task = 1; task <= this.graph.tasks; task += 1) {
      const { arrow } = this.graph.payload.tasks[task - 1];
      const cells = steps.map((step) => this.cell(path, step, task));
      cells.forEach((cell, step) => this.columns[step].push(cell));
      rows.push(h("span", { class: "sv-lane-name" }, h("b", {}, `${task}`), ` ${arrow}`), ...cells);
    }
    this.grid.style.setProperty("--sv-columns", `${steps.length}`);
    this.grid.replaceChildren(...rows);
  }

  cell(path, step, task) {
    const condition = this.graph.condition(path.states[step], task);
    const blamed = step > 0 && path.faults[step - 1].some((fault) => fault.task === task);
    const look = blamed ? "fault" : lookOf(condition);
    const actor = step > 0 ? this.graph.actor(path.edges[step - 1]) : 0;
    const ring = this.graph.deadlock(path.states[step])?.tasks.includes(task);
    const classes = ["sv-cell", `sv-${look}`];
    if (actor && taskOf(actor) === task) classes.push("sv-acted");
    if (condition.atomic) classes.push("sv-in-atomic");
    if (ring) classes.push("sv-ring");
    const letter = actor < 0 && taskOf(actor) === task ? formatActor(actor) : LOOKS[look][1];
    return h("span", { class: classes.join(" "), "data-step": `${step}` }, letter);
  }

  show({ path, step }) {
    this.columns.forEach((cells, number) => {
      for (const cell of cells) {
        cell.classList.toggle("sv-present", number === step);
        cell.classList.toggle("sv-future", number > step);
      }
    });
    setAttribute(this.grid, "aria-label", `Lanes: what each task did in ${path.edges.length} steps; all steps as text are below`);
    const cell = this.columns[step][0];
    const left = cell.offsetLeft - this.box.clientWidth / 2;
    if (cell.offsetLeft < this.box.scrollLeft + 90 || cell.offsetLeft + 60 > this.box.scrollLeft + this.box.clientWidth) {
      this.box.scrollLeft = left;
    }
  }
}

function legend() {
  const items = Object.entries(LOOKS).filter(([look]) => look !== "stopped").map(([look, [words, letter]]) =>
    h("li", {}, h("span", { class: `sv-cell sv-${look}`, "aria-hidden": "true" }, letter), words));
  return h("ul", { class: "sv-legend", "aria-label": "Legend" }, ...items,
    h("li", {}, h("span", { class: "sv-cell sv-running sv-acted", "aria-hidden": "true" }, "·"), "took this step"));
}

// ---------------------------------------------------------------------------------------------------------------
// What real kernels did where they were run along the reader's schedule: recorded words, looked up.

/** The longest recorded schedule that is the reader's, or the beginning of it; null if there is none. */
export function recordedAlong(runs, schedule) {
  const along = runs.filter((run) => run.schedule === schedule || schedule.startsWith(`${run.schedule} `));
  return along.reduce((longest, { schedule: one }) => (longest === null || one.length > longest.length ? one : longest), null);
}

const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

class KernelRuns {
  constructor(player) {
    this.player = player;
    this.data = player.graph.payload.kernel;
    this.title = h("span", {});
    this.found = h("div", { class: "sv-runs" });
    this.shown = ""; // the schedule that the words are of
    this.select = h("select", { id: `${player.id}-runs`, change: () => this.chosen() }, h("option", { value: "" }, "choose one"), ...this.options());
    this.box = h("details", { class: "sv-log sv-kernel", toggle: () => this.show() }, h("summary", {}, this.title), this.found,
      h("p", { class: "sv-runs-more" }, h("label", { for: this.select.id }, "Go to a schedule at which a kernel was run: "), this.select),
      h("p", { class: "sv-runs-note" }, this.data.note));
  }

  options() {
    const first = new Map();
    for (const run of this.data.runs) if (!first.has(run.schedule)) first.set(run.schedule, run);
    return [...first.values()].map((run) => h("option", { value: run.schedule }, `${run.schedule}: ${this.reports(run)}`));
  }

  reports(run) {
    return run.words.length ? counted(run.words.length, "report") : "nothing printed";
  }

  chosen() {
    if (this.select.value) this.player.open(this.select.value);
  }

  show() {
    const schedule = formatSchedule(this.player.schedule);
    const along = recordedAlong(this.data.runs, schedule);
    const runs = this.data.runs.filter((run) => run.schedule === along);
    const place = along === schedule ? "at this schedule" : `along its first ${counted(along?.split(" ").length, "step")}`;
    setText(this.title, along === null ? "A real kernel: not run at this schedule" : `A real kernel ${place}: ${this.reports(runs[0])}`);
    this.select.value = along === schedule ? schedule : "";
    if (!this.box.open || this.shown === schedule) return;
    this.shown = schedule;
    const [first, ...others] = runs.map((run) => this.told(run, along === schedule));
    const folded = others.map(([head, ...rest]) => h("details", {}, h("summary", {}, ...head.childNodes), ...rest));
    this.found.replaceChildren(...(first ?? []), ...folded);
  }

  told(run, whole) {
    const steps = whole ? "this interleaving" : `the first ${counted(run.schedule.split(" ").length, "step")} of it`;
    const words = run.words.map((number) => this.data.words[number]);
    return [
      h("p", { class: "sv-run" }, run.head.replace("{where}", steps)),
      ...words.map((text) => h("pre", { tabindex: "0", role: "group", "aria-label": text.split("\n", 1)[0] }, text)),
      h("ul", { "aria-label": "What became of the tasks" }, ...run.outcome.map((line) => h("li", {}, line))),
    ];
  }
}

// ---------------------------------------------------------------------------------------------------------------
// The player.

const KEYS = [
  ["1 … 9", "step that task"],
  ["Shift+1 … 9", "fatal signal to that task, where the scenario has signals"],
  ["← or u or Backspace", "one step back"],
  ["→", "one step forward again"],
  ["Home, End", "to the start, to the end of the schedule"],
  ["n", "take forced steps up to the next choice"],
  ["f", "to the failure: of this schedule, or else the first one found"],
  ["?", "show or hide this list"],
];

const brokenText = (step) => `rule broken: step ${step}`;
const savedText = (step) => `Last choice that could have saved it: step ${step}`;
const MOST_CHIPS = 6; // outcomes shown at once; the others are folded
const FIRST = "Before the first step. Choose which task goes first.";

class Player {
  constructor(element, payload, options) {
    this.id = `sevviz-${freshNumber()}`;
    this.graph = readGraph(payload);
    this.options = options;
    this.schedule = [];
    this.step = 0;
    this.path = walk(this.graph, []);
    this.note = "";
    this.build(element);
    this.open(options.schedule ?? "", options.step);
  }

  build(element) {
    const { payload } = this.graph;
    this.listing = new Listing(this.graph);
    this.objects = new Objects(this.graph);
    this.cards = payload.tasks.map((_, index) => new Card(this, index + 1));
    this.lanes = new Lanes(this);
    this.root = h("div", {
      class: this.options.veiled ? "sevviz sv-veiled" : "sevviz", tabindex: "-1", role: "group", "aria-label": `Stepper: ${payload.title}, ${payload.scenario.title}`,
      keydown: (event) => this.pressed(event),
    }, h("div", { class: "sv-body" },
      this.buildHead(payload), this.buildHelp(), this.buildVerdict(payload),
      h("div", { class: "sv-sheet" }, this.listing.box, this.objects.box),
      this.buildMoment(),
      h("div", { class: "sv-cards" }, ...this.cards.map((card) => card.box)),
      h("div", { class: "sv-time" }, this.lanes.box, this.buildTransport(), legend()),
      this.buildSchedule(), this.buildLog(), this.buildKernel()));
    element.replaceChildren(this.root);
  }

  buildHead(payload) {
    this.helpButton = h("button", {
      type: "button", class: "sv-plain", "aria-expanded": "false", "aria-controls": `${this.id}-help`,
      "aria-keyshortcuts": "?", click: () => this.toggleHelp(),
    }, "? keys");
    return h("div", { class: "sv-head" },
      h("div", {}, h("p", { class: "sv-title" }, payload.title), h("p", { class: "sv-scenario" }, payload.scenario.title)),
      this.helpButton);
  }

  buildHelp() {
    const rows = KEYS.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)]);
    this.help = h("div", { class: "sv-help", id: `${this.id}-help`, hidden: true },
      h("p", {}, "Keys, while the focus is in this player:"), h("dl", {}, ...rows));
    return this.help;
  }

  buildVerdict(payload) {
    this.chips = payload.chips.map((chip) => ({
      chip,
      button: h("button", {
        type: "button", class: `sv-chip sv-${chip.tone}`, "aria-pressed": "false", click: () => this.openChip(chip),
      }, h("span", { class: "sv-label" }, chip.label), chip.count ? h("span", { class: "sv-tally" }, chip.count) : null),
    }));
    const cut = payload.cut
      ? h("p", { class: "sv-cut" }, `This page holds the first ${payload.cut.depth} steps (${payload.cut.kept} of ${payload.cut.of} states); run the notebook for the rest.`)
      : null;
    const buttons = this.chips.map(({ button }) => button);
    const [shown, folded] = buttons.length > MOST_CHIPS + 1 ? [buttons.slice(0, MOST_CHIPS), buttons.slice(MOST_CHIPS)] : [buttons, []];
    const group = (inside, label) => h("div", { class: "sv-chips", role: "group", "aria-label": label }, ...inside);
    const more = folded.length ? h("details", { class: "sv-more" }, h("summary", {}, `${folded.length} more`), group(folded, "More of what schedules lead to")) : null;
    this.found = h("div", { class: "sv-found", inert: this.options.veiled },
      h("p", { class: `sv-line-verdict sv-${payload.verdict.status}` }, payload.verdict.line), cut,
      group(shown, "What schedules lead to; each opens a shortest one"), more);
    const veil = h("div", { class: "sv-veil" }, h("p", {}, "What the search found is covered until you commit your prediction."),
      h("button", { type: "button", class: "sv-plain", click: () => this.unveil() }, "Show it anyway"));
    return h("div", { class: "sv-verdict" }, this.found, this.options.veiled ? veil : null);
  }

  /** Uncover what the search found. */
  unveil() {
    if (!this.root.classList.contains("sv-veiled")) return;
    const focused = this.root.querySelector(".sv-veil").contains(document.activeElement);
    this.root.classList.remove("sv-veiled");
    this.found.removeAttribute("inert");
    this.showMoment(this.view());
    if (focused) this.root.focus();
    this.options.onUnveil?.();
  }

  buildMoment() {
    this.badge = h("span", { class: "sv-badge" });
    this.saved = h("button", { type: "button", class: "sv-plain", click: () => this.goToChoice() });
    this.broken = this.graph.payload.faults.length
      ? h("button", { type: "button", class: "sv-plain sv-broken", click: () => this.goTo(this.brokenAt()) }, brokenText(99))
      : null;
    this.said = h("p", { class: "sv-said" });
    this.alert = h("p", { class: "sv-alert" });
    this.remark = h("p", { class: "sv-remark" });
    this.status = h("div", { class: "sv-status", role: "status", "aria-live": "polite" },
      slot(this.said, this.sentences()), slot(this.alert, this.alerts()), slot(this.remark, this.remarks()));
    return h("div", { class: "sv-moment" }, h("div", { class: "sv-class" }, this.badge, this.broken, slot(this.saved, [savedText(99)])), this.status);
  }

  /** The first step up to the present one that broke a rule; 0 if none did. */
  brokenAt() {
    return this.path.faults.slice(0, this.step).findIndex((faults) => faults.length > 0) + 1;
  }

  sentences() {
    const { edges, strings } = this.graph.payload;
    return [...new Set(edges.sentence)].map((number) => `Step 99. ${strings[number]}`).concat(FIRST);
  }

  /** Everything that the alert line may say: what a step breaks together with the deadlock that it leads to. */
  alerts() {
    const { edges, classes } = this.graph.payload;
    const found = new Set(Object.values(classes));
    edges.target.forEach((target, edge) => found.add(`⚠ ${this.alertText(this.graph.faults(edge), this.graph.deadlock(target))}`));
    return [...found];
  }

  remarks() {
    const reasons = this.graph.payload.conditions.map((condition) => this.graph.text(condition.reason));
    const longest = reasons.reduce((a, b) => (b.length > a.length ? b : a), "");
    return [whyNotText(99, 1, longest, "possible: 1, 2, 3")];
  }

  alertText(faults, deadlock) {
    const texts = faults.map((fault) => this.graph.text(fault.sentence));
    if (deadlock) texts.push(this.graph.text(deadlock.sentence));
    return texts.join(" ");
  }

  buildTransport() {
    const button = (label, words, key, action) =>
      h("button", { type: "button", class: "sv-go", "aria-label": words, title: words, "aria-keyshortcuts": key, click: action }, label);
    this.first = button("|◀", "To the start", "Home", () => this.goTo(0));
    this.back = button("◀", "One step back", "ArrowLeft", () => this.goTo(this.step - 1));
    this.next = button("▶", "One step forward", "ArrowRight", () => this.goTo(this.step + 1));
    this.last = button("▶|", "To the end", "End", () => this.goTo(this.schedule.length));
    this.slider = h("input", {
      type: "range", min: "0", value: "0", class: "sv-slider", "aria-label": "Step of the schedule",
      input: () => this.goTo(Number(this.slider.value)),
    });
    this.counter = h("span", { class: "sv-counter" });
    this.forced = h("button", { type: "button", class: "sv-plain sv-forced", "aria-keyshortcuts": "n", click: () => this.runForced() }, "Run to the next choice");
    return h("div", { class: "sv-transport", role: "group", "aria-label": "Walk along the schedule" },
      this.first, this.back, this.slider, this.next, this.last, this.counter, this.forced);
  }

  buildSchedule() {
    this.field = h("input", {
      type: "text", class: "sv-field", id: `${this.id}-schedule`, spellcheck: "false", autocomplete: "off",
      "aria-describedby": `${this.id}-problem`, change: () => this.open(this.field.value),
    });
    this.problem = h("p", { class: "sv-problem", id: `${this.id}-problem` });
    const copy = h("button", { type: "button", class: "sv-plain", click: () => this.copy(formatSchedule(this.schedule), "Schedule copied.") }, "Copy");
    const link = this.options.link
      ? h("button", { type: "button", class: "sv-plain", click: () => this.copy(this.options.link(formatSchedule(this.schedule), this.step), "Link copied.") }, "Copy link")
      : null;
    return h("div", { class: "sv-schedule" },
      h("label", { for: this.field.id }, "Schedule"), this.field, copy, link, slot(this.problem, ["x"]));
  }

  buildLog() {
    this.log = h("ol", {});
    this.details = h("details", { class: "sv-log", toggle: () => this.showLog() }, h("summary", {}, "All steps as text"), this.log);
    return this.details;
  }

  buildKernel() {
    this.kernel = this.graph.payload.kernel ? new KernelRuns(this) : null;
    return this.kernel?.box;
  }

  // What the reader does.

  /** Take a step: along the schedule if it goes on with this actor, else on a new one from here. */
  choose(actor) {
    if (this.graph.edge(this.path.states[this.step], actor) === undefined) {
      this.say(whyNot(this.graph, this.cutPath(), actor));
      return;
    }
    if (this.schedule[this.step] === actor) {
      this.goTo(this.step + 1);
      return;
    }
    const dropped = this.schedule.length - this.step;
    this.setSchedule([...this.schedule.slice(0, this.step), actor], this.step + 1);
    if (dropped) this.note = `A new choice: the ${dropped === 1 ? "step" : `${dropped} steps`} that followed here before ${dropped === 1 ? "was" : "were"} dropped.`;
    this.show();
  }

  /** The path up to the present step. */
  cutPath() {
    const { states, edges, faults } = this.path;
    return { states: states.slice(0, this.step + 1), edges: edges.slice(0, this.step), faults: faults.slice(0, this.step), problem: "" };
  }

  goTo(step) {
    const within = Math.max(0, Math.min(step, this.schedule.length));
    if (within === this.step) return;
    this.step = within;
    this.note = "";
    this.show();
  }

  goToChoice() {
    const choice = lastChoice(this.graph, this.path, this.step);
    if (!choice) return;
    this.step = choice - 1;
    this.note = `Before step ${choice}: here another choice could still have saved it.`;
    this.show();
  }

  runForced() {
    const forced = forcedFrom(this.graph, this.path.states[this.step]);
    if (!forced.length) {
      this.say("There is a choice here: step one of the tasks.");
      return;
    }
    const known = this.schedule.slice(this.step, this.step + forced.length);
    const step = this.step + forced.length;
    if (forced.every((actor, index) => known[index] === actor)) this.step = step;
    else this.setSchedule([...this.schedule.slice(0, this.step), ...forced], step);
    this.note = `Took ${forced.length} forced ${forced.length === 1 ? "step" : "steps"}: each was the only one possible.`;
    this.show();
  }

  openChip(chip) {
    this.open(formatSchedule(chip.schedule));
    if (chip.loop) this.say(`The last ${chip.loop} steps are the ${chip.loop} before them over again: this can go on for ever.`);
  }

  goToFailure() {
    const here = firstFailure(this.graph, this.path);
    const chip = this.graph.payload.chips.find(({ tone }) => tone === "bad");
    if (here) this.goTo(here);
    else if (chip) this.openChip(chip);
    else this.say("No schedule fails.");
  }

  /** Read a schedule tolerantly: follow what can be followed, and say why the rest cannot. */
  open(written, step) {
    const { actors, problem } = parseSchedule(written, this.graph.tasks);
    this.setSchedule(actors, 0);
    const trouble = this.path.problem || problem;
    this.schedule = actors.slice(0, this.path.edges.length);
    this.step = Math.max(0, Math.min(step ?? this.schedule.length, this.schedule.length));
    this.note = "";
    this.show();
    setText(this.problem, trouble);
    if (trouble) this.say(trouble);
  }

  setSchedule(actors, step) {
    this.path = walk(this.graph, actors);
    this.schedule = actors;
    this.step = step;
    this.built = false;
  }

  say(text) {
    this.note = text;
    setText(this.remark, text);
  }

  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(done);
    } catch {
      this.field.select();
      this.say("The browser does not allow copying; the schedule is selected instead.");
    }
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    setAttribute(this.helpButton, "aria-expanded", `${!this.help.hidden}`);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(".sv-field, select")) return;
    const action = this.actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  actionOf(event) {
    const digit = /^(?:Digit|Numpad)([1-9])$/u.exec(event.code)?.[1] ?? (/^[1-9]$/u.test(event.key) ? event.key : null);
    if (digit && Number(digit) <= this.graph.tasks) {
      const task = Number(digit);
      return () => this.choose(event.shiftKey ? -task : task);
    }
    return {
      ArrowLeft: () => this.goTo(this.step - 1),
      ArrowRight: () => this.goTo(this.step + 1),
      Backspace: () => this.goTo(this.step - 1),
      u: () => this.goTo(this.step - 1),
      Home: () => this.goTo(0),
      End: () => this.goTo(this.schedule.length),
      n: () => this.runForced(),
      f: () => this.goToFailure(),
      "?": () => this.toggleHelp(),
    }[event.key];
  }

  // What the reader sees.

  view() {
    const { path, step } = this;
    const edge = step ? path.edges[step - 1] : null;
    const state = path.states[step];
    return {
      path, step, state,
      before: step ? path.states[step - 1] : state,
      fresh: edge === null ? 0 : taskOf(this.graph.actor(edge)),
      faults: step ? path.faults[step - 1] : [],
      sentence: edge === null ? "" : this.graph.sentence(edge),
      deadlock: this.graph.deadlock(state),
    };
  }

  show() {
    const view = this.view();
    if (!this.built) {
      this.lanes.build(this.path);
      this.built = true;
      setText(this.problem, "");
      this.showLog();
      this.kernel?.show();
    }
    this.listing.show(view.state, view.fresh);
    this.objects.show(view);
    for (const card of this.cards) card.show(view);
    this.lanes.show(view);
    this.showMoment(view);
    this.showTransport(view);
    this.showChips();
    this.options.onChange?.({ schedule: formatSchedule(this.schedule), step: this.step });
  }

  showMoment(view) {
    const kind = this.graph.classOf(view.state);
    const choice = lastChoice(this.graph, this.path, this.step);
    const broken = this.brokenAt();
    setAttribute(this.badge, "class", `sv-badge sv-class-${kind}${broken ? " sv-tainted" : ""}`);
    this.showBadge(view.state);
    if (this.broken) setText(this.broken, brokenText(broken || 99));
    this.broken?.classList.toggle("sv-absent", !broken);
    setText(this.saved, choice ? savedText(choice) : "");
    this.saved.classList.toggle("sv-absent", !choice);
    setText(this.said, view.step ? `Step ${view.step}. ${view.sentence}` : FIRST);
    const alert = this.alertText(view.faults, view.deadlock);
    setText(this.alert, alert ? `⚠ ${alert}` : `${upper(this.graph.payload.classes[kind])}.`);
    this.alert.classList.toggle("sv-calm", !alert);
    setText(this.remark, this.note || this.remarkOn(view));
  }

  /** The class of a state; that it is on a livelock's loop is a finding, to be covered until the reader has committed. */
  showBadge(state) {
    const tell = this.graph.onLivelock(state) && !this.root.classList.contains("sv-veiled");
    setText(this.badge, `${this.graph.classOf(state)}${tell ? ", on a livelock loop" : ""}`);
  }

  /** What a walk over the path shows: a state seen before, or the end of what this page holds. */
  remarkOn({ state, step }) {
    const earlier = this.root.classList.contains("sv-veiled") ? -1 : this.path.states.slice(0, step).lastIndexOf(state);
    if (earlier >= 0) return `The same state as after step ${earlier}: these ${step - earlier} steps can repeat for ever.`;
    if (this.graph.isOpen(state)) return "Some steps from here are not on this page; run the notebook for the rest.";
    return "";
  }

  showTransport({ step, state }) {
    const steps = this.schedule.length;
    for (const button of [this.first, this.back]) setEnabled(button, step > 0);
    for (const button of [this.next, this.last]) setEnabled(button, step < steps);
    setEnabled(this.forced, forcedFrom(this.graph, state).length > 0);
    setAttribute(this.slider, "max", `${Math.max(steps, 1)}`);
    this.slider.value = `${step}`;
    setAttribute(this.slider, "aria-valuetext", `step ${step} of ${steps}`);
    setText(this.counter, `step ${step} of ${steps}`);
    if (document.activeElement !== this.field || this.field.value.trim() === "") this.field.value = formatSchedule(this.schedule);
  }

  showChips() {
    const written = formatSchedule(this.schedule);
    for (const { chip, button } of this.chips) setAttribute(button, "aria-pressed", `${formatSchedule(chip.schedule) === written}`);
  }

  showLog() {
    if (!this.details.open) return;
    const items = this.path.edges.map((edge, index) => {
      const faults = this.path.faults[index].map((fault) => this.graph.text(fault.sentence));
      const deadlock = this.graph.deadlock(this.path.states[index + 1]);
      const closes = deadlock && deadlock !== this.graph.deadlock(this.path.states[index]);
      return h("li", {}, [this.graph.sentence(edge), ...faults, closes ? this.graph.text(deadlock.sentence) : ""].join(" ").trim());
    });
    this.log.replaceChildren(...items);
  }
}

/**
 * Put a player into an element. Options: `schedule` (string), `step` (number; default: the end), `onChange({schedule,
 * step})`, `link(schedule, step)` giving the URL of that moment, `veiled` (what was found is covered) and `onUnveil()`.
 * Returns {open(schedule, step), schedule, step, passed, unveil(), destroy}.
 */
export function mount(element, payload, options = {}) {
  const player = new Player(element, payload, options);
  return {
    open: (schedule, step) => player.open(schedule, step),
    unveil: () => player.unveil(),
    get schedule() {
      return formatSchedule(player.schedule);
    },
    get step() {
      return player.step;
    },
    /** The positions of all tasks in each state of the chosen schedule. */
    get passed() {
      return player.path.states.map((state) => positionsIn(player.graph, state));
    },
    destroy: () => element.replaceChildren(),
  };
}

// ---------------------------------------------------------------------------------------------------------------
// The notebook: an anywidget whose traits are payload, schedule, step and figure {svg, alt}.

function showFigure(image, figure) {
  image.hidden = !figure?.svg;
  if (image.hidden) return;
  image.alt = figure.alt;
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure.svg)}`;
}

function render({ model, el }) {
  const home = document.createElement("div");
  const image = h("img", { class: "sv-figure", alt: "", hidden: true });
  el.replaceChildren(home, image);
  let player = null;
  // Each trait that is set is announced at once: a moment is told whole, in one message, and what is followed is not told back.
  let quiet = false;
  const quietly = (action) => {
    quiet = true;
    try {
      action();
    } finally {
      quiet = false;
    }
  };
  const onChange = ({ schedule, step }) => {
    if (quiet) return;
    quietly(() => {
      model.set("schedule", schedule);
      model.set("step", step);
    });
    model.save_changes();
  };
  const onUnveil = () => {
    model.set("veiled", false);
    model.save_changes();
  };
  const rebuild = () => {
    const at = { schedule: model.get("schedule"), step: model.get("step"), veiled: model.get("veiled") };
    player = mount(home, model.get("payload"), { ...at, onChange, onUnveil });
  };
  const uncover = () => model.get("veiled") || player.unveil();
  const follow = () => {
    const [schedule, step] = [model.get("schedule"), model.get("step")];
    if (!quiet && (schedule !== player.schedule || step !== player.step)) quietly(() => player.open(schedule, step));
  };
  const redraw = () => showFigure(image, model.get("figure"));
  rebuild();
  redraw();
  model.on("change:payload", rebuild);
  model.on("change:veiled", uncover);
  model.on("change:schedule", follow);
  model.on("change:step", follow);
  model.on("change:figure", redraw);
  return () => {
    model.off("change:payload", rebuild);
    model.off("change:veiled", uncover);
    model.off("change:schedule", follow);
    model.off("change:step", follow);
    model.off("change:figure", redraw);
  };
}

export default { render };
