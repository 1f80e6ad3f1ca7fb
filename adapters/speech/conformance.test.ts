import { VirtualClock } from '../../machines/clock.ts';
import {
  type RealtimeEvent,
  type RealtimePeer,
  realtimeLoopback,
} from '../../testing/loopback/realtime-server.ts';
import { ServerMood } from '../conformance-test-util.ts';
import { speechConformance } from './conformance-test-util.ts';
import { openAiRealtime } from './openai-realtime/openai-realtime.ts';

const HEARS = 'turn left';
const REPLIES = 'I turn to the left.';
/** 100 ms at 24 kHz. */
const AUDIO = Buffer.alloc(4_800, 1).toString('base64');
const LIMIT = 64;
/** Far more than a server may take to answer a ping, ms. */
const LONG_MS = 60_000;

/** What a server of the Realtime API does with the events of one connection. */
class Model {
  readonly #peer: RealtimePeer;
  #heard = 0;
  #named = 0;
  /** In progress until it is cancelled. */
  #response: string | undefined;

  constructor(peer: RealtimePeer) {
    this.#peer = peer;
  }

  take(event: RealtimeEvent): void {
    const peer = this.#peer;
    switch (event.type) {
      case 'session.update':
        peer.send({ type: 'session.updated', session: {} });
        break;
      case 'input_audio_buffer.append':
        this.#heard += 1;
        break;
      case 'input_audio_buffer.commit':
        this.#commit(event);
        break;
      case 'response.create':
        this.#respond();
        break;
      case 'response.cancel':
        if (this.#response !== undefined) this.#done(this.#response, 'cancelled');
        break;
    }
  }

  #commit({ event_id }: RealtimeEvent): void {
    if (this.#heard === 0) {
      this.#peer.send({ type: 'error', error: { code: 'input_audio_buffer_commit_empty', event_id } });
      return;
    }
    this.#heard = 0;
    const item_id = this.#name('item');
    this.#peer.send(
      { type: 'input_audio_buffer.committed', item_id },
      { type: 'conversation.item.input_audio_transcription.completed', item_id, transcript: HEARS },
    );
  }

  /** Its end comes a moment later, so that it can be cancelled. */
  #respond(): void {
    const response_id = this.#name('response');
    const of = { response_id, item_id: this.#name('item') };
    this.#response = response_id;
    this.#peer.send({ type: 'response.created', response: { id: response_id, status: 'in_progress' } });
    for (const [i, delta] of REPLIES.split(/(?<=\s)/u).entries())
      setImmediate(() => {
        if (this.#response !== response_id) return;
        this.#peer.send(
          { type: 'response.output_audio_transcript.delta', ...of, delta },
          { type: 'response.output_audio.delta', ...of, delta: AUDIO },
        );
        if (i === REPLIES.split(' ').length - 1) this.#done(response_id, 'completed');
      });
  }

  #done(id: string, status: string): void {
    this.#response = undefined;
    this.#peer.send({ type: 'response.done', response: { id, status, output: [] } });
  }

  #name(what: string): string {
    this.#named += 1;
    return `${what}_${this.#named}`;
  }
}

speechConformance('OpenAI Realtime', async () => {
  const mood = new ServerMood();
  const clock = new VirtualClock();
  const models = new Map<RealtimePeer, Model>();
  const server = await realtimeLoopback(
    (peer, event) => {
      const [step] = mood.choose([{ do: 'answer' }]);
      if (step?.do === 'answer') models.get(peer)?.take(event);
    },
    (peer) => {
      models.set(peer, new Model(peer));
      peer.send({ type: 'session.created', session: {} });
    },
  );
  const engine = openAiRealtime({
    ...{ name: 'model', clock, model: 'm', baseURL: server.baseURL, connectMs: 1_000 },
    ...{ transcriptionModel: 'w', tools: [], maxConversations: LIMIT },
  });
  return {
    ...{ engine, limit: LIMIT, hears: HEARS, replies: REPLIES },
    crash() {
      for (const peer of server.peers) peer.terminate();
    },
    hang() {
      mood.hang();
      for (const peer of server.peers) peer.freeze();
    },
    async recover() {
      await mood.recover();
      await clock.advance(LONG_MS);
    },
    close: () => Promise.all([engine.close(), server.close()]),
  };
});
