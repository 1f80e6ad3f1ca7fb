import type { LlmEngine } from '../../../actors/ports/llm.ts';
import type { SttEngine } from '../../../actors/ports/stt.ts';
import type { TtsEngine } from '../../../actors/ports/tts.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import type { Offer } from './info.ts';
import type { WyomingOptions } from './options.ts';

/** Names of the endpoint's sessions in metrics and logs. */
export const WYOMING = 'wyoming';
export const WYOMING_SATELLITE = 'wyoming-satellite';

/** What the services are made of, besides the door. */
export interface WyomingParts {
  readonly options: WyomingOptions;
  /** An engine for one request. */
  readonly engines: {
    readonly stt: () => SttEngine;
    readonly llm: () => LlmEngine;
    readonly tts: () => TtsEngine;
  };
  readonly offer: Offer;
  /** Network address of the client. Default: the server has dialled it. */
  readonly address?: string | undefined;
  /** Default language of a request. */
  readonly language: string;
  /** Default voice; without it, the engine's own. */
  readonly voice: string | undefined;
  /** How text is cut into pieces to speak. */
  readonly reply: SessionParameters['reply'];
  readonly reading: SessionParameters['reading'];
}
