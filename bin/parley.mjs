#!/usr/bin/env node
// In a clone this makes the compiled output first; in an installed package it is there already.
import { existsSync } from 'node:fs';

const inClone = existsSync(new URL('../tsconfig.build.json', import.meta.url));
if (inClone) await import('../scripts/prepare.mjs');
const { main } = await import(new URL('../dist/server/cli.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
