// Writes lab/transitions.md, every transition of the session's statechart and the paths that take it, and
// test/model/few-paths.json, the paths that every test run takes.
import { writeFileSync } from 'node:fs';
import { register } from 'tsx/esm/api';

register();
const { expectedPage, sessionPaths } = await import('../test/model/session-paths.ts');
const { chosenPaths } = await import('../test/model/few-paths.ts');
const generated = sessionPaths();
writeFileSync(new URL('../lab/transitions.md', import.meta.url), expectedPage(generated));
writeFileSync(new URL('../test/model/few-paths.json', import.meta.url), chosenPaths(generated.sessions));
