/** The session that the model-based tests run: its model, its paths, and its unreachable transitions. */
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import {
  type Coverage,
  coverageOf,
  coveringPaths,
  explore,
  IMPOSSIBLE_EVENTS,
  renderTable,
  SessionModel,
  type SessionPath,
  sessionRepresentatives,
  WORDS,
} from '../../testing/model/mod.ts';
import {
  ALLOWED_ACTION,
  ASKED_TOOL,
  BRIEF_ACTION,
  LASTING_ACTION,
  TOOL,
} from '../../testing/model/representatives.ts';
import { hasEnded } from '../../testing/model/session-model.ts';

export const LEVELS = { kernel: 'kernel', inProcess: 'in-process bus', nats: 'nats-server' } as const;

const NO_OWNER =
  'a child reports its end only while it runs, and an inner state handles it then; the runner drops later reports';
const NO_BEHAVIOUR = 'the sessions of this model have no behaviour; test/behaviour has sessions with one';

/** Transitions of a behaviour: no session of the model has one. */
export const WITHOUT_BEHAVIOUR: Readonly<Record<string, string>> = {
  '(root) · behaviour.act': NO_BEHAVIOUR,
  '(root) · behaviour.leave': NO_BEHAVIOUR,
  'idle · behaviour.say': NO_BEHAVIOUR,
  'responding · behaviour.say': NO_BEHAVIOUR,
  'responding · behaviour.hush #1': NO_BEHAVIOUR,
  'responding · behaviour.hush #2': NO_BEHAVIOUR,
  'responding.phase.processing.offering · behaviour.taken #1': NO_BEHAVIOUR,
  'responding.phase.processing.offering · behaviour.taken #2': NO_BEHAVIOUR,
  'responding.phase.processing.offering · behaviour.passed': NO_BEHAVIOUR,
};

/**
 * Transitions that a running session of the model cannot take. The kernel takes those of children when fed with events that no runner
 * would pass to it.
 */
export const UNREACHABLE: Readonly<Record<string, string>> = {
  '(root) · error memory': NO_OWNER,
  '(root) · error llm': NO_OWNER,
  '(root) · error tts': NO_OWNER,
  '(root) · error playback': NO_OWNER,
  '(root) · error actions': NO_OWNER,
  ...WITHOUT_BEHAVIOUR,
};

/** Happenings before the reply, which are the same in a session that replies in text. */
const SAME_IN_TEXT =
  /^(settings|history|memory|commit|clear|respond|ear\.failed|error (stt|speculation)|done stt: (unsure|yes|no)|body|rearm|lost|stop\.)/;

/** The region of attention is explored with these alone: it would multiply the states of the conversation. */
const OF_ATTENTION: readonly string[] = [
  ...['text', 'speech.start', 'speech.stop', 'done stt: wake', 'done stt: words'],
  ...['done llm', 'done actions', 'bye'],
];

/** A session that ignores speech for others: what comes over its reply, alone. */
const OF_OTHERS: readonly string[] = [
  ...['text', 'speech.start', 'speech.stop', 'done stt: nothing', 'llm.delta: a sentence'],
  ...['segment.started', 'playout.started', 'bye'],
];

/** A session whose replies are not made softer, or not paused: what comes over its reply, alone. */
const OVER_REPLY: readonly string[] = [
  ...['text', 'speech.start', 'speech.stop', 'partial: listener', 'done stt: nothing'],
  ...['llm.delta: a sentence', 'segment.started', 'playout.started'],
];

/** A spoken session whose model goes on with the results of its calls: these alone, and in the others no loop. */
const OF_TOOLS: readonly string[] = [
  ...['tools', 'text', `llm.action: ${TOOL}`, 'llm.delta: a word', 'done llm', 'action.done', 'error tts'],
  ...['done actions', 'done tts', 'done playback', 'bye'],
];

/** A session in text whose tool needs a yes. */
const OF_CONSENT: readonly string[] = [
  ...['tools', 'text', `llm.action: ${ASKED_TOOL}`, 'done llm', 'action.done', 'done actions', 'bye'],
  ...['speech.start', 'speech.stop', 'done stt: yes', 'done stt: no', 'done stt: unsure'],
];

