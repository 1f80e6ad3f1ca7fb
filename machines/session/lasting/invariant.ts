import { lifeOf, termsOf } from '../actions/policy.ts';
import { type MakeInvariant, publishedIn } from '../facts.ts';
import { offerOf } from '../tools/offer.ts';

/** What cancels a lasting action: states, and events. `away` and `resumed`: if a stop is suspected. */
const ENDS_LASTING = ['stopped', 'ended', 'llm.action', 'away', 'resumed'];

/**
 * 22: an action that may outlive its reply runs through turns and barge-ins. At most one `replace` action of a group runs;
 * only a newer one, the voice stop (also a suspected one, if the client is lost meanwhile) and the end of the session cancel such
 * an action. The state lists those that run, and
 * their executor lives as long.
 */
export const lastingInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** By id: the group in which a newer action replaces it; null for `finish`. */
  const running = new Map<string, string | null>();
  /** Those of the behaviour. */
  const own = new Set<string>();
  let listed = '';
  let executor = false;
  let cause = '';
  return {
    rest(entry) {
      const ids = [...running.keys()].join(' ');
      if (listed !== ids) broken(22, `the state lists '${listed}' while '${ids}' run`, entry);
      // The end of a child is logged before the event that it causes.
      const failed = entry?.type === 'event' && entry.event.type === 'xstate.error.actor.lasting';
      if (executor !== running.size > 0 && !failed)
        broken(22, `the executor ${executor ? 'outlives' : 'does not run'} the lasting actions`, entry);
      if (running.size > 0 && (facts.state === 'stopped' || facts.state === 'ended'))
        broken(22, `'${ids}' run in ${facts.state}`, entry);
    },
    observe(entry) {
      if (entry.type === 'event')
        cause = entry.state === 'stopped' || entry.state === 'ended' ? entry.state : entry.event.type;
      if (entry.type === 'event' && entry.event.type === 'resumed') executor = false;
      if (entry.type === 'child.start' && entry.kind === 'lasting') executor = true;
      if (entry.type === 'child.end' && entry.kind === 'lasting') executor = false;
      const message = publishedIn(entry);
      if (message?.type === 'state') listed = (message.actions ?? []).map(({ id }) => id).join(' ');
      if (message?.type !== 'action' || message.status === 'progress') return;
      const { id, name, status, origin } = message;
      if (status !== 'started') {
        // The behaviour's own ends with its state, for any event.
        if (running.has(id) && status === 'cancelled' && !own.has(id) && !ENDS_LASTING.includes(cause))
          broken(22, `lasting action ${id} was cancelled because of ${cause}`, entry);
        running.delete(id);
        own.delete(id);
        return;
      }
      const { lasting, group = name } = lifeOf(name, termsOf(name, options.actions, offerOf(facts)));
      for (const [other, replaceable] of running)
        if (replaceable === group) broken(22, `${id} was started beside ${other} of its group`, entry);
      if (origin) own.add(id);
      if (lasting || origin) running.set(id, lasting === 'replace' ? group : null);
    },
  };
};
