// What an exported page does with its players: mount them, keep the address at the moment that the reader looks at, keep
// what the reader has answered, and cover what answers a question until then. It knows no lock rule; the players walk what
// Python found.

// A fragment is data: #stepper-2=1.1.2!@3 names a stepper, the choices and the step; anything else is an ordinary anchor.
const FRAGMENT = /^#(stepper-\d+)=([0-9.!~]{0,4000})(?:@(\d{1,6}))?$/;
const NO_STEPPER = "This link names no stepper of this page.";
const UNREADABLE = "This link names a stepper of this page, but its schedule cannot be read.";
const placed = [...document.querySelectorAll("section.player")].map((section) => ({
  section, id: section.id, ...JSON.parse(document.getElementById(`${section.id}-data`).textContent),
}));
const mounted = new Map();

const tell = (text) => { document.getElementById("link-note").textContent = text; };

const choicesOf = (schedule) => schedule.trim().split(/\s+/).filter(Boolean);

function fragmentOf(id, schedule, step) {
  return `#${id}=${choicesOf(schedule).join(".")}@${step}`;
}

function isStepper(id) {
  return placed.some((one) => one.id === id && one.player === "player");
}

/** What is wrong with the address; "" for that of a stepper, for an ordinary anchor and for none. */
function troubleWith(hash) {
  const [, id, written] = /^#([^=]*)(=?)/.exec(hash) ?? [];
  if (!id || document.getElementById(hash.slice(1))) return "";
  if (isStepper(id)) return FRAGMENT.test(hash) ? "" : UNREADABLE;
  return written || id.startsWith("stepper-") ? NO_STEPPER : "";
}

/** Show a schedule in a stepper, and the stepper in the window. */
function openAt(id, schedule, step) {
  uncoverAt(document.getElementById(id));
  mounted.get(id).open(schedule, step);
  document.getElementById(id).scrollIntoView({ block: "start" });
}

function openFragment() {
  const found = FRAGMENT.exec(location.hash);
  const trouble = troubleWith(location.hash);
  if (found && !trouble) openAt(found[1], found[2].split(".").join(" "), found[3] === undefined ? undefined : Number(found[3]));
  const target = document.querySelector(":target");
  if (uncoverAt(target)) target.scrollIntoView();
  tell(trouble);
}

function remember(id, schedule, step) {
  tell("");
  try {
    history.replaceState(null, "", fragmentOf(id, schedule, step));
  } catch {
    // Some viewers forbid it; the page works without an address.
  }
}

// What the reader has committed to is kept in this browser for this path. Some viewers forbid it: then it lasts as long
// as the page is open. A question that has changed since is a new question.
const KEPT = `sevviz answers: ${location.pathname}`;

function keptAnswers() {
  try {
    return Object(JSON.parse(localStorage.getItem(KEPT)));
  } catch {
    return {};
  }
}

const askedIn = ({ question, options }) => JSON.stringify([question, ...options.map((option) => option.text)]);

/** The options that were ticked; undefined where nothing fitting is kept. */
function keptAnswer(id, data) {
  const { asked, picked } = Object(keptAnswers()[id]);
  const fits = asked === askedIn(data) && Array.isArray(picked);
  return fits && picked.every((index) => data.options[index] !== undefined) ? picked : undefined;
}

function keepAnswer(id, data, picked) {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...keptAnswers(), [id]: { asked: askedIn(data), picked } }));
  } catch {
    return;
  }
  showKept();
}

function showKept() {
  const note = document.getElementById("kept");
  if (note) note.hidden = Object.keys(keptAnswers()).length === 0;
}

function forgetAnswers() {
  localStorage.removeItem(KEPT);
  location.reload(); // a commitment cannot be taken back, so every question begins anew
}

// A stepper and the views that follow it have the same key: where the reader goes in one of them, the others go along.
const together = new Map();
let going = false;

function goAlong(key, from, { schedule, step }) {
  if (!key || going) return;
  going = true;
  const all = together.get(key);
  const steppers = all.filter((id) => "passed" in mounted.get(id));
  // The steppers first: they know at which positions the tasks have been on the way.
  for (const id of steppers) if (id !== from) mounted.get(id).open(schedule, step);
  const passed = mounted.get(steppers[0])?.passed;
  for (const id of all) if (!steppers.includes(id)) mounted.get(id).open(schedule, step, passed);
  going = false;
}

// A stepper may wait for a prediction: what its search found is covered until the reader has committed. So is the code of
// the question, which may hold the answers.
const codeOf = ({ section }) => (section.previousElementSibling?.matches("details.source") ? section.previousElementSibling : null);

function unveil(place) {
  const { question } = place.options;
  codeOf(place)?.classList.remove("veiled");
  for (const { id, options } of placed) if (question && options.after === question) mounted.get(id).unveil();
}

