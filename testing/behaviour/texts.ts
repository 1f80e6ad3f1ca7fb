/** The texts of a behaviour, and whether a user ever heard them. */
import type { ChartEffect } from '../../machines/behaviour/chart.ts';

export class Texts {
  /** Texts with the state that said them first. */
  readonly #queued = new Map<string, string>();
  readonly #heard: string[] = [];

  queued(at: string, effects: readonly ChartEffect[]): void {
    for (const effect of effects)
      for (const text of textsIn(effect))
        if (!this.#queued.has(text)) this.#queued.set(text, stateIn(effect) ?? at);
  }

  heard(texts: readonly string[]): void {
    for (const text of texts) if (text !== '' && !this.#heard.includes(text)) this.#heard.push(text);
  }

  neverHeard(): readonly { readonly at: string; readonly text: string }[] {
    return [...this.#queued].flatMap(([text, at]) => {
      const pattern = new RegExp(
        text
          .split(/\{[^}]*\}/u)
          .map(escaped)
          .join('.*'),
        'u',
      );
      return this.#heard.some((one) => pattern.test(one)) ? [] : [{ at, text }];
    });
  }
}

/** The state that invokes a part: its id is `0.robot.order.room`. */
function stateIn(effect: ChartEffect): string | undefined {
  return effect.type === 'begin' ? /^\d+\.[^.]+\.(.+)$/u.exec(effect.id)?.[1] : undefined;
}

/** Of several texts any counts: chance picks one. */
function textsIn(effect: ChartEffect): readonly string[] {
  const said =
    effect.type === 'effect' && effect.name === 'say'
      ? effect.params
      : effect.type === 'begin' && effect.part === 'say'
        ? effect.input
        : undefined;
  const text: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, 'text') : undefined;
  return typeof text === 'string' ? [text] : [];
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
