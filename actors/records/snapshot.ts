import { z } from 'zod';
import type { BehaviourSnapshot } from '../../machines/behaviour/snapshot.ts';
import { parseJson } from '../../machines/json.ts';
import type { KernelSnapshot } from '../../machines/kernel.ts';
import type { TurnOutcome } from '../../machines/session/commands.ts';
import {
  type AnySnapshot,
  currentSnapshot,
  type OlderForm,
  olderForm,
} from '../../machines/session/context-version.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { ReplyAudio } from '../session/last-reply.ts';

/** A message of a turn, with the number of the step that published it. */
export interface TurnMessage {
  readonly seq: number;
  readonly message: SessionMessage;
}

/** What the next process needs of a session: everything that decides its next step. Plain data. */
export interface SessionSnapshot {
  /** The conversation: states, context, timers. */
  readonly kernel: KernelSnapshot;
  /** Where the listener was in the newest reply. */
  readonly reply: ReplyAudio;
  /** Samples of input so far. */
  readonly inputEnd: number;
  /** Turns that have ended and are not in the store yet. */
  readonly unsaved: readonly TurnOutcome[];
  /** Newest messages of turns, which the client may have missed. */
  readonly messages: readonly TurnMessage[];
}

const object = <Value extends object>() =>
  z.custom<Value>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const list = <Item>() => z.custom<readonly Item[]>((value) => Array.isArray(value));

// Only a build of the same version wrote the rest, or a migration made it.
const stored = z.object({
  kernel: z.object({
    seq: z.int().nonnegative(),
    atMs: z.number().nonnegative(),
    value: z.custom<KernelSnapshot['value']>(
      (value) => typeof value === 'string' || typeof value === 'object',
    ),
    context: object<KernelSnapshot['context']>(),
    timers: list<KernelSnapshot['timers'][number]>(),
    behaviour: object<BehaviourSnapshot>().exactOptional(),
  }),
  reply: object<ReplyAudio>(),
  inputEnd: z.number().nonnegative(),
  unsaved: list<TurnOutcome>(),
  messages: list<TurnMessage>(),
});
const kernelOfAnyVersion = z.object({
  kernel: object<AnySnapshot>(),
  older: object<OlderForm>().optional(),
});

/** The JSON of a snapshot, with what the version before needs to read it. */
export function snapshotText(snapshot: SessionSnapshot): string {
  const older = olderForm({ ...snapshot.kernel, context: { ...snapshot.kernel.context } });
  return JSON.stringify(older ? { ...snapshot, older } : snapshot);
}

/** The snapshot of a record; undefined if this build cannot read it. */
export function readSnapshot(text: string, contextVersion: number): SessionSnapshot | undefined {
  const value = parseJson(text);
  const { data } = kernelOfAnyVersion.safeParse(value);
  if (!data || typeof value !== 'object') return undefined;
  const kernel = currentSnapshot({ contextVersion, snapshot: data.kernel, older: data.older });
  return stored.safeParse({ ...value, kernel }).data;
}
