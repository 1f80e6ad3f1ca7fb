#!/usr/bin/env -S node --initial-old-space-size=96 --max-semi-space-size=8
// The flags: a server that talks makes much and keeps little. With V8's defaults it collects its whole heap of some 50 MB every
// second or two, and each time all sessions are late. `npm start` gives the same; an image for many sessions gives more
// (lab/memory.md).
// In a clone this makes the compiled output first; in an installed package it is there already.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// Threads keep about 10 MB each: they collect from 16 MB on.
for (const flag of ['--initial-old-space-size=16', '--min-semi-space-size=0', '--max-semi-space-size=0'])
  setFlagsFromString(flag);

const inClone = existsSync(new URL('../tsconfig.build.json', import.meta.url));
if (inClone) await (await import('../scripts/build.mjs')).ensureBuilt({ checked: false });
const { prepareSqlite } = await import('../native/prepare-sqlite.mjs');
await prepareSqlite();
await import(new URL('../dist/server/main.js', import.meta.url).href);
