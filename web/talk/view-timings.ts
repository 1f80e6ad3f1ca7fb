import type { TurnTimings } from '../../machines/wire.ts';
import { byId, element } from './elements.ts';

const STAGES: readonly (readonly [keyof TurnTimings, string])[] = [
  ['endpoint', 'End of speech noticed'],
  ['stt', 'Speech to text'],
  ['recall', 'Memory'],
  ['llmFirstToken', 'First word of the reply'],
  ['firstSegment', 'First words to speak'],
  ['ttsFirstAudio', 'First sound made'],
  ['firstFrame', 'First sound sent'],
  ['firstAudio', 'Silence before the reply'],
  ['firstPlayed', 'From there to the loudspeaker'],
  ['filler', 'Silence before a filler'],
];

/** Stages of the silence before the last reply; hidden until a reply was measured. */
export class TimingsView {
  readonly #box = byId('timings-box', HTMLDetailsElement);
  readonly #list = byId('timings', HTMLElement);

  show(timings: TurnTimings | undefined): void {
    const rows = STAGES.flatMap(([stage, label]) => {
      const ms = timings?.[stage];
      const className = stage === 'firstAudio' ? 'total' : '';
      if (ms === undefined) return [];
      return [element('dt', className, label), element('dd', className, `${Math.round(ms)} ms`)];
    });
    this.#list.replaceChildren(...rows);
    this.#box.hidden = rows.length === 0;
  }
}
