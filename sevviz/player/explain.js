/*
 * The live views beside the stepper: progress graph, state map, comparison, matrix, and why a scheme passes. Each shows
 * data that Python made (sevviz/views/*.py) and walks them; none knows a lock rule. `data.view` names the view.
 *
 * One module for both homes, as in player.js: anywidget calls render(), an exported page calls mount().
 */

const SVG = "http://www.w3.org/2000/svg";
/** A number that no other widget of the document has: a notebook loads this module once for each of them. */
function freshNumber() {
  globalThis.sevvizWidgets = (globalThis.sevvizWidgets ?? 0) + 1;
  return globalThis.sevvizWidgets;
}

// ---------------------------------------------------------------------------------------------------------------
// Small tools. Data go into the document as text only, never as markup.

/** An element with attributes (functions are listeners) and children. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  // JupyterLab takes single keys from whatever has the focus, unless told not to.
  if (element.matches("button, input, select, summary, a[href], [tabindex]")) element.setAttribute("data-lm-suppress-shortcuts", "true");
  return element;
}

/** An SVG element. */
function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  const shown = children.filter((child) => child !== null && child !== undefined);
  const whole = element.namespaceURI === SVG || element.matches("pre, option");
  element.append(...(whole ? shown : shown.flatMap((child) => (typeof child === "string" ? unbroken(child) : child))));
  return element;
}

/** A text as pieces: -EBUSY and a->b stay in one line, which a browser would break behind the hyphen. */
function unbroken(text) {
  return text.split(/(-E[A-Z]{2,}\b|->)/u).flatMap((part, index) => {
    if (index % 2 === 0) return part || [];
    const whole = document.createElement("span");
    whole.className = "sx-unbroken";
    whole.textContent = part;
    return whole;
  });
}

const setText = (element, text) => {
  if (element.textContent !== text) element.replaceChildren(...unbroken(text));
};

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The choices of a schedule string: "1 2! 1~" and "112" alike. */
export function choices(schedule) {
  return (/[\s,]/u.test(schedule.trim()) ? schedule.match(/\d+[!~]?/gu) : schedule.match(/\d[!~]?/gu)) ?? [];
}

/** All of a view as plain text, folded away; a text that follows the reader comes as its own `pre`. */
function twin(text) {
  const lines = typeof text === "string" ? h("pre", { tabindex: "0" }, text) : text;
  return h("details", { class: "sx-twin" }, h("summary", {}, "The same as text"), lines);
}

/** A box that scrolls sideways. */
function scrollBox(label, content) {
  return h("div", { class: "sx-scroll", tabindex: "0", role: "region", "aria-label": `${label}, may scroll` }, content);
}

// ---------------------------------------------------------------------------------------------------------------
// Progress graph.

/** Where a schedule leads in the plane of two axes: one coordinate pair per state. */
export function stairsOf(data, schedule) {
  if (schedule === data.schedule) return data.stairs;
  const at = [0, 0];
  const stairs = [[0, 0]];
  for (const choice of choices(schedule)) {
    const axis = data.axes.findIndex(({ task }) => task === Number.parseInt(choice, 10));
    if (axis >= 0 && !choice.endsWith("!")) at[axis] += 1;
    stairs.push([Math.min(at[0], data.cells.length - 1), Math.min(at[1], data.cells[0].length - 1)]);
  }
  return stairs;
}

/** How far each task of the plane is in each state of a schedule, and on which way: only steps to another position count. */
function waysOf(data, passed) {
  return data.axes.map(({ task }) => {
    const way = [];
    const at = passed.map((positions) => {
      if (way.at(-1) !== positions[task - 1]) way.push(positions[task - 1]);
      return way.length - 1;
    });
    return { way, at };
  });
}

/**
 * The progress graph for a schedule out of those that a page holds (`data.planes`), with the schedule in it; null if the
 * page does not hold it. `passed` are the positions of all tasks in each state of the schedule. Without planes (in a
 * notebook Python makes a new graph for each schedule) it is always the one that is there.
 */
export function planeOf(data, schedule, passed) {
  if (!data.planes || !passed) return data;
  const ways = waysOf(data, passed);
  const along = ({ positions }, axis) => ways[axis].way.every((position, index) => positions[index] === position);
  const fitting = data.planes.filter(({ axes }) => axes.every(along));
  // What is still to come is the straight path, as Python draws it: no fork that the schedule has not taken.
  const plane = fitting.find(({ axes }) => axes.every(({ fork }, axis) => !fork || fork < ways[axis].way.length)) ?? fitting[0];
  return plane ? { ...plane, planes: data.planes, schedule, stairs: passed.map((_, state) => ways.map(({ at }) => at[state])) } : null;
}

