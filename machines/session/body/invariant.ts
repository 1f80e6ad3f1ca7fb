import { isAmong, wordsOf } from '../../policies/text.ts';
import { type MakeInvariant, publishedIn } from '../facts.ts';
import { QUIET_DBFS } from './body.ts';

/** 26: the ear asks for more exactly while motors are heard, and then one partial transcript alone does not interrupt. */
export const bodyInvariant: MakeInvariant = ({ facts, options, broken }) => {
  const { moving: moves = [] } = options.actions;
  let body: { readonly moving: boolean; readonly noise?: number } = { moving: false };
  /** Running actions that move the robot. */
  const running = new Set<string>();
  let strict = false;
  /** Partial transcripts with words since a sound began over the reply. */
  let partials = 0;

  const loud = () => (body.moving ? (body.noise ?? 0) >= QUIET_DBFS : running.size > 0);
  return {
    observe(entry) {
      if (entry.type === 'command' && entry.command.type === 'ear') strict = entry.command.strict;
      const message = publishedIn(entry);
      if (message?.type === 'playback' && message.state === 'playing') partials = 0;
      if (message?.type === 'action' && moves.includes(message.name) && message.status !== 'progress') {
        if (message.status === 'started') running.add(message.id);
        else running.delete(message.id);
      }
      if (entry.type !== 'event') return;
      const { event, state } = entry;
      if (event.type === 'body') body = event;
      if (facts.state !== 'speaking') partials = 0;
      if (event.type !== 'transcript.partial' || wordsOf(event.text, facts.language).length === 0) return;
      partials += 1;
      const ended = facts.state === 'speaking' && state === 'listening';
      if (ended && partials === 1 && loud() && !isAmong(event.text, options.halt, facts.language))
        broken(26, `'${event.text}' alone interrupted the reply while motors are heard`, entry);
    },
    rest(entry) {
      if (facts.state !== 'ended' && strict !== loud())
        broken(
          26,
          `the ear asks for ${strict ? 'more' : 'no more'} while motors are ${loud() ? '' : 'not '}heard`,
          entry,
        );
    },
  };
};
