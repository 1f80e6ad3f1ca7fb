/** Robots whose microphone stands beside their loudspeaker, over raw sockets, on virtual time: what the server plays comes back. */
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { hostLlm, hostStt, hostTts, remoteLlm, remoteStt, remoteTts } from '../../actors/engine-rpc/mod.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { openSession } from '../../actors/session/session.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { slowCheck } from '../../adapters/schema/slow-check.ts';
import { samplesInMs } from '../../machines/audio.ts';
import type { VirtualClock } from '../../machines/clock.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { type Rig, startRig } from '../../server/door/door-test-util.ts';
import type { SessionHost } from '../../server/door/session-host.ts';
import { startWyoming } from '../../server/endpoints/wyoming/wyoming-test-util.ts';
import { WyomingListener } from '../../testing/loopback/mod.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { Random } from '../../testing/simulation/random.ts';
import { afterTest } from '../support/after-test.ts';

const FRAME_MS = 20;
const REPLY = 'One two three four five six seven eight nine ten.';
const DELAY_MS = 80;
const PERSON = 6_000;

/** Noise in syllables: 200 ms with sound, 100 ms without. */
function syllables(ms: number, rate: number, name: string, level: number): Int16Array {
  const random = Random.named(1, name);
  let smooth = 0;
  return Int16Array.from({ length: samplesInMs(ms, rate) }, (_, i) => {
    smooth += 0.4 * (2 * random.next() - 1 - smooth);
    return i % (0.3 * rate) < 0.2 * rate ? Math.round(level * smooth) : 0;
  });
}

/** Marks words as `scriptedTts` does, and says them with a voice of many frequencies instead of its tone. */
function babbling(tts: TtsEngine): TtsEngine {
  return {
    ...tts,
    async *synthesize(request, signal) {
      for await (const event of tts.synthesize(request, signal)) {
        if (event.type !== 'audio') yield event;
        else {
          const { rate, samples } = event.pcm;
          const voice = syllables((1_000 * samples.length) / rate, rate, request.text, 30_000);
          yield { type: 'audio', pcm: { rate, samples: voice } };
        }
      }
    },
  };
}

/** Real sessions behind a door. `asked`: the last words of each request to the language engine. */
async function realSessions(clockOf: () => VirtualClock, voice: 'words' | 'tone') {
  const asked: string[] = [];
  const resamplers = await speexResampler();
  const host: SessionHost = {
    async open(request, listener) {
      const clock = clockOf();
      const bus = inProcessBus({ clock });
      const stt = scriptedStt(clock, [{ partial: 'turn left', text: 'turn left' }]);
      const llm = scriptedLlm(clock, ({ messages }) => {
        asked.push(messages.at(-1)?.content ?? '');
        return { text: REPLY, firstTokenMs: 1, tokenMs: 1 };
      });
      const scripted = scriptedTts(clock, () => ({ firstByteMs: 1, msPerChar: 80 }));
      const tts = voice === 'words' ? babbling(scripted) : scripted;
      const hosts = [hostStt(bus, clock, stt), hostLlm(bus, clock, llm), hostTts(bus, clock, tts)];
      const session = openSession(
        {
          ...{ bus, clock, resamplers, slowSchemaCheck: slowCheck },
          ...{ parameters: defaultParameters },
          engines: {
            stt: (scope) => remoteStt(bus, clock, stt.name, scope),
            llm: (scope) => remoteLlm(bus, clock, llm.name, scope),
            tts: (scope) => remoteTts(bus, clock, tts.name, scope),
          },
          vad: levelVad(),
          actions: { run: async () => null },
          store: {
            ...{ saveSession: async () => {}, endSession: async () => {}, saveTurn: async () => {} },
            ...{ sessions: async () => [], turns: async () => [], close: async () => {} },
          },
          onLog: () => {},
          onProblem: () => {},
        },
        { ...request, seed: 1 },
        listener,
      );
      return {
        command: session.command,
        audio: session.audio,
        present: session.present,
        speak: session.speak,
        heardAt: session.heardAt,
        setEcho: session.setEcho,
        close: async () => {
          await session.close('lost');
          await Promise.all(hosts.map((one) => one.close()));
        },
      };
    },
  };
  return { host, asked, resamplers };
}

/** How a robot talks to the server. */
interface Wire {
  sends(pcm: Buffer): void;
  /** Resolves once each side has read what the other wrote before. */
  barrier(): Promise<unknown>;
}

/** The robot of a client: its microphone gets what its loudspeaker plays, `DELAY_MS` later and softer. */
class Robot {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  readonly #gain: number;
  readonly #wire: Wire;
  readonly #played: number[] = [];
  #queue: number[] = [];
  /** What of the queue has been played. */
  #at = 0;
  #said: readonly number[] = [];
  /** Called once so many samples have been played. */
  #marks: { readonly at: number; readonly passed: () => void }[] = [];

