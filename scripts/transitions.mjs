// Writes docs/transitions.md: every transition of the session's statechart and the paths that take it.
import { writeFileSync } from 'node:fs';
import { register } from 'tsx/esm/api';

register();
const { expectedPage, sessionPaths } = await import('../test/model/session-paths.ts');
writeFileSync(new URL('../docs/transitions.md', import.meta.url), expectedPage(sessionPaths()));
