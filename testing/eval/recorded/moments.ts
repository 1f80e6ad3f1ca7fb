import type { Journal } from '../../../machines/journal/record.ts';
import type { KernelEvent } from '../../../machines/kernel.ts';
import type { EventSource, LogEntry } from '../../../machines/log.ts';
import type { Command } from '../../../machines/session/commands.ts';
import type { EarEvent } from '../../../machines/session/events.ts';
import type { SessionMessage } from '../../../machines/wire.ts';

/** Something that a person would notice in a session: speech, a transcript, a state, a reply. */
export interface Moment {
  /** ms since the session's start; of speech, when the sound was heard. */
  readonly atMs: number;
  readonly kind: string;
  readonly what: string;
}

/** One step of a session's machine, recorded or of now. */
interface StepFacts {
  readonly atMs: number;
  readonly source: EventSource | 'start';
  readonly event: KernelEvent | null;
  readonly commands: readonly Command[];
}

/** The moments of a recorded session. */
export function recordedMoments({ records }: Journal): readonly Moment[] {
  return momentsOf(
    records
      .filter(({ stale }) => !stale)
      .flatMap(({ t, source, event, commands }) =>
        source === 'restored'
          ? []
          : [
              {
                ...{ atMs: t, source },
                // The journal's hashes were checked: what this version wrote, it reads.
                event: JSON.parse(event) as KernelEvent | null,
                commands: JSON.parse(commands) as readonly Command[],
              },
            ],
      ),
  );
}

/** The moments of a session that was just held. */
export function heldMoments(log: readonly LogEntry[]): readonly Moment[] {
  return momentsOf(
    log.flatMap((entry) => {
      if (entry.type === 'event')
        return { atMs: entry.atMs, source: entry.source, event: entry.event, commands: [] };
      if (entry.type === 'command')
        return { atMs: entry.atMs, source: 'start' as const, event: null, commands: [entry.command] };
      return [];
    }),
  );
}

function momentsOf(steps: readonly StepFacts[]): readonly Moment[] {
  const moments: Moment[] = [];
  /** Text of each reply, and when it began. */
  const replies = new Map<number, { atMs: number; text: string }>();
  let state = '';
  for (const { atMs, source, event, commands } of steps) {
    if (source === 'ear' && event) moments.push(ofEar(event as EarEvent, atMs));
    for (const command of commands) {
      if (command.type !== 'publish') continue;
      const { message } = command;
      if (message.type === 'reply') {
        const before = replies.get(message.generation);
        replies.set(message.generation, {
          atMs: before?.atMs ?? atMs,
          text: (before?.text ?? '') + message.text,
        });
      } else if (message.type === 'state') {
        if (message.value !== state) moments.push({ atMs, kind: 'state', what: message.value });
        state = message.value;
      } else {
        const what = ofMessage(message);
        if (what !== undefined) moments.push({ atMs, kind: message.type, what });
      }
    }
  }
  for (const { atMs, text } of replies.values()) moments.push({ atMs, kind: 'reply', what: text.trim() });
  return moments.sort((a, b) => a.atMs - b.atMs);
}

function ofEar(event: EarEvent, atMs: number): Moment {
  const [kind = '', what = ''] = event.type.split('.');
  return { atMs: 'ageMs' in event ? atMs - event.ageMs : atMs, kind, what };
}

/** What a message says, as text that is compared; undefined for those that a user would not notice. */
function ofMessage(message: SessionMessage): string | undefined {
  switch (message.type) {
    case 'transcript':
      if (!message.final) return undefined;
      return message.text === '' ? `nothing (${message.rejected?.reason ?? 'no reason'})` : message.text;
    case 'reply.end':
      return message.reason;
    case 'playback':
      return message.state;
    case 'action':
      return `${message.status} ${message.name} ${JSON.stringify(message.args)}`;
    case 'error':
      return message.code;
    default:
      return undefined;
  }
}