/** The text twin for a schedule: Python's lines with its name, and an asterisk in each cell that its stairs pass. */
export function progressText({ twin: lines }, schedule, stairs) {
  const rows = lines.rows.map((row) => [...row]);
  for (const [x, y] of stairs) rows[rows.length - 1 - y][lines.first + 2 * x] = "*";
  return [lines.head, lines.taken.replace("{}", schedule || lines.none), ...rows.map((row) => row.join("")), ...lines.below].join("\n");
}

class Progress {
  constructor(view) {
    this.view = view;
    this.data = view.data;
    this.at = [0, 0]; // the cell that has the keyboard
    const columns = this.data.cells.length;
    const rows = this.data.cells[0].length;
    this.buttons = this.data.cells.map((column, x) => column.map((cell, y) => this.cell(cell, x, y)));
    this.line = s("polyline", { class: "sx-stairs" });
    this.halo = s("polyline", { class: "sx-halo" });
    this.start = s("circle", { class: "sx-start", r: 0.17 });
    this.now = s("circle", { class: "sx-now", r: 0.34 });
    this.overlay = s("svg", { class: "sx-overlay", viewBox: `0 0 ${columns} ${rows}`, "aria-hidden": "true" }, this.halo, this.line, this.start, this.now);
    this.said = h("p", { class: "sx-said", role: "status" });
    this.lines = h("pre", { tabindex: "0" });
    this.grid = h("div", { class: "sx-plane", role: "grid", "aria-label": `Progress graph: ${this.data.title}`, keydown: (event) => this.pressed(event) }, ...this.rows(columns, rows), this.overlay);
    this.grid.style.setProperty("--columns", `${columns}`);
    this.grid.style.setProperty("--rows", `${rows}`);
    const [first, second] = this.data.axes;
    this.root = h("div", { class: "sx-progress" },
      h("p", { class: "sx-title" }, "Progress graph"),
      h("p", { class: "sx-sub" }, `Task ${first.task} (${first.label}) goes to the right, task ${second.task} (${second.label}) upwards. Press a cell to go there. ${this.data.note}`),
      scrollBox(`Progress graph of ${this.data.title}`, this.grid),
      this.said,
      h("div", { class: "sx-lists" }, this.steps(first, "to the right"), this.steps(second, "upwards")),
      this.legend(), twin(this.lines));
    this.reach(0, 0);
  }

  cell(cell, x, y) {
    const look = this.data.looks[cell.kind];
    const button = h("button", {
      type: "button", class: `sx-cell sx-${cell.kind}`, tabindex: "-1", role: "gridcell", title: this.told(cell), "aria-label": cell.words,
      "aria-disabled": cell.schedule === null ? "true" : null,
      click: () => this.open(x, y), focus: () => this.focused(x, y), mouseenter: () => setText(this.said, this.told(cell)),
    }, h("span", { class: "sx-letter" }, look.letter));
    for (const [side, border] of [["right", this.data.across[x]?.[y]], ["top", this.data.up[x]?.[y]]]) {
      if (border?.length && String(border) !== "free") button.append(h("i", { class: `sx-border sx-on-${side} ${this.kindOf(border)}` }));
    }
    return button;
  }

  /** A cell in words, with what the tries do that start in it. */
  told(cell) {
    return cell.tries ? `${cell.words} ${cell.tries}` : cell.words;
  }

  kindOf(border) {
    const has = (...kinds) => kinds.some((kind) => border.includes(kind));
    const [on, off] = [has("door", "refused"), has("shut", "granted")];
    const turned = has("refused", "granted") ? " sx-turned" : "";
    if (on || off) return `${off ? (on ? "sx-ajar" : "sx-shut") : "sx-door"}${turned}`;
    return border.includes("free") ? "sx-some-wall" : "sx-wall";
  }

  /** The rows from the top: task 2's last step first, and below them the names of task 1's steps. */
  rows(columns, rows) {
    const [first, second] = this.data.axes;
    const found = [];
    for (let y = rows - 1; y >= 0; y -= 1) {
      // The name of a step stands at the border that it passes: at the upper edge of the row it starts from.
      const name = y < rows - 1 ? this.name(second, y, "sx-up") : this.blank("all steps done", "sx-up");
      found.push(h("div", { class: "sx-row", role: "row" }, fill(name, { role: "rowheader" }, []), ...this.buttons.map((column) => column[y])));
    }
    const names = Array.from({ length: columns }, (_, x) => fill(x < columns - 1 ? this.name(first, x, "sx-along") : this.blank("all steps done", "sx-along"), { role: "columnheader" }, []));
    found.push(h("div", { class: "sx-row sx-names", role: "row" }, fill(this.blank("steps", ""), { role: "columnheader" }, []), ...names));
    return found;
  }

  blank(words, kind) {
    return h("span", { class: `sx-name ${kind}` }, h("span", { class: "sx-hidden" }, words));
  }

