import type { Clock } from '../../../machines/clock.ts';
import { detailOf, ParleyError } from '../../../machines/errors.ts';

/** How long the service is not asked again after a refusal that only its operator, or ours, can end, ms. */
export const REFUSED_MS = 300_000;
/** While one conversation tries again, the others wait, ms. */
const PROBE_MS = 10_000;
/** Statuses of a handshake that may be other ones in a moment. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 421, 423, 425, 429]);
/** Codes and types of errors that stay: key, quota, rights, model. */
const LASTING =
  /^(invalid_api_key|invalid_authentication|authentication_error|unauthorized|account_deactivated|insufficient_quota|billing_\w+|quota_exceeded|permission_(denied|error)|access_denied|forbidden|model_not_found|invalid_model|unsupported_model)$/u;
/** Close codes for a key or rights: of the standard, of OpenAI, and of servers that put an HTTP status behind a 4. */
const LASTING_CLOSES: ReadonlySet<number> = new Set([3000, 3003, 4001, 4003, 4401, 4402, 4403, 4404]);

/** What a service says with an error. */
export interface ServiceError {
  readonly code?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly message?: string | null | undefined;
}

export function lasts({ code, type }: ServiceError): boolean {
  return LASTING.test(code ?? '') || LASTING.test(type ?? '');
}

export function closedForGood(code: number): boolean {
  return LASTING_CLOSES.has(code);
}

/** Whether a handshake with this status fails again until something is changed. `body`: the service's words, if they could be read. */
export function refusedForGood(status: number, body: ServiceError): boolean {
  return lasts(body) || (status >= 300 && status < 500 && !PASSING.has(status));
}

/** Remembers a refusal that stays, for all conversations: one handshake in `REFUSED_MS`, not one for each session and retry. */
export class Refusals {
  readonly #clock: Clock;
  #last: { readonly error: ParleyError; readonly untilMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws the refusal again while it counts, with the first one as its cause. After that one caller may try; the others wait for what it learns. */
  check(): void {
    if (!this.#last) return;
    const { error: cause, untilMs } = this.#last;
    const nowMs = this.#clock.nowMs();
    const retryAfterMs = untilMs - nowMs;
    if (retryAfterMs <= 0) {
      this.#last = { error: cause, untilMs: nowMs + PROBE_MS };
      return;
    }
    throw new ParleyError(cause.code, detailOf(cause), { cause, retryAfterMs });
  }

  /** The service takes conversations again. */
  accepted(): void {
    this.#last = undefined;
  }

  /** The service has refused for good. Returns the error to report. */
  refused(detail: string): ParleyError {
    const minutes = REFUSED_MS / 60_000;
    const error = new ParleyError(
      'ENGINE_REQUEST',
      `${detail}; not asked again for ${minutes} minutes: check key, quota and model`,
      { retryAfterMs: REFUSED_MS },
    );
    this.#last = { error, untilMs: this.#clock.nowMs() + REFUSED_MS };
    return error;
  }
}
