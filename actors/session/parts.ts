import { robotEventFault } from '../../machines/behaviour/check.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { type ErrorRecord, errorRecord, ParleyError } from '../../machines/errors.ts';
import { type JsonObject, parseJson } from '../../machines/json.ts';
import type { ClientEvent } from '../../machines/session/events.ts';
import { replyLanguage } from '../../machines/session/language/language.ts';
import type { SessionContext } from '../../machines/session/model.ts';
import type { SettingsChange } from '../../machines/wire.ts';
import { type CheckCall, checkedCall } from '../calls/call-check.ts';
import type { ActionPort } from '../ports/action.ts';
import type { IdentifyLanguage } from '../ports/language.ts';
import type { ToolSource } from '../ports/tools.ts';
import type { SessionDeps } from './deps.ts';

/** Why a client's new settings cannot be taken; undefined if they can. */
export function settingsRefusal(
  { language }: SettingsChange,
  supports: ((language: string) => boolean) | undefined,
): ErrorRecord | undefined {
  if (language === undefined || supports?.(language) !== false) return undefined;
  return errorRecord(new ParleyError('LANGUAGE_UNSUPPORTED', language), 'INTERNAL');
}

/** Why the behaviour cannot take an event of the robot; undefined if it can. */
export function eventRefusal(
  { name, data = {} }: { readonly name: string; readonly data?: JsonObject },
  behaviour: BehaviourProgram | undefined,
): ErrorRecord | undefined {
  const fault = behaviour
    ? robotEventFault(name, data, behaviour.definition)
    : 'this server has no behaviour (parley serve --behaviour FILE)';
  return fault === undefined
    ? undefined
    : errorRecord(new ParleyError('ROBOT_EVENT_INVALID', fault), 'INTERNAL');
}

/** Compares calls with the tools that are offered when they arrive. */
export function callCheck(
  {
    dialogTools = [],
    parameters,
    slowSchemaCheck,
  }: Pick<SessionDeps, 'dialogTools' | 'parameters' | 'slowSchemaCheck'>,
  context: () => Pick<SessionContext, 'settings' | 'tools'>,
): CheckCall {
  const { offered } = parameters.actions;
  const actions = dialogTools.filter(({ name }) => !offered || offered.includes(name));
  return (call) => {
    const { tools: servers = [], settings } = context();
    return checkedCall(call, { servers, clients: settings?.tools ?? [], actions }, slowSchemaCheck);
  };
}

/** Port to the robot that reports each action when it really begins. */
export function watchedActions(
  port: ActionPort,
  reported: boolean | undefined,
  onStart: (id: string) => void,
): ActionPort {
  return {
    async run(request, signal) {
      if (signal.aborted) throw new ParleyError('CANCELLED');
      onStart(request.id);
      return port.run(reported ? { ...request, reported } : request, signal);
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function jsonBytes(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The JSON in UTF-8 bytes; undefined if they are none. */
export function parsedBytes(bytes: Uint8Array): unknown {
  return parseJson(decoder.decode(bytes));
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Offers the server's tools, and again at each change. Returns how to stop that. */
export function offerTools(
  source: ToolSource | undefined,
  offer: (tools: ToolSource['tools']) => void,
): (() => void) | undefined {
  if (source && source.tools.length > 0) offer(source.tools);
  return source?.watch(() => offer(source.tools));
}

/** A typed turn with its language, if that is certain. */
export function withLanguage(
  event: ClientEvent,
  identify: IdentifyLanguage | undefined,
  context: SessionContext,
): ClientEvent {
  if (event.type !== 'text') return event;
  const language = identify?.(event.text, replyLanguage(context));
  return language === undefined ? event : { ...event, language };
}
