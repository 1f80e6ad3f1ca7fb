import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as OnnxRuntime from 'onnxruntime-node';
import { ParleyError } from '../../machines/errors.ts';

const require = createRequire(import.meta.url);

/**
 * The packed files that come from other packages (scripts/vendor.mjs). `onnxruntime-node` downloads 300 MB of GPU
 * libraries at install on Linux, and fails without network; the packed copy has the CPU libraries and no script.
 */
const vendored = fileURLToPath(new URL('../../vendor/', import.meta.url));

/** Prevents ONNX Runtime (1.30) from writing a telemetry database and a log, and from sending them to Microsoft. It reads the environment of the process, which only the main thread can change, so call this there before the first thread starts.
 */
export function disableTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}

/** The packed ONNX Runtime, or the installed one if none is packed, as in a clone and on other platforms. */
export function loadOnnxRuntime(): typeof OnnxRuntime {
  disableTelemetry();
  const { platform, arch } = process;
  const packed = `${vendored}onnxruntime-node`;
  if (existsSync(`${packed}/bin/napi-v6/${platform}/${arch}`)) return require(packed);
  try {
    return require('onnxruntime-node');
  } catch (cause) {
    throw new ParleyError(
      'ENGINE_MISSING',
      `onnxruntime-node for ${platform}-${arch}; run \`npm install onnxruntime-node\``,
      { cause },
    );
  }
}

/** Path of a packed model, or undefined in a clone. */
export function vendoredFile(name: string): string | undefined {
  const packed = `${vendored}${name}`;
  return existsSync(packed) ? packed : undefined;
}
