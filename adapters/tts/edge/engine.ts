import { constant, optionalText, text } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

export const edge = defineEngine({
  kind: 'tts',
  name: 'edge',
  summary: 'The Read Aloud voices of Microsoft Edge: no key, but an unofficial service',
  options: {
    voice: text(
      'en-US-JennyNeural',
      'Voice for its own language; others have a usual voice, such as zh-CN-XiaoxiaoNeural. See docs/how-to/languages.md.',
    ),
    // The voice as it was recorded.
    speed: constant(text('+0%', 'Change of speed, such as +10%.')),
    pitch: constant(text('+0Hz', 'Change of pitch, such as +20Hz.')),
    volume: constant(text('+0%', 'Change of volume, such as -10%.')),
    // Undefined: Microsoft's.
    endpoint: constant(optionalText('ws: or wss: address to connect to instead of Microsoft’s.')),
  },
  can: { offline: false, languages: 'many', streams: true, wordTimes: true, visemes: false },
  make: async (options, { name }) => (await import('./edge.ts')).edgeTts({ ...options, name }),
  sound: (options) => options,
});