  name(axis, step, kind) {
    const fork = axis.fork === step + 1;
    const words = `${axis.steps[step]}${fork ? `: ${this.data.fork}` : ""}`;
    return h("span", { class: `sx-name ${kind}${fork ? " sx-fork" : ""}`, title: words }, h("b", {}, `${fork ? "↪" : ""}${step + 1}`), h("span", { class: "sx-long" }, ` ${axis.short[step]}`));
  }

  /** The steps of an axis by their numbers, for a place that has no room for their names beside the cells. */
  steps(axis, side) {
    const items = axis.steps.map((words, index) => h("li", { class: axis.fork === index + 1 ? "sx-fork" : null }, axis.fork === index + 1 ? `↪\u00a0${words}` : words));
    return h("div", {}, h("p", {}, `Steps of task ${axis.task} (${axis.label}), ${side}:`), h("ol", {}, ...items));
  }

  legend() {
    const kinds = this.data.used.map((kind) => h("li", {}, h("span", { class: `sx-cell sx-${kind}`, "aria-hidden": "true" }, this.data.looks[kind].letter), this.data.looks[kind].words));
    const borders = Object.entries(this.data.passages).map(([kind, words]) => h("li", {}, h("span", { class: "sx-sample", "aria-hidden": "true" }, h("i", { class: `sx-border sx-on-right ${this.kindOf([kind])}` })), words));
    const fork = this.data.axes.some((axis) => axis.fork) ? h("li", {}, h("span", { class: "sx-fork", "aria-hidden": "true" }, "↪"), this.data.fork) : null;
    return h("ul", { class: "sx-legend", "aria-label": "Legend" }, ...kinds, ...borders, fork);
  }

  focused(x, y) {
    this.reach(x, y);
    setText(this.said, this.told(this.data.cells[x][y]));
  }

  /** Make one cell the one that Tab reaches. */
  reach(x, y) {
    this.buttons[this.at[0]][this.at[1]].setAttribute("tabindex", "-1");
    this.at = [x, y];
    this.buttons[x][y].setAttribute("tabindex", "0");
  }

  pressed(event) {
    const [x, y] = this.at;
    const to = { ArrowLeft: [x - 1, y], ArrowRight: [x + 1, y], ArrowUp: [x, y + 1], ArrowDown: [x, y - 1], Home: [0, 0] }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.buttons[to[0]]?.[to[1]]?.focus();
  }

  open(x, y) {
    const { schedule, words } = this.data.cells[x][y];
    setText(this.said, schedule === null ? `${words} You cannot go there.` : this.told(this.data.cells[x][y]));
    if (schedule !== null) this.view.go(schedule);
  }

  show({ schedule, step }) {
    const stairs = stairsOf(this.data, schedule);
    const rows = this.data.cells[0].length;
    const points = stairs.map(([x, y]) => `${x + 0.5},${rows - y - 0.5}`).join(" ");
    for (const line of [this.line, this.halo]) line.setAttribute("points", points);
    this.put(this.start, stairs[0], rows);
    setText(this.lines, progressText(this.data, schedule, stairs));
    const here = stairs[Math.min(step, stairs.length - 1)];
    this.put(this.now, here, rows);
    this.buttons.forEach((column, x) => column.forEach((button, y) => {
      if (x === here[0] && y === here[1]) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }));
    if (!this.grid.contains(document.activeElement)) {
      this.reach(...here);
      setText(this.said, this.told(this.data.cells[here[0]][here[1]]));
    }
  }

