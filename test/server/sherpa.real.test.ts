/** A whole server whose recogniser, voice and denoiser are neural models: the real library, with tiny models whose words are tones. */
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { FRAME_MS, PIPELINE_RATE } from '../../machines/audio.ts';
import { writeDenoiserModel } from '../../testing/models/denoiser-model.ts';
import { type SttModelKind, writeSttModel } from '../../testing/models/stt-models.ts';
import { toneSpeech } from '../../testing/models/tones.ts';
import { writeTtsModel } from '../../testing/models/tts-model.ts';
import { conversation } from '../languages/harness.ts';
import { temporaryFolder } from '../support/after-test.ts';

const REPLY = 'Turning left.';
/** The voice says each character as a tone of 50 ms. */
const REPLY_MS = 50 * REPLY.length;

it.each<SttModelKind>(['zipformer2-ctc', 'sense-voice'])(
  'audio in, and the reply as audio out, with sherpa-onnx: %s',
  async (kind) => {
    const folder = await temporaryFolder();
    const talk = await conversation({
      ...{ 'engines.stt': 'sherpa', 'stt.sherpa.model': writeSttModel(kind, join(folder, 'ears')) },
      ...{ 'engines.tts': 'sherpa', 'tts.sherpa.model': writeTtsModel(join(folder, 'voice')) },
      // Takes tones for speech.
      'vad.engine': 'webrtc',
      ...{
        'ear.denoise': 'sherpa',
        'ear.denoiseModel': dirname(writeDenoiserModel(join(folder, 'denoiser'))),
      },
    });
    const { client } = talk;
    const messages = await talk.replied(() =>
      client.say({ rate: PIPELINE_RATE, samples: toneSpeech('turn', 'left') }),
    );
    expect(messages).toContainEqual(
      expect.objectContaining({
        ...{ type: 'transcript', final: true, text: 'turn left' },
        words: [expect.objectContaining({ text: 'turn' }), expect.objectContaining({ text: 'left' })],
      }),
    );
    expect(messages).toContainEqual(
      expect.objectContaining({ type: 'action', name: 'turn', status: 'started' }),
    );
    expect(messages).toContainEqual(
      expect.objectContaining({ type: 'reply.end', reason: 'completed', heard: REPLY }),
    );
    expect(client.frames.length * FRAME_MS).toBeGreaterThan(REPLY_MS - FRAME_MS);
  },
  60_000,
);
