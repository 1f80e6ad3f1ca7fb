import { type ReadingParameters, readAloud } from '../../machines/policies/reading/mod.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';

/** Makes an engine take written words: it is given what is said of them, and its word marks are of the written ones. */
export function readingVoice(engine: TtsEngine, reading: ReadingParameters): TtsEngine {
  const read = (request: TtsRequest) => readAloud(request.text, request.language, reading);
  return {
    ...engine,
    readsItself: true,
    ...(engine.cached && {
      cached: (request) => engine.cached?.({ ...request, text: read(request).text }) ?? false,
    }),
    synthesize: (request, signal) => {
      const { text, originalOffset } = read(request);
      return marked(engine.synthesize({ ...request, text }, signal), originalOffset);
    },
  };
}

async function* marked(
  events: AsyncIterable<TtsEvent>,
  originalOffset: (offset: number) => number,
): AsyncGenerator<TtsEvent, void, void> {
  for await (const event of events) {
    if (event.type !== 'word') {
      yield event;
      continue;
    }
    const offset = originalOffset(event.offset);
    const end = originalOffset(event.offset + event.length);
    yield { ...event, offset, length: Math.max(0, end - offset) };
  }
}