  put(mark, [x, y], rows) {
    mark.setAttribute("cx", `${x + 0.5}`);
    mark.setAttribute("cy", `${rows - y - 0.5}`);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// State map.

/** Shapes of radius 1, so that classes are told apart without their colours. */
const SHAPES = {
  o: () => s("circle", { r: 1 }),
  s: () => s("rect", { x: -0.9, y: -0.9, width: 1.8, height: 1.8 }),
  "^": () => s("path", { d: "M0 -1.15 L1.1 0.85 L-1.1 0.85 Z" }),
  v: () => s("path", { d: "M0 1.15 L1.1 -0.85 L-1.1 -0.85 Z" }),
  D: () => s("path", { d: "M0 -1.2 L1.2 0 L0 1.2 L-1.2 0 Z" }),
  h: () => s("path", { d: "M-1.1 0 L-0.55 -1 L0.55 -1 L1.1 0 L0.55 1 L-0.55 1 Z" }),
  X: () => s("path", { d: "M-1.1 -0.6 L-0.6 -1.1 L0 -0.5 L0.6 -1.1 L1.1 -0.6 L0.5 0 L1.1 0.6 L0.6 1.1 L0 0.5 L-0.6 1.1 L-1.1 0.6 L-0.5 0 Z" }),
};

/** A walk over the map: the states of a schedule, as far as it can be followed. */
export function walkMap(data, schedule) {
  const states = [0];
  for (const choice of choices(schedule)) {
    const edge = data.edges.find(([source, actor]) => source === states.at(-1) && actor === choice);
    if (!edge) break;
    states.push(edge[2]);
  }
  return states;
}

/** A shortest schedule to a state: up the tree of a breadth-first search. */
export function scheduleTo(data, state) {
  const found = [];
  for (let at = state; at > 0; at = data.parent[at]) {
    found.unshift(data.edges.find(([source, , target]) => source === data.parent[at] && target === at)[1]);
  }
  return found.join(" ");
}

/** What a glance at the map shows, with where a schedule ends; nothing of one that the map does not hold. */
export function mapAlt(data, schedule) {
  const states = walkMap(data, schedule);
  if (states.length === 1 || states.length <= choices(schedule).length) return data.alt;
  const { kind } = data.used[data.class[states.at(-1)]];
  return `${data.alt} ${data.ends.replace("{schedule}", schedule).replace("{kind}", kind)}`;
}

class StateMap {
  constructor(view) {
    this.view = view;
    const { data } = view;
    this.data = data;
    const [left, right] = [0, Math.max(...data.x)];
    const [low, high] = [Math.min(...data.y), Math.max(...data.y)];
    const across = Math.max(10, Math.min(34, 900 / (right + 1)));
    const down = Math.max(7, Math.min(30, 620 / (high - low + 1)));
    this.place = (state) => [(data.x[state] - left + 0.6) * across, (high - data.y[state] + 0.7) * down];
    this.radius = Math.max(2.6, Math.min(9, 0.3 * Math.min(across, down)));
    const [width, height] = [(right + 1.2) * across, (high - low + 1.4) * down];
    this.nodes = data.x.map((_, state) => this.node(state));
    const edges = data.edges.map(([source, , target]) => this.edge([source, target])).join(" ");
    const loop = data.loop.map((state, index) => this.edge([state, data.loop[(index + 1) % data.loop.length]])).join(" ");
    this.path = s("path", { class: "sx-path" });
    this.ring = s("circle", { class: "sx-ring", r: this.radius + 4 });
    this.svg = s("svg", { class: "sx-map", role: "img", "aria-label": data.alt, viewBox: `0 0 ${width} ${height}`, width, height },
      s("path", { class: "sx-edges", d: edges }), loop ? s("path", { class: "sx-loop", d: loop }) : null, this.path, ...this.nodes, this.ring);
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.svg.addEventListener("mousemove", (event) => this.hovered(event));
    this.said = h("p", { class: "sx-said", role: "status" });
    this.root = h("div", { class: "sx-statemap" },
      h("p", { class: "sx-title" }, "State map"),
      h("p", { class: "sx-sub" }, `${data.x.length.toLocaleString("en")} states, ${data.edges.length.toLocaleString("en")} steps; the start is on the left, and each column is one step further away. Press a state to go there by a shortest schedule.`),
      scrollBox(`State map of ${data.title}`, this.svg),
      this.said, this.legend(), twin(data.text));
  }

  kind(state) {
    return this.data.used[this.data.class[state]];
  }

  node(state) {
    const [x, y] = this.place(state);
    const { kind, marker } = this.kind(state);
    return s("g", { class: `sx-node sx-${kind}`, "data-state": state, transform: `translate(${x} ${y}) scale(${this.radius})` }, SHAPES[marker]());
  }

  edge([source, target]) {
    const [x1, y1] = this.place(source);
    const [x2, y2] = this.place(target);
    // A step back to an earlier column is drawn as a bow, so that it does not hide behind the others.
    if (x2 <= x1) return `M${x1} ${y1} Q${(x1 + x2) / 2} ${Math.min(y1, y2) - 24} ${x2} ${y2}`;
    return `M${x1} ${y1} L${x2} ${y2}`;
  }

  words(state) {
    const { kind, words } = this.kind(state);
    const schedule = scheduleTo(this.data, state);
    return `State ${state}, ${schedule ? `reached by ${schedule}` : "the start"}: ${words || kind}.`;
  }

  /** Buttons that walk through the states of a class: the keyboard's way to every state of interest. */
  legend() {
    const items = this.data.used.map(({ kind, letter, marker, words, states }) => {
      let next = -1;
      const sample = s("svg", { class: "sx-key", viewBox: "-1.6 -1.6 3.2 3.2", "aria-hidden": "true" }, s("g", { class: `sx-node sx-${kind}` }, SHAPES[marker]()));
      const walk = () => {
        const all = this.data.class.flatMap((number, state) => (this.data.used[number].kind === kind ? [state] : []));
        next = (next + 1) % all.length;
        this.open(all[next]);
      };
      return h("li", {}, h("button", { type: "button", class: "sx-plain", click: walk, title: `Go to the next ${kind} state (${letter})` }, sample, ` ${words} (${states})`));
    });
    return h("ul", { class: "sx-legend", "aria-label": "Legend; each entry goes to the next of its states" }, ...items);
  }

  /** The state nearest to a mouse event, if it is near. */
  near(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.svg.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = null;
    let least = Math.max(14, 2 * this.radius) ** 2;
    this.nodes.forEach((_, state) => {
      const [a, b] = this.place(state);
      const distance = (a - x) ** 2 + (b - y) ** 2;
      if (distance < least) [best, least] = [state, distance];
    });
    return best;
  }

  clicked(event) {
    const state = this.near(event);
    if (state !== null) this.open(state);
  }

  hovered(event) {
    const state = this.near(event);
    this.svg.classList.toggle("sx-can", state !== null);
    if (state !== null) setText(this.said, this.words(state));
  }

  open(state) {
    setText(this.said, this.words(state));
    this.view.go(scheduleTo(this.data, state));
  }

  show({ schedule, step }) {
    const states = walkMap(this.data, schedule);
    this.svg.setAttribute("aria-label", mapAlt(this.data, schedule));
    this.path.setAttribute("d", states.slice(1).map((state, index) => this.edge([states[index], state])).join(" "));
    const here = states[Math.min(step, states.length - 1)];
    const [x, y] = this.place(here);
    this.ring.setAttribute("cx", `${x}`);
    this.ring.setAttribute("cy", `${y}`);
    setText(this.said, this.words(here));
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Compare: one schedule on several schemes.

let choosing = false; // whether the list of schemes is unfolded: kept when the view is built anew

class Compare {
  constructor(view) {
    this.view = view;
    const { data } = view;
    this.data = data;
    const id = `sevviz-compare-${freshNumber()}`;
    this.field = h("input", { type: "text", id, class: "sx-field", value: data.schedule, spellcheck: "false", autocomplete: "off", change: () => this.ask(), keydown: (event) => this.pressed(event) });
    const ask = view.options.onChange && !view.options.still ? h("p", { class: "sx-ask" }, h("label", { for: id }, "Schedule"), this.field) : null;
    const rows = data.turns.map((turn, index) => this.row(turn, index));
    const end = h("tr", {}, h("th", { scope: "row" }, "end"), ...data.columns.map((column) => this.cell(column, [upper(column.end)], "")));
    this.rows = [...rows, end];
    this.root = h("div", { class: "sx-compare" },
      h("p", { class: "sx-title" }, data.title), ask, data.choice ? this.choice(data.choice, id) : null,
      h("p", { class: "sx-said", role: "status" }, data.explanation),
      scrollBox("Comparison",
        h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "step"), ...data.columns.map((column) => h("th", { scope: "col" }, `${column.name}`, h("span", { class: "sx-quiet" }, ` ${column.title}`))))),
          h("tbody", {}, ...this.rows))),
      twin(data.text));
  }

