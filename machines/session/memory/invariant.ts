import type { MakeInvariant } from '../facts.ts';
import { together } from './known.ts';

/** Facts that are surely still known; the machine keeps more. */
const SURE = 10;

/** 16: facts of the memory that come outside of a recall change the next request of the language engine, and nothing before. */
export const memoryInvariant: MakeInvariant = ({ broken }) => {
  let known: readonly string[] = [];
  /** Sequence number of the newest event with facts. */
  let toldBy = -1;
  return {
    observe(entry) {
      if (entry.type === 'event' && entry.event.type === 'memory.facts') {
        known = together(known, entry.event.facts).slice(-SURE);
        toldBy = entry.seq;
      }
      if (entry.type !== 'command') return;
      if (entry.seq === toldBy) broken(16, `facts of the memory led to ${entry.command.type}`, entry);
      if (entry.command.type !== 'spawn' || entry.command.child !== 'llm') return;
      const [first] = entry.command.input.messages;
      const lines = first?.role === 'system' ? first.content.split('\n') : [];
      const missing = together(known, lines).length > lines.length;
      if (missing) broken(16, 'the language engine did not get what the memory knows', entry);
    },
  };
};