  constructor(clock: VirtualClock, rate: number, echoDb: number, wire: Wire) {
    this.#clock = clock;
    this.#rate = rate;
    this.#gain = 10 ** (echoDb / 20);
    this.#wire = wire;
  }

  plays(bytes: Uint8Array): void {
    for (const sample of new Int16Array(Uint8Array.from(bytes).buffer)) this.#queue.push(sample);
  }

  drops(): void {
    this.#queue = [];
    this.#at = 0;
  }

  get #waiting(): number {
    return Math.max(0, this.#queue.length - this.#at);
  }

  /** Calls `passed` once the loudspeaker has played what it has now. */
  afterwards(passed: () => void): void {
    this.#marks.push({ at: this.#played.length + this.#waiting, passed });
  }

  /** A person speaks to it from now on. */
  hears(samples: Int16Array): void {
    this.#said = [...samples];
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += FRAME_MS) await this.#frame();
  }

  /** Until the loudspeaker has been silent for a second. */
  async finish(): Promise<void> {
    for (let silentMs = 0; silentMs < 1_000; silentMs += FRAME_MS) {
      if (this.#waiting > 0) silentMs = 0;
      await this.#frame();
    }
  }

  async #frame(): Promise<void> {
    const length = samplesInMs(FRAME_MS, this.#rate);
    const from = this.#played.length;
    for (let i = 0; i < length; i++) this.#played.push(this.#queue[this.#at + i] ?? 0);
    this.#at = Math.min(this.#queue.length, this.#at + length);
    const delay = samplesInMs(DELAY_MS, this.#rate);
    const heard = Int16Array.from({ length }, (_, i) =>
      Math.round(this.#gain * (this.#played[from + i - delay] ?? 0) + (this.#said[i] ?? 0)),
    );
    this.#said = this.#said.slice(length);
    const passed = this.#marks.filter(({ at }) => at <= this.#played.length);
    this.#marks = this.#marks.filter((mark) => !passed.includes(mark));
    for (const mark of passed) mark.passed();
    this.#wire.sends(Buffer.from(heard.buffer));
    await this.#wire.barrier();
    await this.#clock.advance(FRAME_MS);
    await this.#wire.barrier();
  }
}

interface Door {
  readonly robot: Robot;
  readonly rate: number;
  readonly asked: readonly string[];
  /** Asks in writing. */
  ask(text: string): void;
  /** Ends the reply without a word. */
  interrupt(): void;
}

function listen(socket: WebSocket, take: (message: Record<string, unknown>) => void): void {
  socket.on('message', (data) => take(JSON.parse(String(data))));
}

/** A rig whose host must exist before its clock does. */
async function rigOf(voice: 'words' | 'tone', start: (host: SessionHost) => Promise<Rig>) {
  let rig: Rig | undefined;
  const sessions = await realSessions(() => {
    if (!rig) throw new Error('a session before the rig');
    return rig.clock;
  }, voice);
  rig = await start(sessions.host);
  return { rig, asked: sessions.asked };
}

/** Barriers count as messages. */
const limits = { messageBurst: 100_000 };

/** What a client does when the server asks it to drop what it plays. */
type Obeys = 'drops' | 'plays on';

async function realtime(
  echoDb: number,
  echo: string,
  voice: 'words' | 'tone' = 'words',
  obeys: Obeys = 'drops',
): Promise<Door> {
  const rate = 24_000;
  const resamplers = await speexResampler();
  const { rig, asked } = await rigOf(voice, (host) => startRig({ host, resamplers, limits }));
  const client = await rig.connect({ protocols: [], path: `/v1/realtime?model=any&echo=${echo}` }).opened();
  const robot = new Robot(rig.clock, rate, echoDb, {
    sends: (pcm) => client.say({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') }),
    barrier: () => client.pinged(),
  });
  listen(client.socket, ({ type, delta, response }) => {
    if (type === 'response.output_audio.delta') robot.plays(Buffer.from(String(delta), 'base64'));
    const { status } = (response ?? {}) as { status?: string };
    const isOver = type === 'response.done' && status === 'cancelled';
    if ((isOver || type === 'input_audio_buffer.speech_started') && obeys === 'drops') robot.drops();
  });
  const ask = (text: string) => {
    const content = [{ type: 'input_text', text }];
    client.say({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    client.say({ type: 'response.create' });
  };
  const interrupt = () => client.say({ type: 'response.cancel' });
  return { robot, rate, asked, ask, interrupt };
}

async function rosbridge(echoDb: number, echo: string, obeys: Obeys = 'drops'): Promise<Door> {
  const rate = 16_000;
  const resamplers = await speexResampler();
  const { rig, asked } = await rigOf('words', (host) => startRig({ host, resamplers, limits }));
  const client = await rig.connect({ protocols: [], path: `/rosbridge?echo=${echo}` }).opened();
  const robot = new Robot(rig.clock, rate, echoDb, {
    sends: (pcm) =>
      client.say({ op: 'publish', topic: '/parley/audio/in', msg: { data: pcm.toString('base64') } }),
    barrier: () => client.pinged(),
  });
  listen(client.socket, ({ topic, msg }) => {
    const { data = '' } = (msg ?? {}) as { data?: string };
    if (topic === '/parley/audio/out') robot.plays(Buffer.from(data, 'base64'));
    if (topic === '/parley/event' && data.includes('"flush"') && obeys === 'drops') robot.drops();
  });
  for (const topic of ['/parley/audio/out', '/parley/event']) client.say({ op: 'subscribe', topic });
  const ask = (text: string) => client.say({ op: 'call_service', service: '/parley/text', args: { text } });
  const interrupt = () => client.say({ op: 'call_service', service: '/parley/interrupt', args: {} });
  return { robot, rate, asked, ask, interrupt };
}

/** A satellite plays on what it has: its protocol has no word for the opposite. */
async function satellite(echoDb: number, echo: string): Promise<Door> {
  const rate = 24_000;
  const format = { rate, width: 2, channels: 1 };
  const resamplers = await speexResampler();
  const listener = await WyomingListener.start();
  afterTest(() => listener.close());
  const { rig, asked } = await rigOf('words', async (host) => {
    const options = { satellites: [listener.url], echo };
    return (await startWyoming({ options, rig: { host, resamplers, limits } })).rig;
  });
  const peer = await listener.server();
  await peer.next('run-satellite');
  peer.send('info', { snd: [{ snd_format: format }] });
  peer.send('run-pipeline', { start_stage: 'wake', end_stage: 'tts', restart_on_end: true });
  await peer.next('transcribe');
  const robot = new Robot(rig.clock, rate, echoDb, {
    sends: (pcm) => peer.send('audio-chunk', format, pcm),
    barrier: () => peer.ping(),
  });
  peer.onEvent = ({ type, data, payload }) => {
    if (type === 'audio-stop') robot.afterwards(() => peer.send('played'));
    if (type !== 'audio-chunk') return;
    expect(data).toEqual(format);
    robot.plays(payload);
  };
  const ask = (text: string) => peer.send('transcript', { text });
  // Its wake word was said.
  return { robot, rate, asked, ask, interrupt: () => peer.send('detection') };
}

it.each<[string, string, number, () => Promise<Door>]>([
  ['Realtime', 'unknown', -10, () => realtime(-10, 'unknown')],
  ['Realtime', 'unknown', -20, () => realtime(-20, 'unknown')],
  ['Realtime, with a voice that is a tone,', 'unknown', -10, () => realtime(-10, 'unknown', 'tone')],
  ['Realtime', 'cancelled, which is wrong,', -10, () => realtime(-10, 'cancelled')],
  ['Realtime, playing on,', 'unknown', -10, () => realtime(-10, 'unknown', 'words', 'plays on')],
  ['rosbridge', 'unknown', -10, () => rosbridge(-10, 'unknown')],
  ['rosbridge', 'cancelled, which is wrong,', -20, () => rosbridge(-20, 'cancelled')],
  ['rosbridge, playing on,', 'unknown', -10, () => rosbridge(-10, 'unknown', 'plays on')],
  ['a Wyoming satellite', 'unknown', -10, () => satellite(-10, 'unknown')],
  ['a Wyoming satellite', 'unknown', -20, () => satellite(-20, 'unknown')],
  ['a Wyoming satellite', 'cancelled, which is wrong,', -10, () => satellite(-10, 'cancelled')],
])(
  'an open microphone behind %s that says %s and hears the robot at %i dB causes no turn, also when a reply is cut off; a person who interrupts is heard, once',
  { timeout: 120_000 },
  async (_door, _says, _echoDb, open) => {
    const { robot, rate, asked, ask, interrupt } = await open();
    await robot.pass(400);
    for (let reply = 0; reply < 3; reply++) {
      ask('count');
      await robot.pass(200);
      await robot.finish();
    }
    expect(asked).toEqual(['count', 'count', 'count']);
    ask('cut off');
    await robot.pass(1_300);
    interrupt();
    await robot.pass(2_000);
    expect(asked).toEqual(['count', 'count', 'count', 'cut off']);
    ask('count');
    await robot.pass(1_500);
    robot.hears(syllables(800, rate, 'person', 3 * PERSON));
    await robot.pass(2_000);
    await robot.finish();
    expect(asked).toEqual(['count', 'count', 'count', 'cut off', 'count', 'turn left']);
  },
);
