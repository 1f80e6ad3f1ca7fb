/** The codec as a module of its own, `opus.js` beside `browser.js`. */
export { createDecoder, createEncoder } from 'libopus-wasm';
