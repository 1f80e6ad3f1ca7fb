/** Entry point for users' own tests: `parley-voice/testing`. Described in docs/how-to/test-your-robot.md. */
export { type Dialog, dialogActions, dialogReader, haltPhrases, parseDialog } from '../actors/dialog/mod.ts';
export { speexResampler } from '../adapters/audio/resampler.ts';
export { type BusUnderTest, busConformance, type TestRunner } from '../adapters/bus/conformance.ts';
export { type InProcessBusOptions, inProcessBus } from '../adapters/bus/in-process.ts';
export { type NatsBus, type NatsBusOptions, natsBus } from '../adapters/bus/nats.ts';
export {
  type Delivery,
  type ManualPump,
  manualPump,
  microtaskPump,
  type Pump,
} from '../adapters/bus/pump.ts';
export { type DialogLlmOptions, dialogLlm } from '../adapters/llm/dialog/dialog.ts';
export { type Clock, type TimerHandle, VirtualClock } from '../machines/clock.ts';
export { InvariantMonitor, type Violation } from '../machines/invariants.ts';
export type { EventSource, LogEntry } from '../machines/log.ts';
export { defaultParameters, type SessionParameters } from '../machines/parameters.ts';
export { Conversation, type ConversationOptions, type Heard, settle } from './conversation.ts';
export * from './eval/mod.ts';
export * from './loopback/mod.ts';
export * from './model/mod.ts';
export { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.ts';
export { type Divergence, replayLog } from './replay-log.ts';
export * from './scripted-engines.ts';
