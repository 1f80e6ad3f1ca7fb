/**
 * Calls and actions at a crash, model-based: who runs a call (the server, or the client), what an interruption does to it, and
 * which client there is, crossed with each event at which the process may end. Each session is resumed from its record, and the client comes back: it reports, does not report, or stays away. What the user hears, what the model knows
 * and how often the call began must be as the table of `right` says.
 */
import { describe, expect, it } from 'vitest';
import { restoreSession } from '../../actors/records/restore.ts';
import { snapshotText } from '../../actors/records/snapshot.ts';
import { LastReply } from '../../actors/session/last-reply.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { Command } from '../../machines/session/commands.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import { parameters } from '../session/scene.ts';

/** Who is connected: a program that carries actions out, the talk page and others that only talk, a text client. */
const CLIENTS = {
  'a robot with results': { results: true },
  'a client without results': {},
  'a text client with results': { results: true, output: 'text' },
} as const satisfies Readonly<Record<string, Partial<SessionInput>>>;
const LIVES = ['cancel', 'finish', 'detach', 'replace'] as const;
const RUNNERS = ['server', 'client'] as const;
const RETURNS = ['reports', 'is silent'] as const;

const PARAMETERS = parameters({
  actions: { allow: ['*'], maxPerReply: 16, rounds: 3, followUps: { '*': ['done', 'failed', 'refused'] } },
});

/** A session of one call until the process ends, as its record has it. */
function recordOf(input: SessionInput, events: readonly KernelEvent[]) {
  const kernel = new SessionKernel(PARAMETERS, input);
  for (const [i, event] of events.entries()) kernel.step(event, (i + 1) * 10);
  const kept = { inputEnd: 0, unsaved: [], messages: [], reply: new LastReply().audio };
  return { contextVersion: CONTEXT_VERSION, snapshot: snapshotText({ ...kept, kernel: kernel.snapshot() }) };
}

function published(commands: readonly Command[]) {
  return commands.flatMap((command) => (command.type === 'publish' ? [command.message] : []));
}

interface Case {
  readonly client: keyof typeof CLIENTS;
  readonly life: (typeof LIVES)[number];
  readonly runner: (typeof RUNNERS)[number];
  readonly back: (typeof RETURNS)[number];
}

/** The events of a call, in order. */
function eventsOf({ life, runner }: Case): readonly KernelEvent[] {
  const tool = { name: 'pay', description: '', parameters: {}, whenInterrupted: life } as const;
  return [
    runner === 'server'
      ? { type: 'tools', tools: [tool] }
      : { type: 'settings', change: { tools: [tool] }, sample: 0 },
    { type: 'text', text: 'pay' },
    { type: 'llm.action', id: '1-c', name: 'pay', args: {} },
    { type: 'llm.delta', text: 'I will. ' },
    { type: 'xstate.done.actor.llm' },
  ];
}

/** What must come of a call that had begun. */
function right({ client, life, runner, back }: Case): { readonly end: string; readonly said: string } {
  const reports = 'results' in CLIENTS[client];
  if (runner === 'server') return { end: 'unknown', said: 'I was restarted' };
  // It is not known what a client without results does; the server only timed it.
  if (!reports) return { end: 'unknown', said: '' };
  // It ends with its connection.
  if (life === 'cancel') return { end: 'cancelled', said: '' };
  return back === 'reports' ? { end: 'done', said: '' } : { end: 'unknown', said: 'I lost the connection' };
}

function crashed(one: Case, after: number) {
  const input: SessionInput = {
    ...{ language: 'en', outputRate: 24_000, seed: 1, memory: false, session: 's' },
    ...CLIENTS[one.client],
  };
  const record = recordOf(input, eventsOf(one).slice(0, after));
  const restored = restoreSession(record, { parameters: PARAMETERS });
  if (!restored) throw new Error('the session is not there');
  const { kernel } = restored;
  const commands: Command[] = [];
  let atMs = kernel.nowMs;
  const send = (...events: readonly KernelEvent[]) => {
    for (const event of events) commands.push(...kernel.step(event, atMs).commands);
  };
  const begun = kernel.context.reply?.actions.some(({ status }) => status === 'started') ?? false;
  send({ type: 'resumed' });
  atMs += 1_000;
  send({ type: 'back' });
  atMs += 10;
  const runs = kernel.context.lasting?.running.map(({ id }) => id) ?? [];
  if (one.back === 'reports') for (const id of runs) send({ type: 'action.result', id, status: 'done' });
  atMs += 10_000;
  for (let due = kernel.popTimer(atMs); due; due = kernel.popTimer(atMs))
    commands.push(...kernel.step(due.event, due.dueMs).commands);
  const known = kernel.context.history.flatMap(({ actions = [] }) => actions);
  return { kernel, commands, begun, known };
}

const cases = RUNNERS.flatMap((runner) =>
  LIVES.flatMap((life) =>
    (Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]).flatMap((client) =>
      RETURNS.map((back): Case => ({ client, life, runner, back })),
    ),
  ),
);

describe('a process that ends at any event of a call', () => {
  it.each(cases)('$runner runs it ($life) for $client that $back when it is back', (one) => {
    let begunSomewhere = false;
    for (let after = 1; after <= eventsOf(one).length; after += 1) {
      const { commands, begun, known } = crashed(one, after);
      const messages = published(commands);
      const at = `after ${after} events`;
      // Whatever was begun is not begun again, and nothing that was not is.
      expect(
        messages.filter((m) => m.type === 'action' && m.status === 'started'),
        at,
      ).toEqual([]);
      expect(
        commands.filter((c) => c.type === 'send' && c.message.type === 'run'),
        at,
      ).toEqual([]);
      if (!begun) continue;
      begunSomewhere = true;
      const { end, said } = right(one);
      const heard = messages.flatMap((m) => (m.type === 'reply' ? [m.text] : [])).join('');
      expect(
        known.map(({ result }) => result.status),
        at,
      ).toEqual([end]);
      if (said === '') expect(heard, at).not.toMatch(/I was restarted|I lost the connection/u);
      else expect(heard, at).toContain(said);
      const ends = messages.filter((m) => m.type === 'action' && m.status !== 'progress');
      expect(ends, at).toHaveLength(1);
      if (one.runner === 'server') expect(ends, at).toMatchObject([{ status: 'failed' }]);
    }
    expect(begunSomewhere).toBe(true);
  });
});
