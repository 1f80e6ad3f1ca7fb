import { realClock } from '../adapters/real-clock.ts';
import { takeEngineCounts } from './analytics/worker-counts.ts';
import { makeBase } from './assembly/base.ts';
import { makeClientSide } from './assembly/client-side.ts';
import { type Closers, closeAll } from './assembly/closers.ts';
import { makeSessions } from './assembly/sessions.ts';
import { makeSpeech } from './assembly/speech.ts';
import { commandSession } from './door/peer-command.ts';
import { phraseLog } from './engine-log.ts';
import { engineSources } from './engine-sources.ts';
import { warmSpeechModel } from './engines.ts';
import { failoverUrl } from './failover/open.ts';
import { withLanguages } from './languages.ts';
import { warmWhenThere } from './late-engines.ts';
import type { ServeOptions, Server } from './serve-options.ts';

/** Starts a server as configured: bus, engines, store and door. If something fails, closes what was started. */
export async function serve(options: ServeOptions): Promise<Server> {
  const closers: Closers = [];
  try {
    const config = withLanguages(options.config, !options.parts?.engines);
    return await assemble({ ...options, config }, closers);
  } catch (error) {
    // The start's own error is the one to report.
    await closeAll(closers).catch((closing) =>
      options.log.warn({ err: closing }, 'a part could not be closed'),
    );
    throw error;
  }
}

async function assemble(options: ServeOptions, closers: Closers): Promise<Server> {
  const { log, onProgress = () => {} } = options;
  const base = await makeBase(options, closers);
  const { bus, stores, readiness, inspector } = base;
  const speech = await makeSpeech(base);
  const { engines, vad, hosted, governor } = speech;
  let warm = false;
  readiness.add(() => (warm ? [] : ['the speech engines are being loaded']));
  const { front, continuing, loads } = await makeClientSide(base, speech, await makeSessions(base, speech));
  const { door } = front;
  const sources = engineSources(engines);
  stores.meter?.engines.read(sources.connections ?? (() => []));
  if (stores.meter) takeEngineCounts(bus, stores.meter.engines);
  base.metrics?.read({
    door: () => door.stats(),
    bus,
    degradation: () => governor.stats(),
    ...(options.config.bus.natsUrl !== undefined && { loads }),
    ...(stores.stats && { store: stores.stats }),
    ...(stores.outbox && { outbox: stores.outbox }),
    ...sources,
  });
  const { url, port, inner } = await front.listen();
  base.failover?.reachableAt(failoverUrl(options, url));
  closers.push(async () => {
    await inspector?.close();
    await door.drain();
    await front.close();
  });
  onProgress('loading the speech engines');
  const closing = new AbortController();
  closers.push(async () => closing.abort());
  const late = { clock: realClock, log, readiness, signal: closing.signal };
  await Promise.all([
    vad.warm?.(),
    ...[engines.stt, engines.llm, engines.tts].map((engine) => warmWhenThere(engine, late)),
    engines.speech && warmSpeechModel(engines.speech, options.config.language),
  ]);
  warm = true;
  await options.siblings?.ready({
    ...{
      continuing,
      failover: base.failover,
      url: inner,
      accept: front.accept,
      lateMs: () => base.loop.medianMs(),
      onUnknown: (type) => log.warn({ type }, 'an unknown message of the supervisor is ignored'),
    },
  });
  void engines.preparePhrases?.(phraseLog(log), () => hosted.busy() || governor.degraded);
  let closed: Promise<void> | undefined;
  return {
    url,
    port,
    bus,
    store: stores.store,
    stats: () => door.stats(),
    sessions: () => door.list(),
    say: (session, text) => commandSession(door, session, { type: 'respond', say: text }),
    event: (session, name, data) =>
      commandSession(door, session, { type: 'event', name, ...(data && { data }) }),
    engineStats: () => engines.stats?.(),
    setFlags: (shares) => base.flags.set(shares),
    drain: (graceMs) => door.drain(graceMs),
    leave: (graceMs) => door.drain(graceMs, true),
    close: () => {
      closed ??= closeAll(closers);
      return closed;
    },
  };
}
