// Walks packed graphs with the code that a page inlines, and tells what it finds; see tests/test_player_walk.py.
// First line of the input: the module as an expression. Each further line: {payload, schedules}, answered by one line.

import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? "null");
const player = (0, eval)(await next());

/** A shortest way to each state, found in the packed graph itself. */
function ways(graph) {
  const found = new Map([[0, []]]);
  for (const [state, way] of found) {
    for (const edge of graph.edgesOf(state)) {
      if (!found.has(graph.target(edge))) found.set(graph.target(edge), [...way, graph.actor(edge)]);
    }
  }
  return found;
}

const numbers = (count) => [...Array(count).keys()];
const valuesIn = (graph, state) => numbers(graph.payload.objects.length).map((object) => graph.value(state, object));

/** What is to be seen in a state, and where each step from it leads a reader who came all the way from the start. */
function seen(graph, state, way) {
  const tasks = numbers(graph.tasks).map((index) => index + 1);
  const conditions = tasks.map((task) => graph.condition(state, task));
  return {
    spans: tasks.map((task) => graph.position(state, task).span),
    values: valuesIn(graph, state),
    waits: conditions.map(({ object, holder }) => [object, holder]),
    steps: graph.movesOf(state).map((actor) => {
      const path = player.walk(graph, [...way, actor]);
      return [actor, path.states.at(-1), graph.faults(path.edges.at(-1)).map(({ kind }) => kind)];
    }),
  };
}

function walked(graph, written) {
  const { actors } = player.parseSchedule(written, graph.tasks);
  const path = player.walk(graph, actors);
  return {
    written: player.formatSchedule(actors),
    values: path.states.map((state) => valuesIn(graph, state)),
    sentences: path.edges.map((edge) => graph.sentence(edge)),
    faults: path.faults.map((found) => found.map(({ kind }) => kind)),
    problem: path.problem,
    choice: player.lastChoice(graph, path, path.edges.length),
    failure: player.firstFailure(graph, path),
  };
}

function answer({ payload, schedules }) {
  const graph = player.readGraph(payload);
  const states = [...ways(graph)].sort(([a], [b]) => a - b).map(([state, way]) => [state, seen(graph, state, way)]);
  return { states, walks: schedules.map((written) => walked(graph, written)) };
}

function answerOrError(asked) {
  try {
    return answer(asked);
  } catch (error) {
    return { error: error.message };
  }
}

for (let asked = await next(); asked; asked = await next()) process.stdout.write(`${JSON.stringify(answerOrError(asked))}\n`);
