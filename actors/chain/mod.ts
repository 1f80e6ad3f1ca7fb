/** Several engines of a kind as one. See docs/how-to/engines.md. */
export { type ByLanguage, llmByLanguage, sttByLanguage, ttsByLanguage } from './by-language.ts';
export type { MemberHealth } from './chain.ts';
export type { AskReason, ChainEvent } from './events.ts';
export { chainLlm, type LlmChainOptions, type ReportsHealth } from './llm.ts';
export type { BreakerOptions, ChainOptions } from './options.ts';
export { chainStt, type SttChainOptions } from './stt.ts';
export { chainTts, type TtsChainOptions } from './tts.ts';
