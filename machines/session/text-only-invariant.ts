import type { MakeInvariant } from './facts.ts';

/** 20: a session without audio output neither synthesises nor sends any; one without audio input has no ear. */
export const textOnlyInvariant: MakeInvariant = ({ options, broken }) => ({
  observe(entry) {
    if (options.output === 'text') {
      if (entry.type === 'frame') broken(20, 'a text-only session sent a frame', entry);
      if (entry.type === 'child.start' && (entry.kind === 'tts' || entry.kind === 'playback'))
        broken(20, `a text-only session started ${entry.kind}`, entry);
    }
    if (options.input === 'text' && entry.type === 'event' && entry.source === 'ear')
      broken(20, `a session without an ear heard ${entry.event.type}`, entry);
  },
});
