import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import * as z from 'zod';

/** A phone, a tablet, a laptop, in CSS pixels. */
const SIZES = [
  { width: 360, height: 740 },
  { width: 820, height: 1_180 },
  { width: 1_280, height: 800 },
] as const;
const SCHEMES = ['light', 'dark'] as const;

const faults = z.array(z.object({ kind: z.string(), where: z.string(), what: z.string() }));

export interface LayoutCheck {
  /** Draws the page's current state at each size, light and dark, and returns a line for each problem. */
  check(page: Page, state: string): Promise<readonly string[]>;
}

export interface LayoutCheckOptions {
  /** Folder for screenshots, which take longer than measuring. Default: none. */
  readonly pictures?: string | undefined;
  /** Selector for parts of the page that another test measures. */
  readonly except?: string;
}

/** Checks the drawn page with layout-check/, bundled into it. */
export async function layoutCheck({ pictures, except = '' }: LayoutCheckOptions): Promise<LayoutCheck> {
  if (pictures !== undefined) await mkdir(pictures, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./layout-check/measure.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'layoutCheck',
    logLevel: 'warning',
  });
  const script = outputFiles[0]?.text ?? '';
  return {
    async check(page, state) {
      const lines: string[] = [];
      const browser = await page.context().newCDPSession(page);
      for (const size of SIZES) {
        await page.setViewportSize(size);
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          // Two frames: one for the new layout, one for resize observers.
          await page.evaluate(
            'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
          );
          const found = faults.parse(
            await page.evaluate(`${script};layoutCheck.measure(${JSON.stringify({ except })})`),
          );
          const name = `${state}-${size.width}-${colorScheme}`;
          lines.push(...found.map(({ kind, where, what }) => `${name}: ${kind}: ${where}: ${what}`));
          if (pictures === undefined) continue;
          // Faster than playwright's own screenshot, which waits for fonts and hides the caret.
          const { data } = await browser.send('Page.captureScreenshot', {
            format: 'png',
            optimizeForSpeed: true,
          });
          await writeFile(join(pictures, `${name}.png`), data, 'base64');
        }
      }
      return lines;
    },
  };
}