// What stands between a question and the end of its section, or the next question, answers it, and so does what stands
// below a stepper that waits for it: all of it is covered until the reader commits to an answer or asks to see it without.
const covers = [];
const isQuestion = (place) => place?.player === "predict";
const placeOf = (section) => placed.find((one) => one.section === section);

const headingsOf = (part) => [...part.querySelectorAll(part.matches(".answers") ? ":scope > .prose > :is(h1, h2, h3)" : ":scope:is(.prose) > :is(h1, h2, h3)")];

/** How deep the section is that an element stands in: "H1", "H2", "H3". */
function levelOf(element) {
  for (let one = element.previousElementSibling; one; one = one.previousElementSibling) {
    const heading = headingsOf(one).at(-1);
    if (heading) return heading.tagName;
  }
  return "H1";
}

/** A piece of text is cut before a heading in it: what stands above, if anything does, as an element of its own. */
function cutAbove({ part, heading }) {
  if (!heading.previousElementSibling) return [];
  const text = part.cloneNode(false);
  while (part.firstChild !== heading) text.append(part.firstChild);
  part.before(text);
  return [text];
}

/**
 * The elements from a player to the end of its section, with the sections inside it; but not the one that leads to the next
 * question, which comes along if nothing else stands between.
 */
function below({ section }) {
  const parts = [];
  const level = levelOf(section);
  let last; // heading, and the number of elements above it
  for (let one = section.nextElementSibling; one && !one.matches("section.words"); one = one.nextElementSibling) {
    const next = [one, one.matches("details.source") && one.nextElementSibling].map(placeOf).find(isQuestion);
    if (next) return last ? { parts: [...parts.slice(0, last.above), ...cutAbove(last)] } : { parts, next };
    const headings = headingsOf(one);
    const end = headings.find(({ tagName }) => tagName <= level);
    if (end) return { parts: [...parts, ...cutAbove({ part: one, heading: end })] };
    if (headings.length) last = { part: one, heading: headings.at(-1), above: parts.length };
    parts.push(one);
  }
  return { parts };
}

/** Cover parts of the page until the questions are answered; but a stepper that waits for one of them can be used. */
function cover(parts, questions) {
  const runs = [];
  let run = null;
  for (const part of parts) {
    const after = placeOf(part)?.options.after;
    const usable = after && questions.some(({ options }) => options.question === after);
    if (!usable && !run) {
      run = document.createElement("div");
      run.className = "answers";
      run.id = `answers-${covers.length + 1}-${runs.push(run)}`;
      part.before(run);
    }
    if (usable) run = null;
    else run.append(part);
  }
  if (!runs.length) return;
  const covered = { runs, waiting: new Set(questions), ...barFor(runs, questions) };
  covered.button.addEventListener("click", () => holding(covered.bar, () => show(covered, Boolean(runs[0].hidden))));
  for (const one of runs) one.addEventListener("beforematch", () => show(covered, true)); // the browser's own search
  runs.at(-1).before(covered.bar);
  covers.push(covered);
  show(covered, false);
}

function barFor(runs, questions) {
  const bar = document.createElement("div");
  const text = document.createElement("p");
  const link = document.createElement("a");
  const button = document.createElement("button");
  bar.className = "cover";
  link.href = `#${questions[0].id}`;
  link.textContent = questions.length > 1 ? "the questions above" : "the question above";
  text.append("What follows answers ", link, ". Commit to an answer, or look without one.");
  button.type = "button";
  button.setAttribute("aria-controls", runs.map(({ id }) => id).join(" "));
  bar.append(text, button);
  return { bar, button };
}

function show({ runs, button }, shown) {
  for (const run of runs) run.hidden = shown ? false : "until-found";
  button.setAttribute("aria-expanded", `${shown}`);
  button.textContent = shown ? "Cover it again" : "Show it without an answer";
}

/** Change the page, and leave an element where it is in the window. */
function holding(element, change) {
  const { top } = element.getBoundingClientRect();
  change();
  scrollBy(0, element.getBoundingClientRect().top - top);
}

/** Show what an element is covered with, for a link leads there; whether it was covered. */
function uncoverAt(element) {
  const covered = covers.find(({ runs }) => runs.some((run) => run.hidden && run.contains(element)));
  if (covered) show(covered, true);
  return Boolean(covered);
}

function answered(place) {
  for (const covered of covers) {
    if (!covered.waiting.delete(place) || covered.waiting.size) continue;
    show(covered, true);
    covered.bar.hidden = true;
  }
}

function coverAnswers() {
  const open = placed.filter((one) => isQuestion(one) && !keptAnswer(one.id, one.data));
  const done = new Set();
  let above = []; // questions with nothing between them are answered together
  for (const place of placed) {
    const waitsFor = open.filter(({ options }) => options.question && options.question === place.options.after);
    const own = open.filter((one) => one === place);
    const questions = isQuestion(place) ? [...above, ...own] : waitsFor;
    if (own.length) codeOf(place)?.classList.add("veiled");
    if (done.has(place.section) || !questions.length) continue;
    const { parts, next } = below(place);
    cover(parts, questions);
    parts.forEach((part) => done.add(part));
    if (isQuestion(place)) above = next && !parts.length ? questions : [];
  }
}

