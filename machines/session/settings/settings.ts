/** What the client changed in its live session. It applies from the next decision on. */
import type { SettingsChange } from '../../wire.ts';
import type { SessionContext, SessionInput } from '../context.ts';
import type { MachineEvent, Reducer } from '../effects.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { offerOf } from '../tools/offer.ts';

type InForce = Pick<SessionContext, 'input' | 'settings' | 'tools'>;
type Languages = Pick<SessionContext, 'settings'> & { readonly input: Pick<SessionInput, 'language'> };

/** The session's own language: as the client set it. A turn may be in another. */
export function ownLanguage({ input, settings }: Languages): string {
  return settings?.language ?? input.language;
}

/** The client's voice, if the reply is in the session's own language. Null: the engine's own. */
export function voiceOf(context: InForce, language: string): string | null {
  const { input, settings } = context;
  return language === ownLanguage(context) ? (settings?.voice ?? input.voice ?? null) : null;
}

/** What the language engine gets besides the conversation; empty members are absent. */
export interface LlmOffer extends Pick<SettingsChange, 'instructions' | 'tools' | 'toolChoice'> {
  /** How the calls end is known later, and a further request is about it. */
  readonly reported?: true;
}

export function llmOffer(context: InForce, looping = false): LlmOffer {
  const { instructions } = context.settings ?? {};
  const { tools, toolChoice } = offerOf(context);
  return {
    ...(instructions ? { instructions } : {}),
    ...(tools?.length ? { tools } : {}),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...((context.input.results || looping) && { reported: true }),
  };
}

/** Whether speech that the ear hears starts and ends turns. */
export function earTakesTurn({ settings }: Pick<SessionContext, 'settings'>): boolean {
  return settings?.turnDetection?.mode !== 'manual';
}

/** Whether speech that the ear hears interrupts a reply. */
export function earInterrupts(context: Pick<SessionContext, 'settings'>): boolean {
  return earTakesTurn(context) && context.settings?.turnDetection?.interrupt !== false;
}

/** Whether a transcript starts a reply. */
export function responds({ settings }: Pick<SessionContext, 'settings'>): boolean {
  return settings?.turnDetection?.respond !== false;
}

/** The settings after an event that changes them. */
export function settingsAfter({ settings }: Pick<SessionContext, 'settings'>, event: MachineEvent) {
  return event.type === 'settings' ? { settings: { ...settings, ...event.change } } : { settings };
}

/** A speculation was made for the old settings. */
export const changeSettings: Reducer = (context, event) => {
  if (event.type !== 'settings') return {};
  const changed = settingsAfter(context, event);
  const becomesManual = earTakesTurn(context) && !earTakesTurn(changed);
  const spoken = context.spoken !== undefined && event.change.language !== undefined;
  return withoutSpeculation(context, {
    patch: {
      ...changed,
      ...(spoken ? { spoken: undefined } : {}),
      ...(becomesManual ? { committedTo: event.sample } : {}),
    },
  });
};
