// One AgentSession without a room, as a client of the benchmark's users: frames in, frames out, with recorded times.
import { initializeLogger, voice } from '@livekit/agents';
import * as openai from '@livekit/agents-plugin-openai';
import * as silero from '@livekit/agents-plugin-silero';
import { AudioFrame } from '@livekit/rtc-node';
import { StreamingTts } from './streaming-tts.mjs';

initializeLogger({ pretty: false, level: process.env.LOG_LEVEL ?? 'fatal' });

const INPUT_RATE = 16_000;
const OUTPUT_RATE = 24_000;

/** All sessions of the process share the models, like a prewarmed worker of the framework. */
export async function loadEngines(engines, endpointMs) {
  const connection = { baseURL: `${engines}/ok/v1`, apiKey: 'none' };
  const models = {
    // Its silence is the endpoint delay: the turn ends with the voice detector's event, without further waiting.
    vad: await silero.VAD.load({ minSilenceDuration: endpointMs, minSpeechDuration: 50, forceCPU: true }),
    stt: new openai.STT({ ...connection, language: 'en', model: 'fake', useRealtime: false }),
    llm: new openai.LLM({ ...connection, model: 'fake' }),
    tts: new StreamingTts(connection.baseURL),
  };
  // Every session listens to them.
  for (const model of Object.values(models)) model.setMaxListeners(0);
  return models;
}

class Input extends voice.AudioInput {
  #controller;

  constructor() {
    super();
    const stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    this.multiStream.addInputStream(stream);
  }

  push(frame) {
    this.#controller?.enqueue(frame);
  }

  async close() {
    this.#controller?.close();
    this.#controller = undefined;
    await super.close();
  }
}

/** Simulates real-time playback: computes when the last frame would have been played. */
class Output extends voice.AudioOutput {
  #client;
  #startedMs;
  #pushedMs = 0;
  #timer;

  constructor(client) {
    super(OUTPUT_RATE, undefined, { pause: true });
    this.#client = client;
  }

  async captureFrame(frame) {
    await super.captureFrame(frame);
    this.#client.onFrame();
    if (this.#startedMs === undefined) {
      this.#startedMs = performance.now();
      this.onPlaybackStarted(Date.now());
    }
    this.#pushedMs += (frame.samplesPerChannel * 1_000) / frame.sampleRate;
  }

  flush() {
    super.flush();
    if (this.#startedMs === undefined) return;
    const leftMs = Math.max(0, this.#startedMs + this.#pushedMs - performance.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(false), leftMs);
  }

  pause() {
    super.pause();
    this.#client.onSilenced();
  }

  clearBuffer() {
    this.#client.onSilenced();
    if (this.#startedMs !== undefined) this.#finish(true);
  }

  #finish(interrupted) {
    clearTimeout(this.#timer);
    const playedMs = interrupted
      ? Math.min(this.#pushedMs, performance.now() - (this.#startedMs ?? performance.now()))
      : this.#pushedMs;
    this.#startedMs = undefined;
    this.#pushedMs = 0;
    this.onPlaybackFinished({ playbackPosition: playedMs / 1_000, interrupted });
    this.#client.onFinished(interrupted);
  }
}

/** Same interface as the benchmark's own client, so that the same users can control it. */
export class PeerClient {
  listener;
  #monotonicMs;
  #input = new Input();
  #session;
  #replies = [];
  #bargeIns = [];
  #errors = [];
  #reply;
  #words = '';
  #speechMs;
  #speechEndsMs = [];

  constructor(monotonicMs) {
    this.#monotonicMs = monotonicMs;
  }

  async start(engines) {
    const { AgentSessionEventTypes: Events } = voice;
    this.#session = new voice.AgentSession({
      ...engines,
      aecWarmupDuration: null,
      userAwayTimeout: null,
      turnHandling: {
        turnDetection: 'vad',
        endpointing: { minDelay: 0 },
        interruption: { mode: 'vad', minDuration: 50 },
        preemptiveGeneration: { enabled: true, preemptiveTts: true },
      },
    });
    this.#session.on(Events.UserStateChanged, ({ newState }) => {
      if (newState === 'speaking') this.#speechMs = this.#monotonicMs();
    });
    this.#session.on(Events.UserInputTranscribed, ({ transcript, isFinal }) => {
      if (!isFinal) return;
      this.#words = transcript;
      // Audio from now on answers these words.
      this.#reply = undefined;
    });
    this.#session.on(Events.Error, ({ error }) =>
      this.#errors.push(String(error?.error?.message ?? error?.message ?? error)),
    );
    this.#session.input.audio = this.#input;
    this.#session.output.audio = new Output(this);
    await this.#session.start({ agent: new voice.Agent({ instructions: 'Answer.' }), record: false });
  }

  tick(frame) {
    const samples = new Int16Array(frame.buffer, frame.byteOffset, frame.byteLength / 2);
    this.#input.push(new AudioFrame(samples, INPUT_RATE, 1, samples.length));
  }

  noteSpeechEnd() {
    this.#speechEndsMs.push(this.#monotonicMs());
  }

  onFrame() {
    const atMs = this.#monotonicMs();
    if (!this.#reply) {
      this.#reply = { words: this.#words, firstFrameMs: atMs, spokenMs: this.#speechEndsMs.at(-1) };
      this.#replies.push(this.#reply);
      this.listener?.onAudible();
    }
  }

  onSilenced() {
    // Only speech during this reply interrupts it.
    if (!this.#reply || this.#reply.silenced || !(this.#speechMs > this.#reply.firstFrameMs)) return;
    this.#reply.silenced = true;
    this.#bargeIns.push(this.#monotonicMs() - this.#speechMs);
  }

  onFinished(interrupted) {
    this.listener?.onReplyEnd(interrupted ? 'interrupted' : 'completed');
  }

  report() {
    return { replies: this.#replies, bargeIns: this.#bargeIns, errors: this.#errors };
  }

  async close() {
    await this.#session.close();
  }
}
