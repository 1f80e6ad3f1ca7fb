import { PIPELINE_RATE } from '../../../../machines/audio.ts';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './worklets/protocol.ts';

export interface MicrophoneEvents {
  /** 20 ms of PCM16 mono at 16 kHz, and its level (RMS, 0..1). */
  onFrame(pcm: ArrayBuffer, level: number): void;
  /** The device went away. */
  onLost(): void;
}

/** An open microphone. A client owns at most one. */
export class Microphone {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;

  private constructor(stream: MediaStream, context: AudioContext) {
    this.#stream = stream;
    this.#context = context;
  }

  /** Asks for the microphone; the browser cancels echo or not. Rejects with the browser's DOMException. */
  static async open(echoCancellation: boolean, events: MicrophoneEvents): Promise<Microphone> {
    if (!navigator.mediaDevices) throw new DOMException('insecure context', 'SecurityError');
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation, noiseSuppression: true, autoGainControl: true },
    });
    let context: AudioContext | undefined;
    try {
      const opened = await openSource(stream);
      context = opened.context;
      await context.audioWorklet.addModule(new URL('./worklet-capture.js', import.meta.url));
      const capture = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
        numberOfOutputs: 0,
        channelCount: 1,
        channelCountMode: 'explicit',
      });
      capture.port.onmessage = (event: MessageEvent<CaptureMessage>) =>
        events.onFrame(event.data.pcm, event.data.level);
      opened.source.connect(capture);
    } catch (error) {
      endTracks(stream);
      await context?.close();
      throw error;
    }
    for (const track of stream.getTracks()) track.addEventListener('ended', () => events.onLost());
    return new Microphone(stream, context);
  }

  /** A muted microphone keeps sending silence, so that the server still hears where speech ended. */
  set muted(muted: boolean) {
    for (const track of this.#stream.getTracks()) track.enabled = !muted;
  }

  async close(): Promise<void> {
    endTracks(this.#stream);
    await this.#context.close();
  }
}

/** At 16 kHz where the browser converts by itself, else at the device's rate: the capture worklet converts then. */
async function openSource(
  stream: MediaStream,
): Promise<{ context: AudioContext; source: MediaStreamAudioSourceNode }> {
  const context = new AudioContext({ sampleRate: PIPELINE_RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    await context.close();
    const native = new AudioContext();
    return { context: native, source: native.createMediaStreamSource(stream) };
  }
}

function endTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
