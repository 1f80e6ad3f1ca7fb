/** Engines over the bus: `host…` on the worker's side, `remote…` on the session's. See docs/reference/bus.md for the protocol. */
export type { EngineClients } from './engine-clients.ts';
export type { EngineHost } from './host.ts';
export { hostLlm, remoteLlm } from './llm.ts';
export type { WorkOptions } from './options.ts';
export { hasWorker } from './presence.ts';
export { cancelPayload, type RpcScope } from './protocol.ts';
export { hostStt, remoteStt } from './stt.ts';
export { hostTts, remoteTts } from './tts.ts';
