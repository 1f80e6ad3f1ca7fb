import type { SessionKernel } from '../../machines/kernel.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { isAmong } from '../../machines/policies/text.ts';
import type { Economy } from '../ports/economy.ts';

/** Whether words so far are reported. An overload leaves those that may interrupt a reply, wake the robot or stop it. */
export function wantedPartials(
  economy: Economy | undefined,
  { words }: SessionParameters,
  kernel: () => SessionKernel,
): (text: string, language: string) => boolean {
  return (text, language) =>
    economy?.partials !== false || kernel().state !== 'listening' || isAmong(text, words.halt, language);
}
