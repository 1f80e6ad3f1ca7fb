/** Engine servers on 127.0.0.1 that speak real wire protocols from a script, for tests and benchmarks. */
export * from './edge-replies.ts';
export * from './edge-server.ts';
export * from './http-script.ts';
export * from './minimax-server.ts';
export * from './mp3.ts';
export * from './openai-replies.ts';
export * from './openai-server.ts';
export * from './outcome.ts';
export * from './rosbridge-server.ts';
export type { Sockets } from './sockets.ts';
export * from './strays.ts';
export * from './wav.ts';
export * from './wyoming-peer.ts';
