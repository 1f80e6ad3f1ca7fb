import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { hostLlm, hostStt, remoteLlm, remoteStt, type WorkOptions } from '../../actors/engine-rpc/mod.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { ask, type Ends, inProcessEnds, llm, natsEnds, never, readAll, stt } from './harness.ts';

/** What the tests of an engine share: two ends of a bus, and an engine and a session of their own for each test. */
function newRig() {
  const made = {
    ends: {} as Ends,
    name: '',
    session: '',
    get scope() {
      return { session: made.session, generation: 1 };
    },
    remote: (options?: Partial<WorkOptions>) =>
      remoteLlm(made.ends.client, made.ends.clock, made.name, made.scope, options),
    asked: (options?: Partial<WorkOptions>) => readAll(made.remote(options).reply(ask, never)),
    opened: (signal = never, options?: Partial<WorkOptions>) =>
      made.remote(options).reply(ask, signal)[Symbol.asyncIterator](),
    transcribed: (audio: AsyncIterable<Pcm<PipelineRate>>, language = 'en') => {
      const engine = remoteStt(made.ends.client, made.ends.clock, made.name, made.scope);
      return readAll(engine.transcribe(audio, { language }, never));
    },
    serve: async (engine: LlmEngine, options?: Partial<WorkOptions>) => {
      const host = hostLlm(made.ends.worker, made.ends.clock, engine, options);
      await made.ends.settle();
      return host;
    },
    /** Serves a language engine that replies like this. */
    answer: (reply: LlmEngine['reply'], options?: Partial<WorkOptions>) =>
      made.serve(llm(made.name, reply), options),
    /** Serves a recogniser that transcribes like this. */
    recognise: async (transcribe: Parameters<typeof stt>[1], options?: Partial<WorkOptions>) => {
      hostStt(made.ends.worker, made.ends.clock, stt(made.name, transcribe), options);
      await made.ends.settle();
    },
  };
  return made;
}

/** The same tests over the in-process bus and over NATS. */
export function overEachBus(what: string, tests: (rig: ReturnType<typeof newRig>) => void): void {
  let server: NatsServer;
  let unique = 0;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());
  describe.each([
    { over: 'the in-process bus', makeEnds: inProcessEnds },
    { over: 'NATS', makeEnds: () => natsEnds(server.url) },
  ])(`${what}, over $over`, ({ makeEnds }) => {
    const rig = newRig();
    beforeEach(async () => {
      unique++;
      rig.name = `engine-${unique}`;
      rig.session = `session-${unique}`;
      rig.ends = await makeEnds();
    });
    afterEach(() => rig.ends.close());
    tests(rig);
  });
}
