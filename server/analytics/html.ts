import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './report.ts';

/** The page of `/inspect/report` in one file, with a report in it. `pages` is the folder of the built pages. */
export async function reportHtml(report: Report, pages: string): Promise<string> {
  const file = (name: string) => readFile(join(pages, 'inspect', 'report', name), 'utf8');
  const [html, script, style] = await Promise.all([
    file('index.html'),
    file('report.js'),
    file('report.css'),
  ]);
  // `<` begins an end tag, and nothing else of JSON can leave its element.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  const inlined = `<style>${style}</style>
    <script type="application/json" id="report">${data}</script>
    <script type="module">${script.replaceAll('</script', '<\\/script')}</script>`;
  return html
    .replace(/\s*<link rel="(?:icon|stylesheet)"[^>]*>/gu, '')
    .replace(/<script type="module" src="report.js"><\/script>/u, () => inlined);
}
