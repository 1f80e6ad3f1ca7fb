import { delayName, type KernelEvent } from '../../kernel.ts';
import { type MakeInvariant, type Message, publishedIn } from '../facts.ts';
import { offerOf } from '../tools/offer.ts';
import { actionRefusal, behavioursOwn, lifeOf, termsOf } from './policy.ts';

/** Maximum number of ended actions remembered: more than a session starts in minutes. */
const KEPT_IDS = 1_000;

/**
 * 4, 9, 12 and 21: an action starts once, only if policy allows it, and ends once: as its executor reports, at its deadline or
 * with its reply. Each result from a client gets one answer.
 */
export const actionsInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** Whether each may outlive its reply. */
  const running = new Map<string, boolean>();
  /** Those that run and are the server's own. */
  const servers = new Set<string>();
  /** The reply of the newest started action. */
  let acted = { turn: 0, generation: 0 };
  /** The newest started actions, running or not. */
  const known = new Set<string>();
  /** The newest calls whose arguments cannot be used. */
  const invalid = new Set<string>();
  /** The newest calls that began outside. */
  const outside = new Set<string>();
  let generation = 0;
  let startedInReply = 0;
  let event: KernelEvent | undefined;
  /** The answer that the client's result must get. */
  let due: string | undefined;
  return {
    rest(entry) {
      const { state } = facts;
      if (due && state !== 'ended') broken(21, `a result was not answered with ${due}`, entry);
      due = undefined;
      if (running.size === 0 || state === 'processing' || state === 'speaking') return;
      const over = state === 'stopped' || state === 'ended';
      for (const [id, lasting] of running) {
        if (lasting && !over) continue;
        broken(state === 'stopped' ? 9 : 4, `action ${id} runs in ${state}`, entry);
        running.delete(id);
      }
    },
    observe(entry) {
      if (facts.generation !== generation) {
        generation = facts.generation;
        startedInReply = 0;
      }
      if (entry.type === 'event') {
        event = entry.event;
        if (event.type === 'llm.action' && event.invalid !== undefined) {
          invalid.add(event.id);
          forgetOldest(invalid);
        }
        if (event.type === 'action.result')
          due =
            options.results && running.has(event.id) && !servers.has(event.id)
              ? event.status
              : 'ACTION_RESULT_UNEXPECTED';
      }
      if (entry.type === 'action.start') {
        if (outside.has(entry.id)) broken(12, `the call ${entry.id} began twice`, entry);
        if (!known.has(entry.id))
          broken(12, `the call ${entry.id} began before the machine started it`, entry);
        outside.add(entry.id);
        forgetOldest(outside);
      }
      const message = publishedIn(entry);
      if (message?.type === 'error' && message.code === due) due = undefined;
      if (message?.type === 'state' && message.turn === acted.turn && message.generation > acted.generation)
        broken(12, `turn ${message.turn} began again after a call of it`, entry);
      if (message?.type !== 'action') return;
      const { id, name, status, origin } = message;
      if (status === 'refused' && !running.has(id)) return;
      if (status !== 'started') {
        if (status !== 'progress') servers.delete(id);
        if (status === due && event && isCause(event, message)) due = undefined;
        const ran = status === 'progress' ? running.has(id) : running.delete(id);
        if (!ran) broken(9, `action ${name} was ${status}, but does not run`, entry);
        if (event && !isCause(event, message))
          broken(21, `action ${name} was ${status} because of ${event.type}`, entry);
        return;
      }
      if (facts.state === 'stopped') broken(9, `action ${name} was started stopped`, entry);
      const lasting = [...running.values()].filter(Boolean).length;
      const policy = origin ? behavioursOwn(options.actions) : options.actions;
      const why = actionRefusal(name, origin ? 0 : startedInReply, policy, offerOf(facts), lasting);
      if (why) broken(9, `action ${name} was started against policy (${why})`, entry);
      if (invalid.has(id)) broken(9, `action ${name} was started with arguments that do not fit`, entry);
      if (known.has(id)) broken(9, `action ${id} was started twice`, entry);
      if (!origin) startedInReply += 1;
      const { lasting: outlives = origin } = lifeOf(name, termsOf(name, options.actions, offerOf(facts)));
      running.set(id, outlives !== undefined);
      if (message.runs) servers.add(id);
      if (!origin) acted = { turn: facts.turn, generation };
      known.add(id);
      forgetOldest(known);
    },
  };
};

function forgetOldest(ids: Set<string>): void {
  const [oldest] = ids;
  if (oldest !== undefined && ids.size > KEPT_IDS) ids.delete(oldest);
}

/** Whether `event` may give a started action this status. */
function isCause(event: KernelEvent, { id, status }: Message<'action'>): boolean {
  if (status === 'cancelled') return true;
  if (event.type === 'action.result') return event.id === id && event.status === status;
  if (event.type === 'action.done') return event.id === id && status === 'done';
  if (status !== 'failed') return false;
  if (['resumed', 'away', 'lost'].includes(event.type)) return true;
  return event.type === 'action.failed'
    ? event.id === id
    : ['xstate.error.actor.actions', 'xstate.error.actor.lasting'].includes(event.type) ||
        ['actionDeadline', 'lastingDeadline'].includes(delayName(event.type));
}
