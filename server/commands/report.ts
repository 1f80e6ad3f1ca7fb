import { Command, Option } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import { reportHtml } from '../analytics/html.ts';
import { readReport } from '../analytics/read.ts';
import { renderReport } from '../analytics/render.ts';
import { GROUPINGS, type Grouping } from '../analytics/report.ts';
import { packagedPages } from '../packaged-pages.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { withStore } from './data-store.ts';

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/** `parley report`: what the turns of this data directory took. */
export function reportCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('report').description('what turns took: times with percentiles and goals, rates, costs'),
    [
      'parley report',
      'parley report --since 24h --by engine',
      'parley report --since 2026-11-01 --by day --html > report.html',
    ],
  )
    .option('--since <when>', 'such as 24h, 7d or 2026-11-01', '30d')
    .addOption(new Option('--by <what>', 'a table for each').choices(GROUPINGS))
    .option('--json', 'as JSON')
    .option('--html', 'as a page with plots, in one file')
    .action(async (_options, command: Command) => {
      const { since, by, json, html } = command.opts<{
        since: string;
        by?: Grouping;
        json?: true;
        html?: true;
      }>();
      const from = sinceOf(since, Date.now());
      if (from === undefined) command.error(`error: --since accepts 24h, 7d or 2026-11-01, not '${since}'`);
      const report = await withStore(configOf(command).config.dataDir, ({ analytics }) =>
        readReport(analytics, from, by),
      );
      if (json) print(JSON.stringify(report, null, 2));
      else if (html) {
        const pages = packagedPages();
        if (pages === undefined) throw new ParleyError('INTERNAL', 'the pages are not built');
        print(await reportHtml(report, pages));
      } else print(renderReport(report));
    });
}

/** The time that `--since` means, ISO 8601; undefined if it means none. */
function sinceOf(text: string, nowMs: number): string | undefined {
  const [, count, unit = ''] = /^(\d+)([hd])$/u.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : nowMs - Number(count) * (UNITS[unit] ?? 0);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