/** The sessions, from the one with most events on. */
export function models(): readonly SessionModel[] {
  const parameters: SessionParameters = {
    ...defaultParameters,
    // Longer than a suspected stop, so that either may be over first.
    bargeIn: { ...defaultParameters.bargeIn, confirmSpeechMs: 600 },
    // So that an action that outlives its reply has a deadline to miss.
    deadlines: { ...defaultParameters.deadlines, lastingActionMs: defaultParameters.deadlines.actionMs },
    // One speculation per turn, because more of them make no difference to the chart.
    speculation: { ...defaultParameters.speculation, maxPerTurn: 1 },
    actions: {
      allow: [ALLOWED_ACTION, BRIEF_ACTION, LASTING_ACTION, TOOL, ASKED_TOOL],
      maxPerReply: 16,
      moving: [LASTING_ACTION],
      deadlinesMs: { [BRIEF_ACTION]: defaultParameters.deadlines.actionMs / 2 },
      lasting: { [LASTING_ACTION]: { whenInterrupted: 'replace' } },
      followUps: { [LASTING_ACTION]: ['failed'] },
    },
    phrases: { ...defaultParameters.phrases, fillers: ['One moment.'] },
    words: { ...defaultParameters.words, halt: [WORDS.halt], wake: [WORDS.wake] },
  };
  const input: SessionInput = { language: 'en', outputRate: 24_000, seed: 1, memory: true };
  const inText: SessionInput = { ...input, memory: false, output: 'text', results: true };
  const spoken = sessionRepresentatives();
  const attentive = spoken.filter(({ name }) => OF_ATTENTION.includes(name));
  const addressed = spoken.filter(({ name }) => OF_OTHERS.includes(name));
  const over = spoken.filter(({ name }) => OVER_REPLY.includes(name));
  const all = sessionRepresentatives(true);
  const written = all.filter(({ name }) => !SAME_IN_TEXT.test(name) && !/tools|look|order/.test(name));
  const calling = all.filter(({ name }) => OF_TOOLS.includes(name));
  const consenting = all.filter(({ name }) => OF_CONSENT.includes(name));
  const asking = { input: { ...input, memory: false, output: 'text' as const }, representatives: consenting };
  const looping: SessionParameters = { ...parameters, actions: { ...parameters.actions, rounds: 1 } };
  const inReply = (bargeIn: Partial<SessionParameters['bargeIn']>) => ({
    input: { ...input, memory: false },
    representatives: over,
    parameters: {
      ...parameters,
      bargeIn: { ...parameters.bargeIn, ...bargeIn },
      speculation: { ...parameters.speculation, enabled: false },
      phrases: { ...parameters.phrases, fillers: [] },
    },
  });
  return [
    { input, representatives: spoken },
    { input: inText, representatives: written },
    { input: { ...inText, attention: 'wake' as const }, representatives: attentive },
    { input: { ...input, memory: false, attention: 'addressed' as const }, representatives: addressed },
    { input: { ...input, memory: false }, representatives: calling, parameters: looping },
    { ...asking, parameters: looping },
    asking,
    inReply({ duckMs: 0 }),
    inReply({ pauseAtOnce: false }),
  ].map((options) => new SessionModel({ parameters, ...options }));
}

/** A model of the session and paths of it. */
export interface PathsOfModel {
  readonly model: SessionModel;
  readonly paths: readonly SessionPath[];
}

/** All states reachable by the events of each model, and paths that together cover every branch of them. Takes most of a minute. */
export function sessionPaths() {
  const sessions = models().map((model) => {
    const explored = explore(model);
    return { model, explored, paths: coveringPaths(model, explored, { goal: model.branch }) };
  });
  const [first] = sessions;
  if (!first) throw new Error('there is no model');
  return { sessions, transitions: first.model.stepper.transitions };
}

export type SessionPaths = ReturnType<typeof sessionPaths>;

/** The transitions that all paths take together. */
export function takenBy({ sessions }: SessionPaths): Coverage {
  return coverageOf(sessions.flatMap(({ paths }) => paths));
}

/** Feeds the kernel, in each state, with events that cannot happen there; counts the transitions that handle them. */
export function feedImpossible({ sessions }: SessionPaths): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { model, explored } of sessions)
    for (const { state } of explored.values()) {
      if (hasEnded(state)) continue;
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

/** The text of lab/transitions.md after every path has run at every level. */
export function transitionsPage(
  { sessions, transitions }: SessionPaths,
  levels: Readonly<Record<string, Coverage>>,
): string {
  const paths = sessions.flatMap((session) => session.paths);
  const steps = paths.reduce((sum, path) => sum + path.steps.length, 0);
  const states = sessions.reduce((sum, { explored }) => sum + explored.size, 0);
  return renderTable({
    transitions,
    levels,
    excused: { [LEVELS.inProcess]: UNREACHABLE, [LEVELS.nats]: UNREACHABLE },
    head: `# Transitions of the session, and the tests that take them

For contributors. It answers: which transitions does the chart have, and how often do the generated paths take each?

Written by \`node scripts/transitions.mjs\`; a test compares it with what the tests measured.

Each row is one transition of the statechart in \`machines/session\`: one guarded branch of one event of one state, as
the machine itself has them. The columns count the generated paths that took it, by where the path was run: on the
kernel alone, on a session over the in-process bus, on a session over a real nats-server. ${states} abstract states
of a spoken session, of one that replies in text, of one that sleeps, of one that ignores speech for others, of
three with tools, of one whose replies are not made softer, and of one whose replies are not paused,
${transitions.size} transitions, ${paths.length} paths of ${steps} events, the same at all three levels.

What no runner would give it, such as the failure of a child that does not live, the kernel is given in every state as
well; for the transitions that only this takes, the first column counts those states.`,
  });
}

/** The same text without running anything, as if all paths had run at all levels. */
export function expectedPage(generated: SessionPaths): string {
  const coverage = takenBy(generated);
  return transitionsPage(generated, {
    [LEVELS.kernel]: new Map([...coverage, ...feedImpossible(generated)]),
    [LEVELS.inProcess]: coverage,
    [LEVELS.nats]: coverage,
  });
}
