import type { ChildKind } from './children.ts';
import type { Entry, MakeInvariant } from './facts.ts';

const OF_UTTERANCE: readonly ChildKind[] = ['stt', 'speculation'];

/**
 * 3, 4 and 7, in part: children start and end once, at most one of a kind lives, none outlives its state, and events of
 * dead ones have no effect.
 */
export const childrenInvariant: MakeInvariant = ({ facts, broken }) => {
  const alive = new Map<ChildKind, string>();
  /** Number of the newest child of each kind; it only increases. */
  const numbers = new Map<ChildKind, number>();
  /** The language engines of the newest reply. */
  const started = new Set<string>();
  let lastBuried: ChildKind | null = null;
  /** Of the process before; where the same one goes on, they end later. */
  let lost: readonly string[] = [];

  const lose = () => {
    lost = [...alive.values()];
    alive.clear();
  };

  const checkSender = (entry: Entry<'event'>) => {
    const { source, event } = entry;
    if (source === 'client' || source === 'server' || source === 'ear' || source === 'timer') return;
    const ends = event.type.startsWith('xstate.done.') || event.type.startsWith('xstate.error.');
    if (ends ? lastBuried !== source : !alive.has(source))
      broken(7, `an event of a ${source} that does not live was taken`, entry);
  };
  return {
    rest(entry) {
      const { state } = facts;
      if (state === 'processing' || state === 'speaking') return;
      for (const [kind, child] of alive)
        if (
          kind === 'lasting' || kind === 'discarded'
            ? state === 'stopped'
            : !OF_UTTERANCE.includes(kind) || state !== 'listening'
        )
          broken(4, `${child} lives in ${state}`, entry);
    },
    observe(entry) {
      switch (entry.type) {
        case 'event':
          if (entry.event.type === 'resumed') lose();
          checkSender(entry);
          return;
        case 'stale':
          if ([...alive.values()].includes(entry.child))
            broken(7, `an event of the living child ${entry.child} was called stale`, entry);
          return;
        case 'child.start': {
          const { child, kind, generation } = entry;
          if (alive.has(kind)) broken(3, `a second ${kind} was started`, entry);
          const newest = numbers.get(kind) ?? 0;
          // A reply asks its language engine once for each round of calls.
          const again = kind === 'llm' && generation === newest && !started.has(child);
          if (generation <= newest && !again) broken(4, `${child} was started twice`, entry);
          if (kind === 'llm') {
            if (generation > newest) started.clear();
            started.add(child);
          }
          alive.set(kind, child);
          numbers.set(kind, generation);
          return;
        }
        case 'child.end':
          if (alive.get(entry.kind) === entry.child) alive.delete(entry.kind);
          else if (!lost.includes(entry.child)) broken(4, `${entry.child} ended without living`, entry);
          lastBuried = entry.kind;
          return;
        default:
          return;
      }
    },
  };
};