  /** Boxes to tick, one for each scheme that can stand beside the first; Python compares those that are ticked. */
  choice({ schemes, picked, most, words }, id) {
    const said = h("p", { class: "sx-sub", id: `${id}-said`, role: "status" }, words);
    const boxes = schemes.map(({ name }, index) => h("input", {
      type: "checkbox", id: `${id}-${index}`, value: name, checked: picked.includes(name), "aria-label": name,
      change: (event) => {
        const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
        if (ticked.length >= 1 && ticked.length <= most) this.view.options.onOpen?.({ schemes: ticked });
        else {
          event.target.checked = !event.target.checked;
          setText(said, `${ticked.length ? "Not added: take one away first." : "Not taken away: one has to stay."} ${words}`);
        }
      },
    }));
    const rows = schemes.map(({ title }, index) => h("label", { for: boxes[index].id, title }, boxes[index], ` ${boxes[index].value}`));
    const list = h("details", { class: "sx-choice", open: choosing, toggle: () => (choosing = list.open) },
      h("summary", {}, "Choose the schemes to compare with"), said,
      h("div", { class: "sx-boxes", role: "group", "aria-label": "Schemes to compare with", "aria-describedby": said.id }, ...rows));
    return list;
  }

  ask() {
    if (this.field.value.trim() !== this.data.schedule) this.view.go(this.field.value);
  }

  /** In JupyterLab, Enter in a field does not come to a change by itself. */
  pressed(event) {
    event.stopPropagation();
    if (event.key === "Enter") this.ask();
  }

