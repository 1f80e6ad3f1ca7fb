import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

export interface ChromiumOptions {
  /** A WAV file for the browser's fake microphone, played once from the moment a page opens it. */
  readonly microphoneWav?: string;
  /** Default 1280 × 800 CSS pixels. */
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** How long `until` waits for the page, in ms. */
const UNTIL_MS = 60_000;

/** Resolves with the first truthy value of the JavaScript `expression` in the page, evaluated before every repaint.
 * Unlike playwright's own `waitForFunction`, it works on pages whose security policy forbids `eval`.
 */
export async function until(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const givenUp = setTimeout(() => reject(new Error(${JSON.stringify(`never true in the page: ${expression}`)})), ${UNTIL_MS});
    const look = () => {
      const value = ${expression};
      if (!value) return void requestAnimationFrame(look);
      clearTimeout(givenUp);
      resolve(value);
    };
    look();
  })`);
}

/** Mutes the talk page's microphone, or unmutes it: so a test decides when its WAV is heard. */
export async function muted(page: Page, mute: boolean): Promise<void> {
  await until(page, `!document.querySelector('#mute').disabled`);
  await page.click('#mute');
  await until(page, `parley.microphone.muted === ${mute}`);
}

export interface RunningChromium {
  readonly page: Page;
  /** Ends the browser and removes its profile. */
  close(): Promise<void>;
}

/** Starts Debian's Chromium (or the one in the environment variable CHROMIUM) headless, with a new profile and a fake microphone that needs no permission. If it is missing, throws with how to install it.
 */
export async function launchChromium(options: ChromiumOptions = {}): Promise<RunningChromium> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `no Chromium at ${executablePath}: apt-get install chromium, or set CHROMIUM to its path`,
    );
  }
  const profile = await mkdtemp(join(tmpdir(), 'parley-chromium-'));
  const removeProfile = () => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      viewport: options.viewport ?? { width: 1280, height: 800 },
      colorScheme: options.colorScheme ?? 'light',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        '--autoplay-policy=no-user-gesture-required',
        ...(options.microphoneWav
          ? [`--use-file-for-fake-audio-capture=${options.microphoneWav}%noloop`]
          : []),
      ],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    return {
      page,
      async close() {
        await context.close();
        await removeProfile();
      },
    };
  } catch (error) {
    await removeProfile();
    throw error;
  }
}
