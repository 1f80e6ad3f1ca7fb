import { describe, expect, it } from 'vitest';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { Conversation, settle } from '../../testing/conversation.ts';
import { scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';

describe('a session', () => {
  it('answers a spoken turn', async () => {
    const clock = new VirtualClock({ settle });
    const talk = new Conversation({
      clock,
      bus: inProcessBus(),
      resamplers: await speexResampler(),
      stt: scriptedStt(clock, [{ partial: 'hello', text: 'hello' }]),
      llm: scriptedLlm(clock, () => ({ text: 'Hello there. How are you?' })),
      tts: scriptedTts(clock),
    });
    await talk.beSilent(200);
    await talk.speak(600);
    await talk.beSilent(3000);
      JSON.stringify(
        talk.heard.filter((h) => h.type !== 'audio'),
        null,
        0,
      ).replaceAll('},{', '}\n{'),
      talk.of('audio').length,
    );
    const { violations, divergence } = await talk.end();
    expect({ violations, divergence }).toEqual({ violations: [], divergence: undefined });
  });
});
