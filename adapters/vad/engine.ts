import type { VadEngine } from '../../actors/ports/vad.ts';
import { type SileroOptions, sileroVad } from './silero.ts';
import { type WebRtcVadOptions, webRtcVad } from './webrtc.ts';

/** As in the configuration: group `vad`. */
export interface VadOptions extends SileroOptions {
  /** Default silero. */
  readonly engine?: 'silero' | 'webrtc';
  readonly webrtc?: WebRtcVadOptions;
}

export function vadEngine({ engine = 'silero', webrtc, ...silero }: VadOptions = {}): VadEngine {
  return engine === 'webrtc' ? webRtcVad(webrtc) : sileroVad(silero);
}
