/**
 * Calls of tools, model-based: what may happen to two calls (their result or failure, interruptions, answers, a deadline, the
 * death of the process) in every order that a small model of them allows, on a real session with a journal. The suite takes
 * every third path; TOOL_PATHS=all takes all of them.
 */
import { describe, expect, it } from 'vitest';
import { journalOf } from '../../actors/journal/recorder.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { callsOf } from '../../machines/journal/calls.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Json } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';
import { settle } from '../../testing/conversation.ts';
import { coveringPaths, explore, type Model, scriptedLlm, scriptedStt } from '../../testing/mod.ts';
import { parameters, scene } from '../session/scene.ts';

const TOOLS = {
  search: { whenInterrupted: 'cancel' },
  order: { whenInterrupted: 'finish' },
  note: { whenInterrupted: 'detach' },
  buy: { whenInterrupted: 'finish', policy: 'ask' },
} as const;
type Name = keyof typeof TOOLS;
const NAMES: readonly Name[] = ['search', 'order', 'note', 'buy'];
const MAX_CALLS = 2;
const COMMIT_MS = 5;

type Status = 'asked' | 'started' | 'done' | 'failed' | 'cancelled' | 'refused';
interface Call {
  readonly name: Name;
  readonly status: Status;
}
/** `waiting`: a reply waits for the last call. `asking`: its question was asked aloud. */
interface State {
  readonly calls: readonly Call[];
  readonly phase: 'idle' | 'waiting' | 'asking' | 'crashed';
}
interface Event {
  readonly type: string;
}

/** The specification: what each event does to the calls. */
const model: Model<State, Event> = {
  initial: () => ({ calls: [], phase: 'idle' }),
  key: (state) => JSON.stringify(state),
  events({ calls, phase }) {
    if (phase === 'crashed') return [];
    const running = calls.flatMap(({ status }, i) => (status === 'started' ? [i] : []));
    const ends = phase === 'asking' ? [] : running.flatMap((i) => [`result ${i}`, `failure ${i}`]);
    const types = [
      ...(phase === 'idle' && calls.length < MAX_CALLS ? NAMES.map((name) => `call ${name}`) : []),
      ...ends,
      ...(phase === 'waiting' ? ['cough', 'interrupt', 'barge-in', 'typed over'] : []),
      ...(phase === 'asking' ? ['yes', 'no', 'something else', 'nothing'] : []),
      ...(running.length > 0 && phase !== 'asking' ? ['deadline'] : []),
      ...(calls.length > 0 ? ['crash'] : []),
      ...(phase === 'idle' && calls.length < MAX_CALLS ? ['crash at once'] : []),
    ];
    return types.map((type) => ({ type }));
  },
  step(state, { type }) {
    const { calls, phase } = state;
    const last = calls.length - 1;
    const [verb, about = ''] = type.split(' ');
    const set = (which: (call: Call, i: number) => boolean, change: Partial<Call>) =>
      calls.map((call, i) => (which(call, i) ? { ...call, ...change } : call));
    const isRunning = ({ status }: Call) => status === 'started';
    const only = (i: number) => (_call: Call, n: number) => n === i;
    switch (verb) {
      case 'call': {
        const name = NAMES.find((one) => one === about) ?? 'order';
        const call: Call = { name, status: name === 'buy' ? 'asked' : 'started' };
        const next = { note: 'idle', buy: 'asking', search: 'waiting', order: 'waiting' } as const;
        return { calls: [...calls, call], phase: next[name] };
      }
      case 'result':
      case 'failure': {
        const i = Number(about);
        const status = verb === 'result' ? 'done' : 'failed';
        return {
          calls: set(only(i), { status }),
          phase: phase === 'waiting' && i === last ? 'idle' : phase,
        };
      }
      case 'cough':
        return state;
      case 'interrupt':
      case 'barge-in':
      case 'typed':
        return {
          calls: set((one) => isRunning(one) && one.name === 'search', { status: 'cancelled' }),
          phase: 'idle',
        };
      case 'yes':
        return { calls: set(only(last), { status: 'started' }), phase: 'waiting' };
      case 'no':
      case 'something':
      case 'nothing':
        return { calls: set(only(last), { status: 'refused' }), phase: 'idle' };
      case 'deadline':
        return { calls: set(isRunning, { status: 'failed' }), phase: 'idle' };
      default:
        return { calls, phase: 'crashed' };
    }
  },
};

