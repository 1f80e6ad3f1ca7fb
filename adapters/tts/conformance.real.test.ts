import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { edgeReply } from '../../testing/loopback/edge-replies.ts';
import { edgeServer } from '../../testing/loopback/edge-server.ts';
import { minimaxReply, minimaxServer } from '../../testing/loopback/minimax-server.ts';
import { WyomingListener, type WyomingPeer } from '../../testing/loopback/mod.ts';
import { toneMp3 } from '../../testing/loopback/mp3.ts';
import { speechReply, toneSamples } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { writeTtsModel } from '../../testing/models/tts-model.ts';
import { HeldThreads, ServerMood } from '../conformance-test-util.ts';
import { MAX_CALLS } from '../http/calls.ts';
import { detectModel } from '../sherpa/model-folder.ts';
import { startWorkerProcess } from '../worker-process.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { ttsConformance } from './conformance-test-util.ts';
import { edgeTts } from './edge/edge.ts';
import { espeakTts } from './espeak/espeak.ts';
import { minimaxTts } from './minimax/minimax.ts';
import { openaiTts } from './openai/openai.ts';
import { sherpaTts } from './sherpa/sherpa.ts';
import { wyomingTts } from './wyoming/wyoming.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-tts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const beside = (name: string) => new URL(`./${name}/x.ts`, import.meta.url).href;

ttsConformance('eSpeak NG', async () => {
  const held = new HeldThreads();
  const engine = espeakTts({
    clock: held.clock,
    startThread: (options) => held.add(startWorkerThread(beside('espeak'), 'worker', options)),
  });
  return { ...{ engine, limit: 128, noticesHang: true, close: () => engine.close() }, ...held };
});

ttsConformance('sherpa-onnx', async () => {
  const held = new HeldThreads();
  const engine = sherpaTts({
    model: await detectModel(writeTtsModel(join(folder, 'voice'))),
    clock: held.clock,
    startProcess: (data) => held.add(startWorkerProcess(beside('sherpa'), 'worker', data)),
  });
  return { ...{ engine, limit: 32, noticesHang: true, close: () => engine.close() }, ...held };
});

const network = { limit: MAX_CALLS, noticesHang: false };
const TONE = toneSamples(1_000, 24_000);

ttsConformance('OpenAI', async () => {
  const mood = new ServerMood();
  const server = await openaiServer({ speech: () => mood.choose(speechReply(TONE)) });
  const engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v' });
  return { ...network, ...mood, engine, close: () => Promise.all([engine.close(), server.close()]) };
});

ttsConformance('MiniMax', async () => {
  const mood = new ServerMood();
  const server = await minimaxServer({ speech: () => mood.choose(minimaxReply(TONE)) });
  const engine = minimaxTts({ baseURL: server.baseURL, apiKey: 'k', model: 'm', voice: 'v' });
  return { ...network, ...mood, engine, close: () => Promise.all([engine.close(), server.close()]) };
});

ttsConformance('Edge', async () => {
  const mood = new ServerMood();
  const words = [
    { text: 'Hello', offsetTicks: 0 },
    { text: 'there', offsetTicks: 500_000 },
  ];
  const server = await edgeServer({ speech: () => mood.choose(edgeReply({ mp3: toneMp3(20), words })) });
  const engine = edgeTts({ endpoint: server.endpoint });
  return { ...network, ...mood, engine, close: () => Promise.all([engine.close(), server.close()]) };
});

ttsConformance('Wyoming', async () => {
  const mood = new ServerMood();
  const format = { rate: 22_050, width: 2, channels: 1 };
  const speak = (peer: WyomingPeer) => {
    const [step] = mood.choose([{ do: 'answer' }]);
    if (step?.do === 'reset') peer.socket.resetAndDestroy();
    if (step?.do !== 'answer') return;
    peer.send('audio-start', format);
    for (let piece = 0; piece < 10; piece++) peer.send('audio-chunk', format, Buffer.alloc(4_410, 1));
    peer.send('audio-stop');
  };
  const server = await WyomingListener.start((peer) => {
    peer.onEvent = ({ type }) => {
      if (type === 'describe') peer.send('info', { tts: [{ name: 'mouth', voices: [] }] });
      else if (type === 'synthesize') speak(peer);
    };
  });
  const engine = wyomingTts({ address: server.url });
  return { ...network, ...mood, engine, close: () => Promise.all([engine.close(), server.close()]) };
});
