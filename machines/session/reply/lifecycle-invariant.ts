import { generationBegunBy, type MakeInvariant, publishedIn } from '../facts.ts';

/**
 * 3, 4, 6, 7 and 8: at most one reply at a time, one generation per reply, one end per generation, and the work of an
 * interrupted reply is cancelled.
 */
export const lifecycleInvariant: MakeInvariant = ({ facts, broken }) => {
  let newest = 0;
  let open: number | null = null;
  /** Newest generation whose requests were cancelled. */
  let cancelled = 0;
  return {
    rest(entry) {
      const { state, reply } = facts;
      if (!reply || state === 'processing' || state === 'speaking') return;
      broken(6, `generation ${reply.generation} has not ended in ${state}`, entry);
      facts.reply = null;
      open = null;
    },
    observe(entry) {
      const begun = generationBegunBy(entry);
      if (entry.type === 'child.start' && begun > 0 && begun < newest)
        broken(7, `generation ${begun} came after ${newest}`, entry);
      if (begun > newest) {
        if (open !== null) broken(3, `generation ${begun} began before ${open} ended`, entry);
        newest = begun;
        open = begun;
      }
      if (entry.type === 'command' && entry.command.type === 'cancelWork') {
        const { generation } = entry.command;
        if (generation > Math.max(newest, facts.speculation))
          broken(7, `work of generation ${generation} was cancelled before it began`, entry);
        cancelled = Math.max(cancelled, generation);
      }
      const message = publishedIn(entry);
      if (!message) return;
      const { type } = message;
      if (type === 'flush' && message.generation > newest)
        broken(7, `generation ${message.generation} was flushed before it began`, entry);
      if ((type === 'playback' || type === 'reply') && message.generation !== open)
        broken(7, `${type} of generation ${message.generation}, which is not the reply`, entry);
      if (type !== 'reply.end') return;
      const { generation, reason } = message;
      if (generation !== open) {
        broken(
          8,
          `generation ${generation} ended ${generation <= newest ? 'twice' : 'before it began'}`,
          entry,
        );
        return;
      }
      open = null;
      if (reason === 'interrupted' && cancelled < generation)
        broken(4, `the work of interrupted generation ${generation} was not cancelled`, entry);
    },
  };
};
