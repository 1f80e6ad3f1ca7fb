import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { speak } from '../../lab/hearing/speech.ts';
import { WyomingListener, type WyomingPeer } from '../../testing/loopback/mod.ts';
import { transcriptReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { type SttModelKind, writeSttModel } from '../../testing/models/stt-models.ts';
import { toneSpeech } from '../../testing/models/tones.ts';
import { HeldThreads, ServerMood } from '../conformance-test-util.ts';
import { MAX_CALLS } from '../http/calls.ts';
import { detectModel } from '../sherpa/model-folder.ts';
import { startWorkerProcess } from '../worker-process.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { sttConformance } from './conformance-test-util.ts';
import { openaiStt } from './openai/openai.ts';
import { sherpaStt } from './sherpa/sherpa.ts';
import { soundswallowerStt } from './soundswallower/soundswallower.ts';
import { wyomingStt } from './wyoming/wyoming.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-stt-'));
afterAll(() => rmSync(folder, { recursive: true }));

const beside = (name: string) => new URL(`./${name}/x.ts`, import.meta.url).href;

sttConformance('SoundSwallower', async () => {
  const held = new HeldThreads();
  const file = new URL('../../examples/robot.dialog.yaml', import.meta.url);
  const engine = soundswallowerStt({
    dialog: parseDialog(readFileSync(file, 'utf8'), 'robot.dialog.yaml'),
    clock: held.clock,
    startThread: (options) => held.add(startWorkerThread(beside('soundswallower'), 'worker', options)),
  });
  const { samples: speech } = await speak('what is your name', 'en-us');
  const close = () => engine.close();
  return {
    ...{ engine, speech, text: 'what is your name', limit: 4 + 32, noticesHang: true, close },
    ...held,
  };
});

const SHERPA: readonly SttModelKind[] = ['zipformer2-ctc', 'lstm-transducer', 'sense-voice'];
for (const kind of SHERPA)
  sttConformance(`sherpa-onnx, ${kind}`, async () => {
    const held = new HeldThreads();
    const engine = sherpaStt({
      model: await detectModel(writeSttModel(kind, join(folder, kind))),
      clock: held.clock,
      startProcess: (data) => held.add(startWorkerProcess(beside('sherpa'), 'worker', data)),
    });
    const close = () => engine.close();
    const speech = toneSpeech('turn', 'left', 'hello');
    return {
      ...{ engine, speech, text: 'turn left hello', limit: 16 + 32, noticesHang: true, close },
      ...held,
    };
  });

const network = {
  text: 'turn left',
  limit: MAX_CALLS,
  noticesHang: false,
  speech: toneSpeech('turn', 'left'),
};

sttConformance('OpenAI', async () => {
  const mood = new ServerMood();
  const server = await openaiServer({ transcription: () => mood.choose(transcriptReply('turn left')) });
  const engine = openaiStt({ baseURL: server.baseURL, model: 'm' });
  const close = async () => {
    await engine.close();
    await server.close();
  };
  return { engine, close, ...network, ...mood };
});

sttConformance('Wyoming', async () => {
  const mood = new ServerMood();
  let audio = 0;
  const answer = (peer: WyomingPeer, type: string) => {
    if (type === 'audio-chunk') audio += 1;
    if (type === 'audio-start') audio = 0;
    if (type === 'describe') peer.send('info', { asr: [{ name: 'ears', models: [] }] });
    if (type !== 'audio-stop') return;
    const [step] = mood.choose([{ do: 'answer' }]);
    if (step?.do === 'reset') peer.socket.resetAndDestroy();
    else if (step?.do === 'answer') peer.send('transcript', { text: audio > 0 ? 'turn left' : '' });
  };
  const server = await WyomingListener.start((peer) => {
    peer.onEvent = ({ type }) => answer(peer, type);
  });
  const engine = wyomingStt({ address: server.url });
  const close = async () => {
    await engine.close();
    await server.close();
  };
  return { engine, close, ...network, ...mood };
});