  row(turn, index) {
    const { data } = this;
    const marks = [];
    if (data.calls_part === index + 1) marks.push("first to do different things");
    if (data.fates_part === index + 1) marks.push("fates part here");
    const head = h("th", { scope: "row" }, turn, ...marks.map((mark) => h("span", { class: "sx-mark" }, mark)));
    const cells = data.columns.map((column) => this.cell(column, column.entries[index].told, column.entries[index].fate));
    return h("tr", { class: data.fates_part === index + 1 ? "sx-parts" : null }, head, ...cells);
  }

  cell(column, told, fate) {
    const kind = fate.split(/[ ,]/u)[0];
    return h("td", { "data-scheme": column.name }, ...told.map((sentence) => h("p", {}, sentence)), fate ? h("span", { class: `sx-fate sx-${kind}` }, fate) : null);
  }

  show({ step }) {
    this.rows.forEach((row, index) => row.classList.toggle("sx-now", index + 1 === step));
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Matrix: schemes by scenarios.

class Matrix {
  constructor(view) {
    this.view = view;
    const { data } = view;
    this.data = data;
    this.order = data.schemes.map((_, row) => row);
    this.sorted = null; // or the column (-1 are the names) and the direction; null is the order that was given
    this.severity = new Map(data.kinds.map(({ name }, index) => [name, index]));
    this.letters = new Map(data.kinds.map(({ name, letter }) => [name, letter]));
    this.heads = [-1, ...data.scenarios.keys()].map((column) => this.head(column));
    this.body = h("tbody", {});
    this.lines = data.schemes.map((scheme, row) => this.line(scheme, row));
    this.said = h("p", { class: "sx-said", role: "status" }, `Press a cell to read its verdict${view.options.onOpen ? " and to open its schedule" : " and a shortest schedule"}.`);
    this.outcomes = h("ul", { class: "sx-outcomes" });
    const legend = data.kinds.map(({ name, letter, words }) => h("li", {}, h("span", { class: `sx-cell sx-kind-${name}`, "aria-hidden": "true" }, letter), h("span", {}, words)));
    this.root = h("div", { class: "sx-matrix" },
      h("p", { class: "sx-title" }, "Matrix: schemes and scenarios"),
      h("p", { class: "sx-sub" }, "Each cell is a finished search. A heading sorts by its column, the worst first; pressed again, the other way round; and once more, as it was."),
      scrollBox("Matrix",
        h("table", {}, h("caption", { class: "sx-hidden" }, data.alt), h("thead", {}, h("tr", {}, ...this.heads)), this.body)),
      this.said, this.outcomes,
      h("ul", { class: "sx-legend", "aria-label": "Legend" }, ...legend),
      h("p", { class: "sx-sub" }, data.note),
      h("p", { class: "sx-sub" }, "The scenarios:"),
      h("dl", { class: "sx-scenarios" }, ...data.scenarios.flatMap(({ name, title, what }) => [h("dt", {}, h("b", {}, name), ` ${title}`), h("dd", {}, what)])),
      data.csv ? h("p", {}, h("a", { class: "sx-csv", download: "sevviz-matrix.csv", href: `data:text/csv;charset=utf-8,${encodeURIComponent(data.csv)}` }, "Save as CSV")) : null);
    this.sort();
  }

  head(column) {
    const scenario = this.data.scenarios[column];
    const words = scenario ? scenario.title : "Sort by name";
    const button = h("button", { type: "button", class: "sx-head", title: words, click: () => this.sortBy(column) }, scenario ? scenario.name : "scheme");
    return h("th", { scope: "col", "aria-sort": "none" }, button);
  }

  line(scheme, row) {
    const cells = this.data.scenarios.map((scenario, column) => {
      const cell = this.data.cells[row * this.data.scenarios.length + column];
      const label = `${scheme.name}, ${scenario.name}: ${cell.kind}`;
      return h("td", {}, h("button", { type: "button", class: `sx-cell sx-kind-${cell.kind}`, title: label, "aria-label": label, click: (event) => this.open(scheme, scenario, cell, event.currentTarget) }, this.letters.get(cell.kind)));
    });
    const name = scheme.name.split("_").flatMap((part, index) => (index ? ["_", h("wbr"), part] : [part]));
    return h("tr", {}, h("th", { scope: "row", title: scheme.title }, ...name), ...cells);
  }

  sortBy(column) {
    if (this.sorted?.column !== column) this.sorted = { column, direction: "ascending" };
    else this.sorted = this.sorted.direction === "ascending" ? { column, direction: "descending" } : null;
    this.sort();
  }

  sort() {
    const { column, direction } = this.sorted ?? { direction: "none" };
    const sign = { ascending: 1, none: 0, descending: -1 }[direction];
    this.order.sort((a, b) => (sign && sign * this.compare(a, b, column)) || a - b);
    this.heads.forEach((head, index) => head.setAttribute("aria-sort", index - 1 === column ? direction : "none"));
    this.body.replaceChildren(...this.order.map((row) => this.lines[row]));
  }

  /** Two rows by a column's verdicts, the worst first, or by name, where v5 comes before v12. */
  compare(a, b, column) {
    const { schemes, scenarios, cells } = this.data;
    if (column === -1) return schemes[a].name.localeCompare(schemes[b].name, "en", { numeric: true });
    const rank = (row) => this.severity.get(cells[row * scenarios.length + column].kind);
    return rank(a) - rank(b);
  }

  open(scheme, scenario, cell, button) {
    for (const pressed of this.body.querySelectorAll("[aria-pressed]")) pressed.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    setText(this.said, `${scheme.name}, ${scenario.name} (${scenario.title}). ${cell.line} Shortest: ${cell.schedule || "no step"}.`);
    this.outcomes.replaceChildren(...cell.outcomes.map((outcome) => h("li", {}, outcome)));
    this.view.options.onOpen?.({ scheme: scheme.name, scenario: scenario.name, schedule: cell.schedule });
  }

  show() {}
}

// ---------------------------------------------------------------------------------------------------------------
// Why it passes.

class Why {
  constructor(view) {
    const { data } = view;
    this.data = data;
    this.items = data.steps.map((step) => this.item(step));
    this.root = h("div", { class: "sx-why" },
      h("p", { class: "sx-title" }, data.holds ? "Why no ring can close" : "Why it passes, or does not"),
      ...data.lines.map((line) => h("p", { class: "sx-line" }, line)),
      data.steps.length ? h("p", { class: "sx-sub" }, "Along the schedule:") : null,
      h("ol", { class: "sx-steps", start: "0" }, ...this.items),
      data.remark ? h("p", { class: "sx-said" }, data.remark) : null);
  }

  item({ told, claims }) {
    const rows = claims.map(([words, holds]) => h("li", { class: holds ? "sx-yes" : "sx-no" }, `${holds ? "✓" : "✗ does not hold:"} ${words}`));
    return h("li", {}, told, rows.length ? h("ul", {}, ...rows) : null);
  }

  show({ step }) {
    this.items.forEach((item, number) => item.classList.toggle("sx-now", number === step));
  }
}

// ---------------------------------------------------------------------------------------------------------------
// What a kernel prints: logs of one schedule on several kernels, each in a region under its heading.

let told = 0; // which kernel the reader looked at last: kept when a view is built anew

class KernelLog {
  constructor(view) {
    const { data } = view;
    this.data = data;
    this.buttons = data.logs.map(({ name }, index) => h("button", { type: "button", class: "sx-plain", "aria-pressed": "false", click: () => this.choose(index) }, name));
    this.head = h("p", { class: "sx-said", role: "status" });
    this.body = h("div", { class: "sx-log" });
    this.root = h("div", {},
      h("h2", { class: "sx-title" }, "What a kernel prints"),
      h("div", { class: "sx-choose", role: "group", "aria-label": "Which kernel" }, ...this.buttons),
      this.head, this.body);
    this.choose(Math.min(told, data.logs.length - 1));
  }

  choose(index) {
    told = index;
    const log = this.data.logs[index];
    this.buttons.forEach((button, number) => button.setAttribute("aria-pressed", `${number === index}`));
    setText(this.head, log.head);
    const notes = [...log.silences.map((words) => h("li", {}, words)), ...log.conditions.map(([who, words]) => h("li", {}, h("strong", {}, who), ` ${words}`)), log.legend ? h("li", {}, `Addresses: ${log.legend}.`) : null];
    const list = h("ul", { class: "sx-notes" }, ...notes);
    this.body.replaceChildren(...log.reports.flatMap((report) => this.report(report)), ...(list.children.length ? [list] : []), h("p", { class: "sx-sub" }, log.made_up));
  }

  report({ title, text }) {
    return [h("h3", { class: "sx-report" }, title), h("pre", { role: "group", "aria-label": title, tabindex: "0" }, text)];
  }

  show() {}
}

// ---------------------------------------------------------------------------------------------------------------
// Lock classes: a picture that Python had drawn, and what there is to see in it.

class LockClasses {
  constructor({ data }) {
    const picture = data.source ? scrollBox("Lock-order graphs", h("img", { alt: data.alt, src: data.source })) : null;
    this.root = h("div", { class: "sx-classes" },
      h("p", { class: "sx-title" }, "Locks and classes"),
      h("p", { class: "sx-sub" }, "An arrow leads from a lock to one that a task asks for while it holds the first, in any interleaving."),
      picture, ...data.sentences.map((sentence) => h("p", { class: "sx-line" }, sentence)), twin(data.text));
  }

  show() {}
}

// ---------------------------------------------------------------------------------------------------------------
// A view in its place.

/** Shade the edges of a box behind which there is more: over its content, for a view's cells are opaque. */
function shadeEdges(box) {
  const frame = h("div", { class: "sx-frame" });
  const look = () => {
    frame.classList.toggle("sx-more-left", box.scrollLeft > 1);
    frame.classList.toggle("sx-more-right", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  };
  box.replaceWith(frame);
  frame.append(box);
  box.addEventListener("scroll", look, { passive: true });
  const sizes = new ResizeObserver(look);
  for (const one of [box, ...box.children]) sizes.observe(one);
}

const BEYOND = "This page does not hold the progress graph of these steps: run the notebook for it. Below is that of an earlier schedule.";

const VIEWS = { progress: Progress, statemap: StateMap, compare: Compare, matrix: Matrix, why: Why, kernel: KernelLog, classes: LockClasses };

class View {
  constructor(element, data, options) {
    this.element = element;
    this.data = data;
    this.options = options;
    this.moment = { schedule: options.schedule ?? data.schedule ?? "", step: options.step ?? choices(options.schedule ?? data.schedule ?? "").length };
    this.root = h("section", { class: "sevviz-explain", "aria-label": data.label ?? data.view });
    this.beyond = h("p", { class: "sx-said", role: "status", hidden: true }, BEYOND);
    this.build();
    element.replaceChildren(this.root);
    this.inner.show(this.moment);
  }

  build() {
    const { data } = this;
    if (data.view === "note") this.inner = { root: h("p", { class: "sx-said", role: "status" }, data.note), show() {} };
    else this.inner = new VIEWS[data.view](this);
    this.root.replaceChildren(this.beyond, this.inner.root);
    for (const box of this.root.querySelectorAll(".sx-scroll")) shadeEdges(box);
  }

  /** Show a moment that was chosen elsewhere; `passed` are the tasks' positions in each of its states, if known. */
  open(schedule, step, passed) {
    const data = planeOf(this.data, schedule, passed);
    this.beyond.hidden = data !== null;
    if (data === null) return;
    this.moment = { schedule, step: step ?? choices(schedule).length };
    const same = data.cells === this.data.cells;
    this.data = data;
    if (same) this.inner.data = data;
    else keepingFocus(this.root, () => this.build());
    this.inner.show(this.moment);
  }

  /** Go to the end of a schedule that the reader has chosen here. */
  go(schedule) {
    this.open(schedule);
    this.options.onChange?.(this.moment);
  }
}

/**
 * Put a view into an element. Options: `schedule`, `step`, `onChange({schedule, step})` for what the reader chooses here,
 * `onOpen({scheme, scenario, schedule})` for a cell of the matrix. Returns {open(schedule, step, passed), destroy}.
 */
export function mount(element, data, options = {}) {
  const view = new View(element, data, options);
  return { open: (schedule, step, passed) => view.open(schedule, step, passed), destroy: () => element.replaceChildren() };
}

/** Keep the keyboard where it was, and the text unfolded, when a view is built anew: Python sends one after each choice. */
function keepingFocus(el, rebuild) {
  const focused = el.contains(document.activeElement) ? document.activeElement : null;
  const label = focused?.getAttribute("aria-label") ?? focused?.getAttribute("title");
  const place = focused ? [...el.querySelectorAll(focused.tagName)].indexOf(focused) : -1;
  const scrolled = el.querySelector(".sx-scroll")?.scrollLeft ?? 0;
  const unfolded = el.querySelector(".sx-twin")?.open;
  rebuild();
  if (unfolded) el.querySelector(".sx-twin")?.setAttribute("open", "");
  const box = el.querySelector(".sx-scroll");
  if (box) box.scrollLeft = scrolled;
  if (!focused) return;
  const all = [...el.querySelectorAll(focused.tagName)];
  (all.find((one) => label && [one.getAttribute("aria-label"), one.getAttribute("title")].includes(label)) ?? all[place])?.focus({ preventScroll: true });
}

function render({ model, el }) {
  let view = null;
  const onChange = ({ schedule, step }) => {
    model.set("schedule", schedule);
    model.set("step", step);
    model.save_changes();
  };
  const onOpen = (chosen) => {
    model.set("chosen", chosen);
    model.save_changes();
  };
  const rebuild = () => keepingFocus(el, () => {
    view = mount(el, model.get("payload"), { schedule: model.get("schedule"), step: model.get("step"), onChange, onOpen });
  });
  const follow = () => view.open(model.get("schedule"), model.get("step"));
  rebuild();
  model.on("change:payload", rebuild);
  model.on("change:schedule", follow);
  model.on("change:step", follow);
  return () => {
    model.off("change:payload", rebuild);
    model.off("change:schedule", follow);
    model.off("change:step", follow);
  };
}

export default { render };
