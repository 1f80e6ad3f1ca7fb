import type { MakeInvariant } from '../facts.ts';
import { earInterrupts, earTakesTurn, responds } from './in-force.ts';

/** 18: speech that the ear hears does only what the settings allow. */
export const settingsInvariant: MakeInvariant = ({ facts, broken }) => ({
  observe(entry) {
    if (entry.type === 'child.start' && entry.kind === 'speculation' && !responds(facts))
      broken(18, 'a reply was prepared though transcripts start none', entry);
    if (entry.type !== 'event' || entry.state === facts.state) return;
    const { type } = entry.event;
    if (type !== 'speech.start' && type !== 'speech.stop') return;
    if (!earTakesTurn(facts)) broken(18, `${type} led from ${facts.state} to ${entry.state}`, entry);
    if (facts.state === 'speaking' && !earInterrupts(facts))
      broken(18, `${type} ended the reply, which must not be interrupted`, entry);
  },
});
