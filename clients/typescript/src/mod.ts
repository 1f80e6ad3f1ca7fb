/** What the package exports for every environment. */
export type { JsonObject } from '../../../machines/json.ts';
export type {
  ActionReport,
  ClientMessage,
  EndReason,
  HelloMessage,
  PublicState,
  ReadyMessage,
  ServerMessage,
  SettingsChange,
  Tool,
  TurnTimings,
} from '../../../machines/wire.ts';
export { type ActionCall, type ActionHandler, type ActionResult, Refused } from './actions.ts';
export type { Played, PlayedCause, PlayoutStats } from './audio/playout.ts';
export { type ClientEvents, type ClientOptions, ConnectionEnded, type DeviceTrouble } from './client.ts';
export type { Link, LinkChange } from './connection.ts';
export type { Heard } from './messages.ts';
