/** Settings in force: the session's input, and what its client has changed since. */
import type { LlmOffer, MachineEvent, SessionContext, SessionInput } from '../model.ts';
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
