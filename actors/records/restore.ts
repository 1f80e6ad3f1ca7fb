import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { kernelStart, SessionKernel } from '../../machines/kernel.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { SessionRecord } from '../ports/session-records.ts';
import { LastReply } from '../session/last-reply.ts';
import { readSnapshot, type SessionSnapshot } from './snapshot.ts';

/** A session as its record has it, ready to be resumed. */
export interface RestoredSession {
  readonly kernel: SessionKernel;
  readonly snapshot: SessionSnapshot;
  /** Where the listener was in the reply of that time, if there was one. */
  readonly listener: ListenerSample | undefined;
  /** Messages that the client has missed, by the last `seq` that it saw. */
  missed(lastSeq: number): readonly SessionMessage[];
}

export interface RestoreOptions {
  /** Of this process: they may be others than those that the session began with. */
  readonly parameters: SessionParameters;
  /** The one that the session began with. Throws BEHAVIOUR_MISSING if it is another. */
  readonly behaviour?: BehaviourProgram | undefined;
  /** The newest record of the session's journal: numbers go on after it. */
  readonly last?: Pick<JournalRecord, 'seq'> | undefined;
  /** `seq` of the last state that the client saw. */
  readonly lastSeq?: number | undefined;
  /** Samples that the client has played. */
  readonly played?: { readonly generation: number; readonly samples: number } | undefined;
}

/** Makes a session of its record; undefined if this build cannot read it, or the session has ended. */
export function restoreSession(
  { snapshot: text, contextVersion }: Pick<SessionRecord, 'snapshot' | 'contextVersion'>,
  { parameters, behaviour, last, lastSeq = 0, played }: RestoreOptions,
): RestoredSession | undefined {
  const snapshot = readSnapshot(text, contextVersion);
  if (!snapshot) return undefined;
  const { seq, context } = snapshot.kernel;
  // Numbers that the client or the journal has seen are not used again.
  const from = { ...snapshot.kernel, seq: Math.max(seq, last?.seq ?? 0, lastSeq) };
  const kernel = new SessionKernel(parameters, context.input, {
    from: kernelStart(from, parameters),
    behaviour,
  });
  if (kernel.ended) return undefined;
  return {
    ...{ kernel, snapshot },
    listener: new LastReply(snapshot.reply).listener(kernel.context.reply, played),
    missed: (seen) => snapshot.messages.flatMap((one) => (one.seq > seen ? [one.message] : [])),
  };
}
