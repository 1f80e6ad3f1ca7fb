import { delayName } from '../../kernel.ts';
import type { TurnEnd } from '../events.ts';
import type { MakeInvariant } from '../facts.ts';

/**
 * 30: while the recogniser decides the end of the turn, silence ends it only after `endpointing.awaitedDelayMs`; what it
 * reports of the end changes nothing over a reply.
 */
export const turnEndInvariant: MakeInvariant = ({ facts, options, broken }) => {
  let partial = '';
  let end: TurnEnd | undefined;
  let stoppedAtMs = 0;
  /** The client's own time of silence when this silence began: settings count from the next decision on. */
  let silenceMs: number | undefined;
  return {
    observe(entry) {
      if (entry.type === 'child.start' && entry.kind === 'stt') {
        partial = '';
        end = undefined;
      }
      if (
        entry.type === 'command' &&
        entry.command.type === 'delay' &&
        delayName(entry.command.id) === 'endpointDelay'
      )
        silenceMs = facts.settings?.turnDetection?.silenceMs;
      if (entry.type !== 'event') return;
      const { event, state, atMs } = entry;
      if (event.type === 'speech.stop') stoppedAtMs = atMs - event.ageMs;
      if (event.type === 'transcript.partial') {
        if (event.end && event.text === partial && facts.state === 'speaking' && state !== 'speaking')
          broken(30, 'the end of a sound interrupted the reply', entry);
        partial = event.text;
        end = event.end;
      }
      const early = atMs - stoppedAtMs < options.awaitedDelayMs - 1 && !silenceMs;
      if (end === 'awaited' && early && delayName(event.type) === 'endpointDelay' && state !== 'listening')
        broken(30, `${atMs - stoppedAtMs} ms of silence ended a turn whose end is awaited`, entry);
    },
  };
};
