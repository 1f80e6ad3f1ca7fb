import { ensureBuilt } from '../../scripts/build.mjs';

/** Compiles the sources if they have changed: worker threads and the processes of tests run dist/. */
export default () => ensureBuilt({ checked: false });