const programOf = ({ scheme, title, scenario, signals, tasks }) => JSON.stringify([scheme, title, scenario.name, signals, tasks.map(({ label }) => label)]);

/** What shows a schedule in the next stepper below that runs the same program; undefined if there is none. */
function showerFor({ id, data }) {
  const below = placed.slice(placed.findIndex((one) => one.id === id) + 1);
  const stepper = data.about && below.find((one) => one.player === "player" && programOf(one.data) === programOf(data.about));
  return stepper && ((schedule) => {
    openAt(stepper.id, schedule);
    stepper.section.querySelector(".mount > *").focus({ preventScroll: true }); // the stepper's keys work at once
  });
}

/** What a question of this page gets besides its data. */
function asking(place) {
  const { id, data } = place;
  const onCommit = (picked) => holding(place.section, () => {
    keepAnswer(id, data, picked);
    unveil(place);
    answered(place);
  });
  return { committed: keptAnswer(id, data), onCommit, onShow: showerFor(place) };
}

// In a book, the cells of a matrix have pages of their own.
const cellPages = new Set(JSON.parse(document.getElementById("cell-pages")?.textContent ?? "[]"));

/** A link to the page of the cell that was pressed, below what is said of it. */
function offerPage({ section }, { scheme, scenario, schedule }) {
  section.querySelector(".open-cell")?.remove();
  const name = `${scheme}-${scenario}`;
  if (!cellPages.has(name)) return;
  const link = document.createElement("a");
  link.href = `schemes/${name}.html${fragmentOf("stepper-1", schedule, choicesOf(schedule).length)}`;
  link.textContent = `Open its schedule: ${scheme}, ${scenario}`;
  const line = document.createElement("p");
  line.className = "open-cell";
  line.append(link);
  section.querySelector(".sx-matrix .sx-said").after(line);
}

function mountIn(place) {
  const { section, id, player, data, options } = place;
  const link = (schedule, step) => location.href.split("#")[0] + fragmentOf(id, schedule, step);
  let ready = false; // what a player shows at first is no choice of the reader's
  const onChange = (moment) => {
    if (!ready) return;
    if (player === "player") remember(id, moment.schedule, moment.step);
    goAlong(options.key, id, moment);
  };
  const more = player === "predict" ? asking(place) : {};
  if (data.view === "matrix" && cellPages.size) more.onOpen = (cell) => offerPage(place, cell);
  const story = section.querySelector(".story");
  story.classList.toggle("veiled", Boolean(options.veiled));
  const onUnveil = () => story.classList.remove("veiled");
  mounted.set(id, players[player].mount(section.querySelector(".mount"), data, { ...options, link, onChange, onUnveil, ...more }));
  if (options.key) together.set(options.key, [...(together.get(options.key) ?? []), id]);
  ready = true;
  section.classList.add("alive");
  foldStory(story);
}

function foldStory(story) {
  const folded = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "The outcomes as text";
  folded.append(summary, ...story.childNodes);
  story.append(folded);
}

placed.forEach(mountIn);
for (const place of placed) if (isQuestion(place) && keptAnswer(place.id, place.data)) unveil(place);
coverAnswers();
document.getElementById("alive-note")?.removeAttribute("hidden");
document.getElementById("forget")?.addEventListener("click", forgetAnswers);
showKept();
openFragment();
addEventListener("hashchange", openFragment);
// What scrolls by itself must be reachable by keyboard; what does not scroll is no stop on the way.
const scrollers = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
  else target.removeAttribute("tabindex");
}));
document.querySelectorAll("main pre, main .output, main .scroll").forEach((one) => one.closest(".mount") || scrollers.observe(one));

// On paper everything is unfolded.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.dataset.was = one.open; one.open = true; }));
addEventListener("afterprint", () => document.querySelectorAll("details").forEach((one) => { one.open = one.dataset.was === "true"; }));

// Search within a book: the index is a data block of the page.
const search = document.querySelector('input[type="search"]');
if (search) {
  const index = JSON.parse(document.getElementById("search-data").textContent);
  const results = document.getElementById("search-results");
  const count = document.getElementById("search-count");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = words.length ? index.filter((entry) => words.every((word) => entry.text.toLowerCase().includes(word))) : [];
    count.textContent = words.length ? `${hits.length} of ${index.length} sections` : "";
    results.replaceChildren(...hits.slice(0, 30).map((entry) => {
      const item = document.createElement("li");
      const anchor = document.createElement("a");
      anchor.href = entry.href;
      anchor.textContent = entry.title;
      const start = Math.max(0, entry.text.toLowerCase().indexOf(words[0]) - 60);
      item.append(anchor, ` ${start ? "…" : ""}${entry.text.slice(start, start + 160)}…`);
      return item;
    }));
  });
}
