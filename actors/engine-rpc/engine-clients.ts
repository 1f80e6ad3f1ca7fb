import type { LlmEngine } from '../ports/llm.ts';
import type { SttEngine } from '../ports/stt.ts';
import type { TtsEngine } from '../ports/tts.ts';
import type { RpcScope } from './protocol.ts';

/** The engines of a session, reached through the bus. Cheap to make: one per request. */
export interface EngineClients {
  readonly stt: (scope: RpcScope) => SttEngine;
  readonly llm: (scope: RpcScope) => LlmEngine;
  readonly tts: (scope: RpcScope) => TtsEngine;
}
