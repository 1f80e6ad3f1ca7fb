#!/usr/bin/env node
// In a clone this makes the compiled output first; in an installed package it is there already.
import { existsSync } from 'node:fs';

const inClone = existsSync(new URL('../tsconfig.build.json', import.meta.url));
if (inClone) await import('../scripts/prepare.mjs');
await import(new URL('../dist/server/main.js', import.meta.url).href);
