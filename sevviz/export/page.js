// What an exported page does with its players: mount them, and keep the address at the moment that the reader looks at.
// A fragment is data: #stepper-2=1.1.2!@3 names a player, the choices and the step; anything else is an ordinary anchor.

const FRAGMENT = /^#(stepper-\d+)=([0-9.!~]{0,4000})(?:@(\d{1,6}))?$/;
const mounted = new Map();

function fragmentOf(id, schedule, step) {
  return `#${id}=${schedule.trim().split(/\s+/).join(".")}@${step}`;
}

function openFragment() {
  const found = FRAGMENT.exec(location.hash);
  const player = found && mounted.get(found[1]);
  if (!player?.open) return;
  player.open(found[2].split(".").join(" "), found[3] === undefined ? undefined : Number(found[3]));
  document.getElementById(found[1]).scrollIntoView({ block: "start" });
}

function remember(id, schedule, step) {
  try {
    history.replaceState(null, "", fragmentOf(id, schedule, step));
  } catch {
    // Some viewers forbid it; the page works without an address.
  }
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

// A stepper may wait for a prediction: what its search found is covered until the reader has committed.
const waiting = new Map();

function unveil(question) {
  for (const id of waiting.get(question) ?? []) mounted.get(id).unveil();
}

for (const section of document.querySelectorAll("section.player")) {
  const { player, data, options } = JSON.parse(document.getElementById(`${section.id}-data`).textContent);
  const link = (schedule, step) => location.href.split("#")[0] + fragmentOf(section.id, schedule, step);
  let ready = false; // what a player shows at first is no choice of the reader's
  const onChange = (moment) => {
    if (!ready) return;
    if (player === "player") remember(section.id, moment.schedule, moment.step);
    goAlong(options.key, section.id, moment);
  };
  const onCommit = () => unveil(options.question);
  mounted.set(section.id, players[player].mount(section.querySelector(".mount"), data, { ...options, link, onChange, onCommit }));
  if (options.after) waiting.set(options.after, [...(waiting.get(options.after) ?? []), section.id]);
  if (options.key) together.set(options.key, [...(together.get(options.key) ?? []), section.id]);
  ready = true;
  section.classList.add("alive");
  const story = section.querySelector(".story");
  const folded = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "The outcomes as text";
  folded.append(summary, ...story.childNodes);
  story.append(folded);
}
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
