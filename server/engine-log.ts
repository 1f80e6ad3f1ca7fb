import type { ChainEvent } from '../actors/chain/mod.ts';
import type { Logger } from './log.ts';
import type { PhraseProgress } from './phrases.ts';

/** Logs the events of the engine chains: problems for the operator as warnings, each request as trace. */
export function logEngineEvent(log: Logger, event: ChainEvent): void {
  const { kind, engine } = event;
  switch (event.type) {
    case 'warmed':
      log.debug({ kind, engine, ms: Math.round(event.ms) }, 'engine ready');
      return;
    case 'notWarmed':
      log.warn({ kind, engine, err: event.error }, `engine not ready: ${event.error.message}`);
      return;
    case 'failed':
      log.warn(
        { kind, engine, err: event.error, midway: event.midway },
        `engine failed: ${event.error.message}`,
      );
      return;
    case 'switched':
      log.warn({ kind, engine, from: event.from }, 'another engine goes on');
      return;
    case 'voiceUnknown':
      log.warn(
        { kind, engine, voice: event.voice, err: event.error },
        `unknown voice ${event.voice}: speaking in the default voice; request one that ${engine} has`,
      );
      return;
    case 'hedged':
      log.debug({ kind, engine, from: event.from, ms: Math.round(event.ms) }, 'another engine is asked too');
      return;
    case 'breaker':
      if (event.state === 'open') log.warn({ kind, engine, ms: event.ms }, 'engine left alone for a while');
      else log.info({ kind, engine }, event.state === 'closed' ? 'engine is well again' : 'engine is tried');
      return;
    case 'streaming':
      log.warn(
        { kind, engine },
        event.on ? 'engine streams again' : 'engine breaks off: waited for as a whole',
      );
      return;
    case 'asked':
      log.trace({ kind, engine, reason: event.reason }, 'engine asked');
      return;
    case 'firstByte':
      log.trace({ kind, engine, ms: Math.round(event.ms) }, 'engine answers');
  }
}

/** Logs the progress of the fixed phrases: after each quarter and at the end. */
export function phraseLog(log: Logger): (progress: PhraseProgress) => void {
  return (progress) => {
    const { ready, failed, total } = progress;
    const done = ready + failed;
    if (done === total) log.info({ ...progress }, 'phrases made ahead');
    else if (done % Math.ceil(total / 4) === 0) log.debug({ ...progress }, 'making phrases ahead');
  };
}
