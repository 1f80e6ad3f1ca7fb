import { isAmong } from '../../policies/text.ts';
import type { MakeInvariant } from '../facts.ts';

/**
 * 31: nothing but the session's end, a stop or a deadline discards speech whose words are not known. Other input leaves its
 * recogniser running, and a stop among the words is in force at once.
 */
export const discardedInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** The utterance that is being recognised. */
  let hearing: number | null = null;
  const adopted = new Set<number>();
  let event = '';
  return {
    observe(entry) {
      if (entry.type === 'child.end' && entry.kind === 'stt') hearing = null;
      if (entry.type === 'child.start' && entry.kind === 'stt') hearing = entry.generation;
      if (entry.type === 'event') {
        event = entry.event.type;
        adopted.clear();
        if (entry.event.type !== 'discarded.words') return;
        const { text = '' } = entry.event.output ?? {};
        const over = entry.state === 'stopped' || entry.state === 'ended';
        if (isAmong(text, options.halt, facts.language) && !over)
          broken(31, `a stop in discarded speech led to ${entry.state}`, entry);
      }
      if (entry.type !== 'command') return;
      const { command } = entry;
      if (command.type === 'send' && command.message.type === 'adopt') adopted.add(command.message.utterance);
      if (command.type !== 'stop' || command.child !== 'stt' || hearing === null) return;
      const over = facts.state === 'stopped' || facts.state === 'ended' || event === 'resumed';
      if (!over && !adopted.has(hearing) && !event.startsWith('xstate.after.sttDeadline.'))
        broken(31, `${event} discarded utterance ${hearing}, which may be a stop`, entry);
    },
  };
};