/** A session with a journal in memory, whose tools end on request. */
async function shop() {
  const clock = new VirtualClock({ settle });
  const records: JournalRecord[] = [];
  let onDisk = 0;
  const begun: string[] = [];
  const keys: (string | undefined)[] = [];
  const ends = new Map<string, { resolve: (result: Json) => void; reject: (error: Error) => void }>();
  const requests: { readonly known: Map<string, unknown>; readonly news: readonly string[] }[] = [];
  let wanted: string | undefined;
  let coughs = false;
  const words = scriptedStt(clock, [{ partial: 'wait', text: 'wait' }]);
  const noise = scriptedStt(clock, [{ text: '' }]);
  const tools = Object.entries(TOOLS).map(
    ([name, terms]): Tool => ({ name, description: '', parameters: {}, ...terms }),
  );
  const talk = await scene({
    clock,
    bus: inProcessBus({ clock }),
    stt: { ...words, transcribe: (...request) => (coughs ? noise : words).transcribe(...request) },
    tools: { tools, watch: () => () => {} },
    llm: scriptedLlm(clock, ({ messages, results = [] }) => {
      const outcomes = [...messages.flatMap(({ actions = [] }) => actions), ...results];
      requests.push({
        known: new Map(outcomes.map(({ id, result }) => [id, result.status])),
        news: results.filter(({ result }) => result.status !== 'started').map(({ id }) => id),
      });
      const name = wanted;
      wanted = undefined;
      return name === undefined
        ? { text: 'Fine.' }
        : { actions: [{ type: 'action', id: 'c', name, args: {} }] };
    }),
    actions: {
      run: ({ id, key }, signal) =>
        new Promise((resolve, reject) => {
          begun.push(id);
          keys.push(key);
          ends.set(id, { resolve, reject });
          signal.addEventListener('abort', () => reject(new ParleyError('CANCELLED')));
        }),
    },
    journal: journalOf({
      ...{ machine: '', version: '', audio: 'none', now: () => '', sha256: () => '' },
      store: {
        openJournal: () => ({
          append: (record) => void records.push(record),
          audio: () => {},
          durable: () =>
            new Promise((resolve) => {
              const count = records.length;
              clock.setTimer(COMMIT_MS, () => {
                onDisk = Math.max(onDisk, count);
                resolve();
              });
            }),
          end: async () => {},
          leave: async () => {},
        }),
        continueJournal: () => {
          throw new Error('it is not continued');
        },
      },
    }),
    parameters: parameters({
      actions: {
        allow: ['*'],
        maxPerReply: 16,
        rounds: 3,
        followUps: { '*': ['done', 'failed', 'refused'] },
      },
      deadlines: { actionMs: 20_000 },
    }),
  });
  const atRest = async () => {
    await talk.until(() => talk.state === 'idle');
    await talk.wait(50);
    await talk.until(() => talk.state === 'idle');
  };
  return {
    talk,
    ...{ begun, keys, ends, requests, atRest },
    async cough() {
      coughs = true;
      await talk.speak(100);
      await talk.beSilent(1_000);
      coughs = false;
    },
    want: (name: string) => {
      wanted = name;
    },
    /** What a crash would leave. */
    left: () => callsOf(records.slice(0, onDisk)),
  };
}

type Shop = Awaited<ReturnType<typeof shop>>;

