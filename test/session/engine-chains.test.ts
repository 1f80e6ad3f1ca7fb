import { describe, expect, it } from 'vitest';
import { type ChainOptions, chainLlm, chainStt, chainTts } from '../../actors/chain/mod.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { Conversation, settle } from '../../testing/conversation.ts';
import {
  type LlmScript,
  type SttScript,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
  type TtsScript,
} from '../../testing/scripted-engines.ts';

/** 50 sessions were tested too: `PARLEY_TEST_SESSIONS=50`, one minute of a core for two faults. */
const SESSIONS = Number(process.env.PARLEY_TEST_SESSIONS ?? 4);
/** More than the failures that open a breaker, over all sessions. */
const TURNS = 2;
const TEXT = 'There are two chairs by a desk. There is also a lamp and a cup on the table.';
const resamplers = await speexResampler();

interface Faults {
  readonly stt?: SttScript;
  readonly llm?: LlmScript;
  readonly tts?: TtsScript;
}

/**
 * Conversations that share their engines, each a chain of one with `faults` and one healthy engine, in either order.
 */
function talk(sessions: number, faults: Faults, sickFirst: boolean) {
  const clock = new VirtualClock({ settle });
  const options: ChainOptions = { clock, firstByteMs: 1_000, stallMs: 1_000 };
  const order = <Engine>(sick: Engine, well: Engine) => (sickFirst ? [sick, well] : [well, sick]);
  const llmOf = (script: LlmScript, name: string) =>
    scriptedLlm(clock, () => ({ text: TEXT, ...script }), name);
  const stt = chainStt(
    order(
      scriptedStt(clock, [{ text: 'what is in the room', ...faults.stt }], 'sick'),
      scriptedStt(clock, [{ text: 'what is in the room' }], 'well'),
    ),
    options,
  );
  const llm = chainLlm(order(llmOf(faults.llm ?? {}, 'sick'), llmOf({}, 'well')), options);
  const sick: TtsEngine = scriptedTts(clock, () => faults.tts ?? {}, 'sick');
  const tts = chainTts(
    order(
      sick,
      scriptedTts(clock, () => ({}), 'well'),
    ),
    { ...options, resamplers },
  );
  const conversations = Array.from({ length: sessions }, () => {
    const bus = inProcessBus({ onHandlerError: () => {} });
    return new Conversation({ bus, clock, resamplers, stt, llm, tts });
  });
  return { clock, conversations };
}

async function endAll(conversations: readonly Conversation[]): Promise<void> {
  for (const conversation of conversations) {
    const { violations, divergence } = await conversation.end();
    expect(violations).toEqual([]);
    expect(divergence).toBeUndefined();
  }
}

const LLM: readonly [string, LlmScript][] = [
  ['hangs', { hangsAt: 0 }],
  ['fails', { failsAt: 0 }],
  ['is slow', { firstTokenMs: 20_000 }],
  ['trickles nothing', { text: '', actions: [{ type: 'delta', text: '' }], hangsAt: 0 }],
];
const TTS: readonly [string, TtsScript][] = [
  ['hangs', { hangs: true }],
  ['fails midway', { failsAfterMs: 900 }],
  ['fails midway without word marks', { failsAfterMs: 900, marks: false }],
  ['hangs midway', { hangsAfterMs: 900 }],
  ['gives no audio', { msPerChar: 0 }],
];
const STT: readonly [string, SttScript][] = [
  ['hangs', { hangs: true }],
  ['fails', { fails: new ParleyError('STT_FAILED', 'as scripted') }],
  ['is slow', { finalMs: 10_000 }],
];

describe.each([
  ['first', true],
  ['last', false],
] as const)('with a sick engine %s in the chain', (_place, sickFirst) => {
  // Behind a healthy engine it is never asked, so one fault of a kind suffices.
  const some = <Fault>(faults: readonly Fault[]) => (sickFirst ? faults : faults.slice(0, 1));

  it.each([
    ...some(LLM).map(([what, llm]) => [`language engine ${what}`, { llm }] as const),
    ...some(TTS).map(([what, tts]) => [`speech engine ${what}`, { tts }] as const),
  ])(`every turn of ${SESSIONS} sessions is answered while its %s`, async (_what, faults) => {
    const { clock, conversations } = talk(SESSIONS, faults, sickFirst);
    for (let turn = 1; turn <= TURNS; turn++) {
      for (const conversation of conversations)
        conversation.send({ type: 'text', text: 'what is in the room' });
      await clock.advance(20_000);
      for (const conversation of conversations) {
        const ends = conversation.of('reply.end');
        expect(ends).toHaveLength(turn);
        expect(ends.at(-1)).toMatchObject({ reason: 'completed', heard: TEXT });
      }
    }
    for (const conversation of conversations) expect(conversation.of('audio').length).toBeGreaterThan(0);
    await endAll(conversations);
  });

  it.each(some(STT))('speech is understood while the recogniser %s', async (_what, stt) => {
    const { conversations } = talk(1, { stt }, sickFirst);
    const [conversation] = conversations;
    if (!conversation) throw new Error('no conversation');
    await conversation.speak(800);
    await conversation.beSilent(1_000);
    await conversation.until(() => conversation.of('reply.end').length === 1);
    expect(conversation.of('transcript').at(-1)).toMatchObject({ text: 'what is in the room', final: true });
    expect(conversation.of('reply.end')[0]).toMatchObject({ reason: 'completed', heard: TEXT });
    await endAll(conversations);
  });
});
