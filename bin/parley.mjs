#!/usr/bin/env -S node --initial-old-space-size=256 --min-semi-space-size=16 --max-semi-space-size=32
// The flags: a server that talks makes much and keeps little. With V8's defaults it collects its whole heap of some 40 MB every
// second or two, and each time all sessions are late (lab/profile.md). `npm start` gives the same.
// In a clone this makes the compiled output first; in an installed package it is there already.
import { existsSync } from 'node:fs';

const inClone = existsSync(new URL('../tsconfig.build.json', import.meta.url));
if (inClone) await (await import('../scripts/build.mjs')).ensureBuilt({ checked: false });
const { prepareSqlite } = await import('../native/prepare-sqlite.mjs');
await prepareSqlite();
await import(new URL('../dist/server/main.js', import.meta.url).href);
