/** The session that the model-based tests run: its model, its paths, and its unreachable transitions. */
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import {
  type Coverage,
  coverageOf,
  coveringPaths,
  explore,
  IMPOSSIBLE_EVENTS,
  renderTable,
  SessionModel,
  sessionRepresentatives,
  WORDS,
} from '../../testing/model/mod.ts';
import { ALLOWED_ACTION } from '../../testing/model/representatives.ts';

export const LEVELS = { kernel: 'kernel', inProcess: 'in-process bus', nats: 'nats-server' } as const;

const NO_OWNER =
  'a child reports its end only while it runs, and an inner state handles it then; the runner drops later reports';

/**
 * Transitions that a running session cannot take. The kernel takes them when fed with events that no runner would pass
 * to it.
 */
export const UNREACHABLE: Readonly<Record<string, string>> = {
  '(root) · error memory': NO_OWNER,
  '(root) · error llm': NO_OWNER,
  '(root) · error tts': NO_OWNER,
  '(root) · error playback': NO_OWNER,
  '(root) · error actions': NO_OWNER,
};

let once: ReturnType<typeof exploreAll> | undefined;

/** The model, and all states reachable by its events. Explored once in a process: it takes seconds. */
export function exploredSession() {
  once ??= exploreAll();
  return once;
}

function exploreAll() {
  const parameters: SessionParameters = {
    ...defaultParameters,
    // One speculation per turn, because more of them make no difference to the chart.
    speculation: { ...defaultParameters.speculation, maxPerTurn: 1 },
    actions: { allow: [ALLOWED_ACTION], maxPerReply: 16 },
    phrases: { ...defaultParameters.phrases, fillers: ['One moment.'] },
    words: { ...defaultParameters.words, halt: [WORDS.halt] },
  };
  const model = new SessionModel({
    parameters,
    input: { language: 'en', outputRate: 24_000, seed: 1, memory: true },
    representatives: sessionRepresentatives(),
  });
  return { model, explored: explore(model) };
}

export function sessionPaths() {
  const { model, explored } = exploredSession();
  const paths = coveringPaths(model, explored, { goal: model.branch });
  return { model, explored, paths };
}

export type SessionPaths = ReturnType<typeof sessionPaths>;

/** Feeds the kernel, in each state, with events that cannot happen there; counts the transitions that handle them. */
export function feedImpossible({ model, explored }: SessionPaths): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of explored.values()) {
    if (state.snapshot.status !== 'active') continue;
    for (const event of IMPOSSIBLE_EVENTS) {
      const after = model.happen({ ...state, happenings: [] }, event, 'client', state.atMs);
      if (after.snapshot.status === 'error')
        throw new Error(`${event.type} broke ${JSON.stringify(state.snapshot.value)}`);
      for (const id of after.happenings.flatMap(({ taken }) => taken))
        if (id in UNREACHABLE) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

/** The text of docs/transitions.md after every path has run at every level. */
export function transitionsPage(
  { model, explored, paths }: SessionPaths,
  levels: Readonly<Record<string, Coverage>>,
): string {
  const steps = paths.reduce((sum, path) => sum + path.steps.length, 0);
  return renderTable({
    transitions: model.stepper.transitions,
    levels,
    excused: { [LEVELS.inProcess]: UNREACHABLE, [LEVELS.nats]: UNREACHABLE },
    head: `# Transitions of the session, and the tests that take them

Written by \`node scripts/transitions.mjs\`; a test compares it with what the tests measured.

Each row is one transition of the statechart in \`machines/session\`: one guarded branch of one event of one state, as
the machine itself has them. The columns count the generated paths that took it, by where the path was run: on the
kernel alone, on a session over the in-process bus, on a session over a real nats-server. ${explored.size} abstract states,
${model.stepper.transitions.size} transitions, ${paths.length} paths of ${steps} events, the same at all three levels.

What no runner would give it, such as the failure of a child that does not live, the kernel is given in every state as
well; for the transitions that only this takes, the first column counts those states.`,
  });
}

/** The same text without running anything, as if all paths had run at all levels. */
export function expectedPage(generated: SessionPaths): string {
  const coverage = coverageOf(generated.paths);
  return transitionsPage(generated, {
    [LEVELS.kernel]: new Map([...coverage, ...feedImpossible(generated)]),
    [LEVELS.inProcess]: coverage,
    [LEVELS.nats]: coverage,
  });
}