async function perform(world: Shop, type: string, ids: string[]): Promise<void> {
  const { talk, atRest, ends, want, begun } = world;
  const [verb, about = ''] = type.split(' ');
  const id = ids[Number(about)] ?? '';
  switch (verb) {
    case 'call': {
      const already = begun.length;
      const replies = talk.of('reply.end').length;
      want(about);
      talk.send({ type: 'text', text: about });
      if (about === 'buy' || about === 'note') await talk.until(() => talk.of('reply.end').length > replies);
      if (about !== 'buy') await talk.until(() => begun.length > already);
      ids.push(about === 'buy' ? `${talk.of('reply.end').at(-1)?.generation}-c` : (begun.at(-1) ?? ''));
      return;
    }
    case 'result':
      ends.get(id)?.resolve({ of: id });
      await talk.wait(10);
      return;
    case 'failure':
      ends.get(id)?.reject(new ParleyError('TOOL_FAILED', 'as planned'));
      await talk.wait(10);
      return;
    case 'cough':
      return world.cough();
    case 'interrupt':
      return talk.send({ type: 'interrupt' });
    case 'barge-in':
      await talk.speak(1_000);
      await talk.beSilent(1_000);
      return atRest();
    case 'deadline':
      return talk.wait(25_000);
    case 'yes': {
      const already = begun.length;
      talk.send({ type: 'text', text: 'yes' });
      return talk.until(() => begun.length > already);
    }
    case 'nothing':
      return talk.wait(10_000);
    case 'crash':
      if (about === '') return;
      want('order');
      talk.send({ type: 'text', text: 'order' });
      // The call is ordered, and its record not on disk yet.
      return talk.until(() => talk.log.some((entry) => entry.type === 'command' && isStarted(entry.command)));
    default:
      talk.send({ type: 'text', text: type });
      return atRest();
  }
}

function isStarted(command: object): boolean {
  return JSON.stringify(command).includes('"status":"started"');
}

/** A third of all paths, in parts: each is a test of a few seconds. */
const EVERY = process.env.TOOL_PATHS === 'all' ? 1 : 3;
const PARTS = 8;
const covering = coveringPaths(model, explore(model), { maxSteps: 12 }).filter((_path, i) => i % EVERY === 0);

describe.each(Array.from({ length: PARTS }, (_, part) => part))('two calls, part %i of the model', (part) => {
  it('end as the model says, begin once and are delivered at most once, and after a crash each is known', async () => {
    const paths = covering.filter((_path, i) => i % PARTS === part);
    const counted = { paths: paths.length, steps: 0, calls: 0, duplicates: 0, crashes: 0 };
    for (const path of paths) {
      const world = await shop();
      const ids: string[] = [];
      /** Number of requests by the end of each call. */
      const endedAt = new Map<string, number>();
      for (const { event, state } of path.steps) {
        const after = `${path.steps.map((step) => step.event.type).join(' → ')} at ${event.type}`;
        const requests = world.requests.length;
        await perform(world, event.type, ids);
        counted.steps += 1;
        if (state.phase === 'idle') await world.atRest();
        if (state.phase === 'crashed') {
          counted.crashes += 1;
          const left = world.left();
          for (const [i, id] of world.begun.entries())
            expect(left.find((call) => call.id === id)?.key, after).toBe(world.keys[i]);
          for (const [i, { status }] of state.calls.entries()) {
            const known = left.find((call) => call.id === ids[i])?.status;
            // The end of a call need not be on disk.
            if (known !== undefined) expect([status, 'started'], after).toContain(known);
          }
          break;
        }
        const is = new Map<string, string>(ids.map((id) => [id, 'asked']));
        for (const { id, status } of world.talk.of('action')) is.set(id, status);
        expect([...is.values()], after).toEqual(state.calls.map(({ status }) => status));
        const [verb, about] = event.type.split(' ');
        const told = new Map<string, number>();
        for (const id of world.requests.flatMap(({ news }) => news)) told.set(id, (told.get(id) ?? 0) + 1);
        for (const [i, id] of ids.entries()) {
          const ended = is.get(id) === 'done' || is.get(id) === 'failed';
          if (ended && !endedAt.has(id)) endedAt.set(id, requests);
          // As soon as the robot may speak about it, and then never again.
          const now =
            (verb === 'result' || verb === 'failure') && Number(about) === i && state.phase === 'idle';
          expect(told.get(id) ?? 0, after).toBeGreaterThanOrEqual(now ? 1 : 0);
          expect(told.get(id) ?? 0, after).toBeLessThanOrEqual(1);
          const known = world.requests.at(-1)?.known;
          const asked = world.requests.length > (endedAt.get(id) ?? Number.POSITIVE_INFINITY);
          if (state.phase === 'idle' && asked) expect(known?.get(id), after).toBe(is.get(id));
        }
      }
      counted.calls += world.begun.length;
      counted.duplicates += world.keys.length - new Set(world.keys).size;
      await world.talk.end();
    }
    console.info(counted);
    expect(counted.duplicates).toBe(0);
    expect(counted.crashes).toBeGreaterThan(50 / PARTS);
  });
});
