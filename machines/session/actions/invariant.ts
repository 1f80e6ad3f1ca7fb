import { type MakeInvariant, publishedIn } from '../facts.ts';
import { actionRefusal } from './policy.ts';

/** Maximum number of ended actions remembered: more than a session starts in minutes. */
const KEPT_IDS = 1_000;

/** 4 and 9, in part: an action starts once, only if policy allows it, and ends with its reply. */
export const actionsInvariant: MakeInvariant = ({ facts, options, broken }) => {
  const running = new Set<string>();
  /** The newest started actions, running or not. */
  const known = new Set<string>();
  let generation = 0;
  let startedInReply = 0;
  return {
    rest(entry) {
      const { state } = facts;
      if (running.size === 0 || state === 'processing' || state === 'speaking') return;
      for (const id of running) broken(state === 'stopped' ? 9 : 4, `action ${id} runs in ${state}`, entry);
      running.clear();
    },
    observe(entry) {
      if (facts.generation !== generation) {
        generation = facts.generation;
        startedInReply = 0;
      }
      const message = publishedIn(entry);
      if (message?.type !== 'action') return;
      const { id, name, status } = message;
      if (status === 'refused') return;
      if (status !== 'started') {
        if (!running.delete(id)) broken(9, `action ${name} was ${status}, but does not run`, entry);
        return;
      }
      if (facts.state === 'stopped') broken(9, `action ${name} was started stopped`, entry);
      const why = actionRefusal(name, startedInReply, options.actions, facts.settings);
      if (why) broken(9, `action ${name} was started against policy (${why})`, entry);
      if (known.has(id)) broken(9, `action ${id} was started twice`, entry);
      startedInReply += 1;
      running.add(id);
      known.add(id);
      const [oldest] = known;
      if (oldest !== undefined && known.size > KEPT_IDS) known.delete(oldest);
    },
  };
};
